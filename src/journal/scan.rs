//! Checks a journal's lines: each one's sum, the chain, and whether the last one is torn. Pure.

use std::panic::resume_unwind;
use std::path::Path;

use serde_json::Value;

use super::record::decode;
use super::{FORMAT, JournalError, Line, NO_PREVIOUS, Record};

/// The whole lines of a journal, checked.
pub(crate) struct Scanned {
    pub(crate) lines: Vec<Line>,
    /// `sum` of the last whole line.
    pub(crate) head: String,
    /// Bytes of all whole lines.
    pub(crate) length: u64,
    /// Bytes behind them.
    pub(crate) torn: u64,
}

/// Checks each line and the chain. What follows the last line's end is torn, not damaged: a
/// process that dies while it writes leaves exactly that.
pub(crate) fn scan(bytes: &[u8], path: &Path) -> Result<Scanned, JournalError> {
    let scanned = scan_from(bytes, 0, NO_PREVIOUS)?;
    if scanned.lines.is_empty() {
        return Err(JournalError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(scanned)
}

/// Checks lines that follow a record with the sum `head`. Earlier lines affect them only through
/// this sum.
fn scan_from(bytes: &[u8], first: u64, head: &str) -> Result<Scanned, JournalError> {
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let mut scanned = Scanned {
        lines: Vec::new(),
        head: head.to_owned(),
        length: end as u64,
        torn: (bytes.len() - end) as u64,
    };
    let whole = bytes[..end].split_inclusive(|byte| *byte == b'\n');
    let lines: Vec<&[u8]> = whole.map(|line| &line[..line.len() - 1]).collect();
    if let (0, Some(line)) = (first, lines.first()) {
        check_format(line)?;
    }
    scanned.lines.reserve(lines.len());
    for (seq, decoded) in (first..).zip(decoded(&lines, end)) {
        let (line, sum) = check(seq, decoded, &scanned.head)?;
        scanned.lines.push(line);
        scanned.head = sum;
    }
    Ok(scanned)
}

/// A line with its sum, or why it is none.
type Decoded = Result<(Line, String), String>;

/// Reads lines, each for itself.
fn decoded(lines: &[&[u8]], bytes: usize) -> Vec<Decoded> {
    on_all_cores(lines, bytes, |line| decode(line))
}

/// Looks at each item for itself, in their order; when there is much, on all cores.
pub(crate) fn on_all_cores<T: Sync, R: Send>(
    items: &[T],
    bytes: usize,
    look: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    /// Fewer bytes are read sooner than a thread is started.
    const MANY: usize = 64 * 1024;
    let look = &look;
    let all = move |items: &[T]| items.iter().map(look).collect::<Vec<R>>();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let parts = cores.min(bytes / MANY);
    if parts < 2 || items.is_empty() {
        return all(items);
    }
    std::thread::scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(parts));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || all(part))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

fn check(seq: u64, decoded: Decoded, head: &str) -> Result<(Line, String), JournalError> {
    let (line, sum) = decoded.map_err(|why| JournalError::damaged(seq, why))?;
    if line.prev != head {
        return Err(JournalError::damaged(
            seq,
            "it does not follow the record before it",
        ));
    }
    if line.seq != seq {
        let why = format!("it says it is record {}", line.seq);
        return Err(JournalError::damaged(seq, why));
    }
    if matches!(line.record, Record::Header(_)) != (seq == 0) {
        return Err(JournalError::damaged(
            seq,
            "a header is the first record, and only that",
        ));
    }
    Ok((line, sum))
}

/// A later format may look like anything behind its number, so that is read first.
fn check_format(first: &[u8]) -> Result<(), JournalError> {
    let format = serde_json::from_slice::<Value>(first)
        .ok()
        .and_then(|line| {
            line.pointer("/record/header/format")
                .and_then(Value::as_u64)
        });
    match format {
        Some(found) if !(1..=u64::from(FORMAT)).contains(&found) => {
            Err(JournalError::UnknownFormat {
                found,
                readable: FORMAT,
            })
        }
        // Without a number it is not a header: `decode` reports what it is.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::{BLOB_LIMIT, GateRef, Header, encode};
    use super::*;
    use crate::model::SubtaskId;

    /// 200 lines with their ends, and the sum before each.
    fn two_hundred() -> Vec<(Vec<u8>, String)> {
        let header = Header {
            asked: crate::model::Asked::default(),
            blob_limit: BLOB_LIMIT,
            reports: 1,
            format: FORMAT,
            run: "r".into(),
            gate: GateRef {
                name: "g".into(),
                sha256: String::new(),
                templates: BTreeMap::new(),
            },
            parameters: BTreeMap::new(),
            tools: BTreeMap::new(),
            version: "1".into(),
            flake: None,
            circumstances: None,
            started: Timestamp::UNIX_EPOCH,
            plan: Vec::new(),
        };
        let intent = |seq: u64| Record::Intent {
            by: SubtaskId::new("T001"),
            n: u32::try_from(seq).unwrap(),
            open: Vec::new(),
            strand: None,
            effect: serde_json::json!({"effect": "now", "ü": seq}).into(),
        };
        let (mut lines, mut head) = (Vec::new(), NO_PREVIOUS.to_owned());
        let mut header = Some(Record::Header(Box::new(header)));
        for seq in 0..200 {
            let record = header.take().unwrap_or_else(|| intent(seq));
            let (line, sum) = encode(seq, &head, &record).unwrap();
            let before = std::mem::replace(&mut head, sum);
            lines.push((format!("{line}\n").into_bytes(), before));
        }
        lines
    }

    #[test]
    fn every_byte_of_200_records_flipped_in_turn_is_detected_or_torn() {
        let lines = two_hundred();
        let (mut tried, mut torn) = (0, 0);
        for (seq, (line, head)) in (0u64..).zip(&lines) {
            let next = lines.get(usize::try_from(seq).unwrap() + 1);
            let follows = next.map(|(line, _)| line.as_slice()).unwrap_or_default();
            for at in 0..line.len() {
                let mut bytes = [line, follows].concat();
                bytes[at] ^= 1 << (at % 8);
                tried += 1;
                match scan_from(&bytes, seq, head) {
                    Err(JournalError::Damaged { record, .. }) => {
                        assert_eq!(record, seq, "byte {at}");
                    }
                    Err(JournalError::UnknownFormat { .. }) => assert_eq!(seq, 0),
                    Err(error) => panic!("record {seq}, byte {at}: {error}"),
                    Ok(scanned) => {
                        // Only the very last line end is missing: then that line is torn, and
                        // ignored.
                        assert!(next.is_none() && at == line.len() - 1, "{seq}, {at}");
                        assert!(scanned.lines.is_empty());
                        torn += 1;
                    }
                }
            }
        }
        assert!(tried > 40_000 && torn == 1, "{tried} {torn}");
    }

    #[test]
    fn cut_at_every_byte_of_200_records_all_whole_ones_are_left() {
        for (seq, (line, head)) in (0u64..).zip(&two_hundred()) {
            for length in 0..line.len() {
                let scanned = scan_from(&line[..length], seq, head).unwrap();
                assert!(scanned.lines.is_empty());
                assert_eq!((scanned.length, scanned.torn), (0, length as u64));
            }
            assert_eq!(scan_from(line, seq, head).unwrap().lines.len(), 1);
        }
    }
}
