//! A check of every byte that is packed, by a scanner that knows what must not get out.

/// Scans every byte that is packed, in order.
pub trait Scan {
    /// The next file begins.
    ///
    /// # Errors
    /// If its name contains something private.
    fn begin(&mut self, name: &str) -> Result<(), Leak>;
    /// The next bytes of the file.
    ///
    /// # Errors
    /// If they contain, together with the previous ones, something private.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Leak>;
    /// The file ends.
    ///
    /// # Errors
    /// If its last bytes contain something private.
    fn end(&mut self) -> Result<(), Leak>;
}

/// Something private that would have been published. Names what it is, never its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` holds {what}; nothing was packed")]
pub struct Leak {
    /// The file's name in the archive.
    pub file: String,
    /// What it contains: `‹secret:NAME›` or the symbolic path.
    pub what: String,
}

/// Scans nothing, for archives whose parts were redacted as they were created.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoScan;

impl Scan for NoScan {
    fn begin(&mut self, _: &str) -> Result<(), Leak> {
        Ok(())
    }

    fn feed(&mut self, _: &[u8]) -> Result<(), Leak> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Leak> {
        Ok(())
    }
}
