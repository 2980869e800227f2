//! Limits on a template's work and output: gate files also come in bundles, which anyone may have
//! written. Pure.

use std::io::{self, Write};

use serde_json::Value;

use crate::model::TemplateError;

/// The budget of one template: a step costs one, and so do 64 bytes of any intermediate result. A
/// comment of the built-in gates takes a few hundred.
pub(crate) const FUEL: u64 = 250_000;

/// Maximum size of a template's output in bytes. The longest comment that GitHub accepts has 64
/// KiB; a fact that is quoted as a whole may be longer.
pub(crate) const MOST: usize = 4 << 20;

/// The rendered text, unless it is too long.
pub(crate) fn text_of(text: String) -> Result<String, TemplateError> {
    if text.len() > MOST {
        return Err(TemplateError::broken(too_much()));
    }
    Ok(text)
}

/// The resulting value. Its size is checked first: a list costs little fuel even if it contains the
/// same long text a thousand times.
pub(crate) fn value_of(value: &minijinja::Value) -> Result<Value, TemplateError> {
    serde_json::to_writer(&mut Room(MOST), value).map_err(|error| {
        if error.is_io() {
            TemplateError::broken(too_much())
        } else {
            TemplateError::broken(error)
        }
    })?;
    serde_json::to_value(value).map_err(TemplateError::broken)
}

fn too_much() -> String {
    format!("it makes more than {MOST} bytes")
}

/// The error of a template that ran out of fuel.
pub(crate) const OUT_OF_FUEL: &str = "it does more than a template may, and was ended";

impl TemplateError {
    /// Whether the template was stopped because it exceeded a limit.
    pub(crate) fn is_too_much(&self) -> bool {
        let is = |reason: &str| reason == OUT_OF_FUEL || reason == too_much();
        matches!(self, Self::Broken { reason, .. } if is(reason))
    }
}

/// A writer that accepts up to a number of bytes and discards them.
struct Room(usize);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len());
        self.0 = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
