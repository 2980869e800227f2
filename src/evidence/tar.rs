//! The one dialect of tar that bundles are written in, and the only one that is read: plain
//! files with fixed owner, time and mode; long names in a `path` record. No links, no devices,
//! no directories, no sparse files.

use std::io::{self, Read};

use super::EvidenceError;
use super::names::{LONGEST, checked};

/// Size of a header, and what file contents are padded to.
pub(crate) const UNIT: u64 = 512;

/// Largest size in eleven octal digits.
const OCTAL_LIMIT: u64 = 1 << 33;

/// The bytes before a file's content.
pub(crate) fn header(name: &str, size: u64) -> Result<Vec<u8>, EvidenceError> {
    checked(name)?;
    let mode = if name.rsplit('/').next() == Some("verify.sh") {
        0o755
    } else {
        0o644
    };
    let mut bytes = Vec::new();
    if name.len() > 100 {
        let record = path_record(name);
        bytes.extend(block("long-name", record.len() as u64, b'x', 0o644));
        bytes.extend(record.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let mut end = 100;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        bytes.extend(block(&name[..end], size, b'0', mode));
    } else {
        bytes.extend(block(name, size, b'0', mode));
    }
    Ok(bytes)
}

/// `<length> path=<name>\n`, where the length counts itself.
fn path_record(name: &str) -> String {
    let rest = name.len() + " path=\n".len();
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length += 1;
    }
    format!("{length} path={name}\n")
}

fn block(name: &str, size: u64, kind: u8, mode: u32) -> [u8; 512] {
    let mut block = [0u8; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    octal(&mut block[100..108], mode.into());
    octal(&mut block[108..116], 0);
    octal(&mut block[116..124], 0);
    if size < OCTAL_LIMIT {
        octal(&mut block[124..136], size);
    } else {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&size.to_be_bytes());
    }
    octal(&mut block[136..148], 0);
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum = checksum(&block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
}

/// Sum of all bytes, the checksum's own field taken as spaces.
fn checksum(block: &[u8; 512]) -> u32 {
    let own = u32::from(b' ') * 8;
    let sum = |bytes: &[u8]| bytes.iter().copied().map(u32::from).sum::<u32>();
    sum(&block[..148]) + own + sum(&block[156..])
}

/// Zeros after a content of this size.
pub(crate) fn padding(size: u64) -> u64 {
    size.next_multiple_of(UNIT) - size
}

/// Reads the header of the next file: its name and size; nothing at the archive's end.
///
/// Takes exactly what [`header`] writes: the block is built again and compared byte by byte, so
/// no field can say something else to another reader.
pub(crate) fn read_header(from: &mut impl Read) -> Result<Option<(String, u64)>, EvidenceError> {
    let first = read_block(from)?;
    if first.iter().all(|byte| *byte == 0) {
        return end(from).map(|()| None);
    }
    let (bytes, name) = if first[156] == b'x' {
        let length = size_of(&first)?;
        if length > LONGEST as u64 + 20 {
            return Err(EvidenceError::format("a name is too long"));
        }
        let mut bytes = first.to_vec();
        for _ in 0..length.div_ceil(UNIT) {
            bytes.extend(read_block(from)?);
        }
        let name = long_name(&bytes[512..512 + usize::try_from(length).unwrap_or(0)])?;
        bytes.extend(read_block(from)?);
        (bytes, name)
    } else {
        let end = first[..100]
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(100);
        let name = String::from_utf8(first[..end].to_vec())
            .map_err(|_| EvidenceError::format("a name is not UTF-8"))?;
        (first.to_vec(), name)
    };
    let last = bytes
        .last_chunk::<512>()
        .ok_or_else(|| EvidenceError::format("no header"))?;
    let size = size_of(last)?;
    if header(&name, size)? != bytes {
        return Err(EvidenceError::format(format!(
            "the header of `{name}` is not that of a plain file as bundles hold them"
        )));
    }
    Ok(Some((name, size)))
}

fn read_block(from: &mut impl Read) -> Result<[u8; 512], EvidenceError> {
    let mut block = [0; 512];
    from.read_exact(&mut block).map_err(cut_short)?;
    Ok(block)
}

/// What a failed read of an archive means.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err`, which gives it away"
)]
pub(crate) fn cut_short(error: io::Error) -> EvidenceError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => EvidenceError::format("it is cut short"),
        _ => EvidenceError::format(error.to_string()),
    }
}

fn size_of(block: &[u8; 512]) -> Result<u64, EvidenceError> {
    let field = &block[124..136];
    if let [0x80, 0, 0, 0, size @ ..] = field
        && let Ok(size) = <[u8; 8]>::try_from(size)
    {
        return Ok(u64::from_be_bytes(size));
    }
    std::str::from_utf8(&field[..11])
        .ok()
        .and_then(|text| u64::from_str_radix(text, 8).ok())
        .ok_or_else(|| EvidenceError::format("a size is not a number"))
}

fn long_name(record: &[u8]) -> Result<String, EvidenceError> {
    std::str::from_utf8(record)
        .ok()
        .and_then(|text| text.split_once(" path=")?.1.strip_suffix('\n'))
        .map(str::to_owned)
        .ok_or_else(|| EvidenceError::format("a long name is not written as one"))
}

/// The rest of the archive's end: another block of zeros, and nothing behind it.
fn end(from: &mut impl Read) -> Result<(), EvidenceError> {
    let second = read_block(from)?;
    let mut rest = [0; 1];
    let more = from.read(&mut rest).map_err(cut_short)?;
    if second.iter().any(|byte| *byte != 0) || more != 0 {
        return Err(EvidenceError::format("something follows the archive's end"));
    }
    Ok(())
}
