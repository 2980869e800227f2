//! The operator's ssh agent, over its socket. Only public data is sent and received.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::Operator;
use crate::world::WorldError;

/// Time limit: somebody may have to confirm a signature, or touch a token.
const LIMIT: Duration = Duration::from_mins(2);

/// The largest response that OpenSSH's own programs accept.
const LARGEST: u32 = 256 * 1024;

/// Sends one message, in base64, and returns the response, in base64.
pub(super) async fn ask(operator: &Operator, message: &str) -> Result<String, WorldError> {
    let failed = |timed_out, reason: String| WorldError::NoAnswer {
        url: "the ssh agent".to_owned(),
        timed_out,
        reason,
    };
    let Some(socket) = operator.var("SSH_AUTH_SOCK") else {
        let reason = "SSH_AUTH_SOCK is not set; `eval $(ssh-agent)` starts one, `ssh-add` fills it";
        return Err(failed(false, reason.to_owned()));
    };
    let message = STANDARD.decode(message);
    let message = message.map_err(|error| failed(false, error.to_string()))?;
    match tokio::time::timeout(LIMIT, exchange(socket, &message)).await {
        Ok(Ok(answer)) => Ok(STANDARD.encode(answer)),
        Ok(Err(error)) => Err(failed(false, error.to_string())),
        Err(_) => Err(failed(true, format!("within {} s", LIMIT.as_secs()))),
    }
}

/// One message and its response, each preceded by its length.
async fn exchange(socket: &str, message: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_u32(length).await?;
    stream.write_all(message).await?;
    let length = stream.read_u32().await?;
    if length > LARGEST {
        return Err(io::Error::other(format!("its answer has {length} bytes")));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
