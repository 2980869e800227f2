//! The single tar dialect in which bundles are written and read: plain files with fixed owner, time
//! and mode; long names in a `path` record. No links, no devices, no directories, no sparse files.

use std::io::{self, Read};

use tar::{EntryType, Header};

use crate::store::StoreError;
use crate::store::names::{LONGEST, checked};

/// Size of a header, and what file contents are padded to.
pub(crate) const UNIT: u64 = 512;

/// Whether a file of a bundle may be executed: its script alone.
pub(crate) fn is_executable(name: &str) -> bool {
    name.rsplit('/').next() == Some("verify.sh")
}

/// The bytes before a file's content.
pub(crate) fn header(name: &str, size: u64, executable: bool) -> Result<Vec<u8>, StoreError> {
    checked(name)?;
    let mode = if executable { 0o755 } else { 0o644 };
    let mut bytes = Vec::new();
    if name.len() > 100 {
        let record = path_record(name);
        bytes.extend(block(
            "long-name",
            record.len() as u64,
            EntryType::XHeader,
            0o644,
        ));
        bytes.extend(record.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        let mut end = 100;
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        bytes.extend(block(&name[..end], size, EntryType::Regular, mode));
    } else {
        bytes.extend(block(name, size, EntryType::Regular, mode));
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

fn block(name: &str, size: u64, kind: EntryType, mode: u32) -> [u8; 512] {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(0);
    header.set_entry_type(kind);
    header.set_cksum();
    // Six digits, zero, space, as most programs write it and every earlier bundle has it.
    let sum = &mut header.as_old_mut().cksum;
    sum.copy_within(1..7, 0);
    sum[6..].copy_from_slice(b"\0 ");
    *header.as_bytes()
}

/// Zeros after a content of this size.
pub(crate) fn padding(size: u64) -> u64 {
    size.next_multiple_of(UNIT) - size
}

/// Reads the header of the next file: its name and size; none at the archive's end.
///
/// Accepts exactly what [`header`] writes: the block is built again and compared byte by byte, so
/// that no field can mean something else to another reader.
pub(crate) fn read_header(from: &mut impl Read) -> Result<Option<(String, u64)>, StoreError> {
    let first = read_block(from)?;
    if first.iter().all(|byte| *byte == 0) {
        return end(from).map(|()| None);
    }
    let (bytes, name) = if first[156] == b'x' {
        let length = size_of(&first)?;
        if length > LONGEST as u64 + 20 {
            return Err(StoreError::format("a name is too long"));
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
            .map_err(|_| StoreError::format("a name is not UTF-8"))?;
        (first.to_vec(), name)
    };
    let last = bytes
        .last_chunk::<512>()
        .ok_or_else(|| StoreError::format("no header"))?;
    let size = size_of(last)?;
    if header(&name, size, is_executable(&name))? != bytes {
        return Err(StoreError::format(format!(
            "the header of `{name}` is not that of a plain file as bundles hold them"
        )));
    }
    Ok(Some((name, size)))
}

fn read_block(from: &mut impl Read) -> Result<[u8; 512], StoreError> {
    let mut block = [0; 512];
    from.read_exact(&mut block).map_err(cut_short)?;
    Ok(block)
}

/// The meaning of a failed read of an archive.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands in `map_err`, which gives it away"
)]
pub(crate) fn cut_short(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => StoreError::format("it is cut short"),
        _ => StoreError::format(error.to_string()),
    }
}

fn size_of(block: &[u8; 512]) -> Result<u64, StoreError> {
    Header::from_byte_slice(block)
        .entry_size()
        .map_err(|_| StoreError::format("a size is not a number"))
}

fn long_name(record: &[u8]) -> Result<String, StoreError> {
    std::str::from_utf8(record)
        .ok()
        .and_then(|text| text.split_once(" path=")?.1.strip_suffix('\n'))
        .map(str::to_owned)
        .ok_or_else(|| StoreError::format("a long name is not written as one"))
}

/// The rest of the archive's end: another block of zeros, and nothing behind it.
fn end(from: &mut impl Read) -> Result<(), StoreError> {
    let second = read_block(from)?;
    let mut rest = [0; 1];
    let more = from.read(&mut rest).map_err(cut_short)?;
    if second.iter().any(|byte| *byte != 0) || more != 0 {
        return Err(StoreError::format("something follows the archive's end"));
    }
    Ok(())
}
