//! Drains one pipe of a program: through the redactor into a log file, with the last part kept in
//! memory and the digest of the whole.
//!
//! Large amounts of redacted output are digested and written by another thread, so that a program
//! that prints a lot waits only for the slower of the two.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::{plain, platform};
use crate::store::hex;
use crate::world::redact::{Redactor, Scope, Stream};
use crate::world::{Captured, Place, WorldError};

/// How much of a stream is kept in memory, in bytes.
pub(super) const KEPT: usize = 1024 * 1024;
/// How long a pipe is read after the program has ended: orphaned child processes may hold the other
/// end open for ever.
const AFTER_END: Duration = Duration::from_millis(500);
/// Most of one read.
const PIECE: usize = 256 * 1024;
/// Amount that is written without a thread of its own, in bytes: nearly every program prints less.
const LITTLE: u64 = 1024 * 1024;
/// Pieces that wait for the other thread at most.
const WAITING: usize = 4;

/// Where a stream goes.
pub(super) struct Drain {
    stream: Stream,
    to: To,
}

/// Who digests and writes.
enum To {
    Here(Box<Sink>),
    Beside(mpsc::Sender<Vec<u8>>, JoinHandle<Sink>),
}

/// What is done with a stream once it is redacted.
struct Sink {
    log: Log,
    tail: Tail,
    digest: Sha256,
    bytes: u64,
    failed: Option<WorldError>,
}

/// The log file, created with the first byte: below the run's directory, never through a link.
struct Log {
    run: Utf8PathBuf,
    place: Place,
    file: Option<File>,
}

/// The last chunks, of which at least [`KEPT`] bytes are kept.
#[derive(Default)]
struct Tail {
    pieces: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Drain {
    pub(super) fn new(redactor: &Arc<Redactor>, run: Utf8PathBuf, place: Place) -> Self {
        Self {
            stream: redactor.stream(Scope::Everything),
            to: To::Here(Box::new(Sink::new(run, place))),
        }
    }

    /// Reads to the end of the pipe, or a little longer than until `ended` says so.
    pub(super) async fn all<R: AsyncRead + AsFd + Unpin>(
        mut self,
        pipe: Option<R>,
        mut ended: watch::Receiver<bool>,
    ) -> Result<Captured, WorldError> {
        if let Some(mut pipe) = pipe {
            let late = async {
                // A dropped sender means the end as well.
                let _gone = ended.wait_for(|ended| *ended).await.is_err();
                tokio::time::sleep(AFTER_END).await;
            };
            tokio::select! {
                biased;
                () = self.read(&mut pipe) => {}
                () = late => {}
            }
        }
        self.finish().await
    }

    async fn read<R: AsyncRead + AsFd + Unpin>(&mut self, pipe: &mut R) {
        loop {
            // Room is made before reading: whatever ends this loses nothing.
            let Some(room) = self.to.room().await else {
                return;
            };
            // An error of the pipe is its end: nothing more can be read.
            let Ok(count @ 1..) = pipe.read(self.stream.room(room.piece())).await else {
                return;
            };
            let mut clean = Vec::new();
            self.stream.pushed(count, &mut clean);
            room.take(clean);
            if self.to.beside_when_much() {
                platform::widen(pipe);
            }
        }
    }

    async fn finish(mut self) -> Result<Captured, WorldError> {
        let mut clean = Vec::new();
        self.stream.finish(&mut clean);
        if let Some(room) = self.to.room().await {
            room.take(clean);
        }
        match self.to {
            To::Here(sink) => sink.captured(),
            To::Beside(pieces, thread) => {
                drop(pieces);
                thread
                    .await
                    .map_err(|_stopped| WorldError::Interrupted)?
                    .captured()
            }
        }
    }
}

/// Room for one piece.
enum Room<'a> {
    Here(&'a mut Sink),
    Beside(mpsc::Permit<'a, Vec<u8>>),
}

impl Room<'_> {
    /// How much to read at once: a program that prints little needs no large buffer, and allocating
    /// one takes longer than most programs' whole output.
    fn piece(&self) -> usize {
        match self {
            Self::Here(sink) if sink.bytes == 0 => PIECE / 64,
            Self::Here(_) => PIECE / 4,
            Self::Beside(_) => PIECE,
        }
    }

    fn take(self, clean: Vec<u8>) {
        match self {
            Self::Here(sink) => sink.take(clean),
            Self::Beside(permit) => permit.send(clean),
        }
    }
}

impl To {
    /// Waits for a buffer; none if the other thread has ended.
    async fn room(&mut self) -> Option<Room<'_>> {
        match self {
            Self::Here(sink) => Some(Room::Here(sink)),
            Self::Beside(pieces, _) => pieces.reserve().await.ok().map(Room::Beside),
        }
    }

    /// Moves to another thread once there is much output; returns whether it has.
    fn beside_when_much(&mut self) -> bool {
        let Self::Here(sink) = self else {
            return false;
        };
        if sink.bytes < LITTLE {
            return false;
        }
        let (pieces, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let empty = Sink::new(sink.log.run.clone(), sink.log.place.clone());
        let mut sink = std::mem::replace(&mut **sink, empty);
        let thread = tokio::task::spawn_blocking(move || {
            while let Some(piece) = waiting.blocking_recv() {
                sink.take(piece);
            }
            sink
        });
        *self = Self::Beside(pieces, thread);
        true
    }
}

impl Sink {
    fn new(run: Utf8PathBuf, place: Place) -> Self {
        Self {
            log: Log {
                run,
                place,
                file: None,
            },
            tail: Tail::default(),
            digest: Sha256::new(),
            bytes: 0,
            failed: None,
        }
    }

    fn take(&mut self, clean: Vec<u8>) {
        if clean.is_empty() {
            return;
        }
        self.digest.update(&clean);
        self.bytes += clean.len() as u64;
        // After a failure the pipe is still drained, so that the program can end.
        if self.failed.is_none()
            && let Err(error) = self.log.write(&clean)
        {
            self.failed = Some(super::common::file_error(
                "write",
                self.log.place.as_str(),
                &error,
            ));
        }
        self.tail.take(clean);
    }

    fn captured(self) -> Result<Captured, WorldError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut tail = self.tail.text();
        let truncated = self.bytes > tail.len() as u64;
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

impl Tail {
    fn take(&mut self, piece: Vec<u8>) {
        self.bytes += piece.len();
        match self.pieces.back_mut() {
            // Small chunks are joined: each comes in a buffer that is larger than it.
            Some(last) if last.len() + piece.len() <= PIECE => last.extend_from_slice(&piece),
            _ => self.pieces.push_back(piece),
        }
        while let Some(first) = self.pieces.front()
            && self.bytes - first.len() >= KEPT
        {
            self.bytes -= first.len();
            self.pieces.pop_front();
        }
    }

    /// The last bytes, at most [`KEPT`].
    fn text(self) -> Vec<u8> {
        let over = self.bytes.saturating_sub(KEPT);
        let mut text = Vec::with_capacity(self.bytes);
        for piece in self.pieces {
            text.extend(piece);
        }
        text.drain(..over);
        text
    }
}

impl Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            let below = self.place.as_str().strip_prefix(Place::RUN);
            let below = below.map(|below| Utf8Path::new(below.trim_start_matches('/')));
            self.file = Some(plain::create_below(
                &self.run,
                below.unwrap_or(Utf8Path::new("")),
            )?);
        }
        match self.file.as_mut() {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }
}
