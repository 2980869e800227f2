//! Reads the exact bytes of a blob that is not UTF-8: git shows them as a binary patch, which is
//! text (base 85 of a zlib stream).

use std::io::Read as _;

use super::error::AuditError;
use super::git::Git;

/// A blob in a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'e> {
    pub(super) oid: &'e str,
    /// A commit that has it.
    pub(super) commit: &'e str,
    /// Its path there.
    pub(super) path: &'e str,
}

/// The bytes of one blob; none if git does not show them as a binary patch, for example because the
/// repository's own attributes declare such files as text.
pub(super) async fn exact_bytes(
    git: Git<'_>,
    entry: Entry<'_>,
    limit: u64,
) -> Result<Option<Vec<u8>>, AuditError> {
    // Every git knows it without storing it.
    let nothing = if entry.oid.len() > 40 {
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
    } else {
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    };
    let arguments = [
        "-c",
        "core.attributesFile=/dev/stdin",
        "-c",
        "diff.python.binary=true",
        "--literal-pathspecs",
        "diff-tree",
        "-r",
        "--binary",
        "--full-index",
        "--no-renames",
        nothing,
        entry.commit,
        "--",
        entry.path,
    ];
    let text = git.text(&arguments, Some("* -diff\n".to_owned())).await?;
    Ok(literal(&text, entry.oid, limit))
}

/// The new side of a binary patch that produces this blob.
fn literal(patch: &str, oid: &str, limit: u64) -> Option<Vec<u8>> {
    let mut lines = patch.lines();
    lines.find(|line| {
        line.strip_prefix("index ")
            .is_some_and(|names| names.ends_with(&format!("..{oid}")))
    })?;
    lines.find(|line| *line == "GIT binary patch")?;
    let size: u64 = lines.next()?.strip_prefix("literal ")?.parse().ok()?;
    if size > limit {
        return None;
    }
    let mut packed = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        packed.extend(line_bytes(line)?);
    }
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice())
        .take(size + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    (bytes.len() as u64 == size).then_some(bytes)
}

/// One line: its length as a letter, then groups of five digits for four bytes.
fn line_bytes(line: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let (first, digits) = line.as_bytes().split_first()?;
    let length = match first {
        b'A'..=b'Z' => first - b'A' + 1,
        b'a'..=b'z' => first - b'a' + 27,
        _ => return None,
    };
    let mut bytes = Vec::new();
    for group in digits.chunks(5) {
        let mut value: u32 = 0;
        for digit in group {
            let digit = DIGITS.iter().position(|known| known == digit)?;
            value = value
                .checked_mul(85)?
                .checked_add(u32::try_from(digit).ok()?)?;
        }
        bytes.extend(value.to_be_bytes());
    }
    bytes.truncate(usize::from(length));
    (bytes.len() == usize::from(length)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn a_binary_patch_gives_the_bytes() {
        let oid = "f29f82ccb752b1efcf526aae8c85f0ca1d1e7ac1";
        let patch = format!(
            "diff --git a/a.py b/a.py\nnew file mode 100644\nindex {}..{oid}\nGIT binary patch\n\
             literal 34\nncmY#Z(ACmaNX}}2m%uBaY$Vn{{8%+oaliE&jZ*eWQ!RN?{{vpM41i\n\n\
             literal 0\nHcmV?d00001\n\n",
            "0".repeat(40)
        );
        let bytes = literal(&patch, oid, 100).unwrap();
        assert_eq!(bytes, b"# -*- coding: latin-1 -*-\nx = \"\xe9\"\n");
        assert_eq!(literal(&patch, oid, 10), None);
        assert_eq!(literal(&patch, &"1".repeat(40), 100), None);
        assert_eq!(literal("", oid, 100), None);
    }
}
