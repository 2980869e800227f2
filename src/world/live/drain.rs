//! Drains one pipe of a program: through the redactor into a log file, with the end kept in
//! memory and the digest of the whole.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::watch;

use crate::world::redact::{Redactor, Scope, Stream};
use crate::world::{Captured, Place, WorldError};

/// How much of a stream is kept in memory, in bytes.
pub(super) const KEPT: usize = 1024 * 1024;
/// How long a pipe is read on after the program has ended: what it left behind may hold the
/// other end for ever.
const AFTER_END: Duration = Duration::from_millis(500);
/// Size of one read.
const PIECE: usize = 64 * 1024;

/// Where a stream goes.
pub(super) struct Drain {
    stream: Stream,
    log: Log,
    tail: VecDeque<u8>,
    digest: Sha256,
    bytes: u64,
    failed: Option<WorldError>,
}

/// The log file, made with the first byte.
struct Log {
    path: Utf8PathBuf,
    place: Place,
    file: Option<File>,
}

impl Drain {
    pub(super) fn new(redactor: &Arc<Redactor>, path: Utf8PathBuf, place: Place) -> Self {
        Self {
            stream: redactor.stream(Scope::Everything),
            log: Log {
                path,
                place,
                file: None,
            },
            tail: VecDeque::new(),
            digest: Sha256::new(),
            bytes: 0,
            failed: None,
        }
    }

    /// Reads to the end of the pipe, or a little longer than until `ended` says so.
    pub(super) async fn all<R: AsyncRead + Unpin>(
        mut self,
        pipe: Option<R>,
        mut ended: watch::Receiver<bool>,
    ) -> Result<Captured, WorldError> {
        if let Some(mut pipe) = pipe {
            let late = async {
                // A sender that is gone means the end as well.
                let _gone = ended.wait_for(|ended| *ended).await.is_err();
                tokio::time::sleep(AFTER_END).await;
            };
            tokio::select! {
                biased;
                () = self.read(&mut pipe) => {}
                () = late => {}
            }
        }
        self.finish()
    }

    async fn read<R: AsyncRead + Unpin>(&mut self, pipe: &mut R) {
        let mut piece = vec![0; PIECE];
        let mut clean = Vec::new();
        // An error of the pipe is its end: there is nothing more to be had from it.
        while let Ok(count @ 1..) = pipe.read(&mut piece).await {
            clean.clear();
            self.stream.push(&piece[..count], &mut clean);
            self.take(&clean);
        }
    }

    fn take(&mut self, clean: &[u8]) {
        if clean.is_empty() {
            return;
        }
        self.digest.update(clean);
        self.bytes += clean.len() as u64;
        self.tail.extend(&clean[clean.len().saturating_sub(KEPT)..]);
        let over = self.tail.len().saturating_sub(KEPT);
        self.tail.drain(..over);
        // After a failure the pipe is still drained, so that the program can come to its end.
        if self.failed.is_none()
            && let Err(error) = self.log.write(clean)
        {
            self.failed = Some(super::file_error("write", self.log.place.as_str(), &error));
        }
    }

    fn finish(mut self) -> Result<Captured, WorldError> {
        let mut clean = Vec::new();
        self.stream.finish(&mut clean);
        self.take(&clean);
        if let Some(error) = self.failed {
            return Err(error);
        }
        let truncated = self.bytes > self.tail.len() as u64;
        let mut tail = Vec::from(self.tail);
        if truncated {
            let letter_starts = |byte: &u8| byte & 0b1100_0000 != 0b1000_0000;
            let start = tail.iter().position(letter_starts).unwrap_or(0);
            tail.drain(..start);
        }
        Ok(Captured {
            text: match String::from_utf8(tail) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            },
            truncated,
            bytes: self.bytes,
            sha256: hex(&self.digest.finalize()),
            log: self.log.file.map(|_| self.log.place),
        })
    }
}

impl Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            if let Some(directory) = self.path.parent() {
                std::fs::create_dir_all(directory)?;
            }
            self.file = Some(File::create_new(&self.path)?);
        }
        match self.file.as_mut() {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ok = write!(text, "{byte:02x}");
    }
    text
}
