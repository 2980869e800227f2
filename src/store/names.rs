//! Allowed names of evidence files: relative, plain, the same on every machine.

use crate::store::StoreError;

/// Longest name in bytes.
pub(crate) const LONGEST: usize = 1024;

/// Passes a relative name without anything in it that leads elsewhere.
pub(crate) fn checked(name: &str) -> Result<&str, StoreError> {
    let refuse = |why| {
        Err(StoreError::Name {
            name: name.chars().take(200).collect(),
            why,
        })
    };
    if name.is_empty() || name.len() > LONGEST {
        return refuse("it is empty or too long");
    }
    if name.starts_with('/') || name.contains('\\') {
        return refuse("it is not a relative path with `/`");
    }
    if name.chars().any(char::is_control) {
        return refuse("it holds a control character");
    }
    for part in name.split('/') {
        match part {
            "" => return refuse("it has an empty part"),
            "." | ".." => return refuse("it leads elsewhere"),
            _ => {}
        }
    }
    Ok(name)
}

/// Accepts one component of a name: letters, digits and `._+-`, not hidden.
pub(crate) fn checked_part(name: &str) -> Result<&str, StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if name.is_empty() || name.starts_with(['.', '-']) || !name.bytes().all(plain) {
        return Err(StoreError::Name {
            name: name.chars().take(200).collect(),
            why: "it is not made of letters, digits and `._+-` alone",
        });
    }
    Ok(name)
}
