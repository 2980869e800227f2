//! Keys that are named on the command line: those that sign, and those that are trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Exit;
use super::console::Console;
use super::operator;
use crate::session::plain_world;
use crate::signing::{PrivateKey, Signer, Trusted, trusted};
use crate::world::live::Operator;

/// What a key of the ssh agent begins with.
const AGENT: &str = "agent:";

/// The signer that `--sign` or `--key` of `gate attest` names.
pub(super) async fn signer(
    named: &str,
    operator: &Operator,
    console: &Console,
) -> Result<Signer, Exit> {
    if let Some(wanted) = named.strip_prefix(AGENT) {
        let world = Arc::new(plain_world(operator));
        return Signer::of_agent(world, wanted)
            .await
            .map_err(|error| console.fail(Exit::Usage, &error.to_string()));
    }
    let refuse = |why: String| console.fail(Exit::Usage, &format!("key `{named}`: {why}"));
    let file = operator::key_file(Path::new(named)).map_err(|error| refuse(error.to_string()))?;
    let key = PrivateKey::from_pem(&file.text).map_err(|error| refuse(error.to_string()))?;
    if file.others_can_read {
        console.note(&format!(
            "warning: others on this machine can read `{named}`\n  → `chmod 600 {}`",
            crate::model::quoted(named)
        ));
    }
    Ok(Signer::Key(key))
}

/// The same of an option that may be left out.
pub(super) async fn of_run(
    named: Option<&str>,
    operator: &Operator,
    console: &Console,
) -> Result<Option<Signer>, Exit> {
    match named {
        Some(named) => signer(named, operator, console).await.map(Some),
        None => Ok(None),
    }
}

/// The keys of all files that `--key` of `gate verify` names.
pub(super) fn trusted_keys(files: &[PathBuf], console: &Console) -> Result<Trusted, Exit> {
    let mut all = Trusted::default();
    for file in files {
        let refuse =
            |why: String| console.fail(Exit::Usage, &format!("key `{}`: {why}", file.display()));
        let read = operator::key_file(file).map_err(|error| refuse(error.to_string()))?;
        all.keys
            .extend(trusted(&read.text).map_err(|error| refuse(error.to_string()))?);
    }
    Ok(all)
}
