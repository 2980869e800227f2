//! Reads bytes as Python does: by byte order mark or coding line (PEP 263), else as UTF-8.

use super::syntax::Unreadable;

/// The text of a source file.
///
/// # Errors
/// The encoding that it declares, where its bytes are no text in it.
pub(super) fn decode(path: &str, bytes: Vec<u8>) -> Result<String, Unreadable> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let declared = coding_line(path, &bytes);
    let unreadable = |encoding: &str| Unreadable::Encoding {
        encoding: encoding.to_owned(),
    };
    let name = declared.map(|name| name.to_lowercase().replace('_', "-"));
    match name.as_deref() {
        None => String::from_utf8(bytes).map_err(|_| unreadable("utf-8")),
        Some(name) if is_utf_8(name) => String::from_utf8(bytes).map_err(|_| unreadable(name)),
        // Python refuses a byte order mark together with another encoding.
        Some(name) if bytes.starts_with(MARK) => Err(unreadable(name)),
        Some(name) if is_latin_1(name) => Ok(bytes.into_iter().map(char::from).collect()),
        Some("ascii" | "us-ascii" | "646") if !bytes.is_ascii() => Err(unreadable("ascii")),
        Some("ascii" | "us-ascii" | "646") => {
            String::from_utf8(bytes).map_err(|_| unreadable("ascii"))
        }
        Some(name) => other(name, &bytes).ok_or_else(|| unreadable(name)),
    }
}

fn is_utf_8(name: &str) -> bool {
    matches!(name, "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig") || name.starts_with("utf-8-")
}

fn is_latin_1(name: &str) -> bool {
    let names = [
        "latin-1",
        "latin1",
        "latin",
        "l1",
        "iso-8859-1",
        "iso8859-1",
        "iso-latin-1",
    ];
    names.contains(&name) || matches!(name, "8859" | "cp819") || name.starts_with("latin-1-")
}

/// Any other encoding in which ASCII is ASCII. Python reads no source in UTF-16.
fn other(name: &str, bytes: &[u8]) -> Option<String> {
    let label = match name {
        "mac-roman" => "macintosh",
        "eucjp" => "euc-jp",
        "euckr" => "euc-kr",
        name => name,
    };
    let encoding = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
    if !encoding.is_ascii_compatible() {
        return None;
    }
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(std::borrow::Cow::into_owned)
}

/// The encoding that one of the first two lines of a Python file names.
fn coding_line<'b>(path: &str, bytes: &'b [u8]) -> Option<&'b str> {
    let is_python = std::path::Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "py");
    if !is_python {
        return None;
    }
    for line in bytes
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter(|line| !line.is_empty())
        .take(2)
    {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        let line = line.trim_ascii_start();
        if line.is_empty() {
            continue;
        }
        if !line.starts_with(b"#") {
            return None;
        }
        if let Some(name) = named(line) {
            return Some(name);
        }
    }
    None
}

/// `coding[:=]\s*([-\w.]+)`
fn named(comment: &[u8]) -> Option<&str> {
    const WORD: &[u8] = b"coding";
    let at = (0..comment.len()).find(|at| {
        let rest = &comment[*at..];
        rest.starts_with(WORD) && matches!(rest.get(WORD.len()), Some(b':' | b'='))
    })?;
    let rest = &comment[at + WORD.len() + 1..];
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let rest = &rest[blanks..];
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let length = rest.iter().take_while(|byte| is_name(byte)).count();
    std::str::from_utf8(&rest[..length])
        .ok()
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Unreadable> {
        decode("a.py", bytes.to_vec())
    }

    #[test]
    fn python_source_is_read_in_the_encoding_that_it_names() {
        let text = |bytes: &[u8]| read(bytes).unwrap();
        assert_eq!(text("é".as_bytes()), "é");
        assert!(text(b"# -*- coding: latin-1 -*-\nx = '\xe9\x80'").ends_with("'é\u{80}'"));
        assert!(
            text(b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'")
                .ends_with("'€'")
        );
        assert!(text(b"# coding=shift_jis\n'\x83\x65'").ends_with("'テ'"));
        assert!(text(b"# coding: utf-8\n'\xc3\xa9'").ends_with("'é'"));
        assert!(text(b"\xef\xbb\xbf# coding: utf-8-sig\n'\xc3\xa9'").ends_with("'é'"));
        // Only in the first two lines, and only in a comment before any code.
        assert!(text("x = 1\n# coding: latin-1\n'é'".as_bytes()).ends_with("'é'"));
        assert!(text("#\n#\n# coding: latin-1\n'é'".as_bytes()).ends_with("'é'"));
        // A UTF-8 file that declares another encoding is read in that encoding.
        assert!(text("# coding: latin-1\n'é'".as_bytes()).ends_with("'Ã©'"));
        assert_eq!(text("'\u{fffd}'".as_bytes()), "'\u{fffd}'");
    }

    #[test]
    fn what_python_refuses_is_unreadable() {
        for bytes in [
            &b"x = '\xe9'"[..],
            b"# coding: utf-8\nx = '\xe9'",
            b"# coding: ascii\nx = '\xe9'",
            b"# coding: utf-16\nx = 'a'",
            b"# coding: no-such-thing\nx = 'a'",
            b"\xff\xfex\x00=\x001\x00",
            b"\xef\xbb\xbf# coding: latin-1\nx = 'a'",
        ] {
            let read = read(bytes);
            assert!(matches!(read, Err(Unreadable::Encoding { .. })), "{read:?}");
        }
    }
}
