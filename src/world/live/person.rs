//! The person at the terminal. Asks in one line, reads one line; never answers on somebody's
//! behalf.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use crate::world::AskPerson;

/// The longest input that is read, in bytes.
const LONGEST: u64 = 1024;

/// What was typed; none if there is no terminal, or nobody answers in time.
pub(super) async fn ask(asked: &AskPerson) -> Option<String> {
    let question: String = asked
        .question
        .chars()
        .filter(|letter| !letter.is_control())
        .collect();
    let typed = tokio::task::spawn_blocking(move || typed(&question));
    tokio::time::timeout(asked.limit, typed).await.ok()?.ok()?
}

fn typed(question: &str) -> Option<String> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .ok()?;
    write!(terminal, "\n{question}").ok()?;
    terminal.flush().ok()?;
    let mut line = String::new();
    let mut reader = BufReader::new(std::io::Read::take(terminal, LONGEST));
    reader.read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}
