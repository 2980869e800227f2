//! Looks for the attestation beside a bundle that is verified.

use std::io;
use std::path::Path;

use super::check::check;
use super::claims::Claims;
use super::signature::Signature;
use crate::evidence::verify::{Check, SIGNATURE, Verified};
use crate::signing::{MOST_BYTES, Trusted};
use crate::store::Opened;
use crate::store::disk::Disk;

impl Verified {
    /// Reports who signed the bundle. With keys and a required number of signers the signatures are
    /// checked; otherwise it reports only whether there is anything to check.
    pub fn look_for_signature(
        &mut self,
        disk: &dyn Disk,
        opened: &Opened,
        attestation: &Path,
        asked: Option<(&Trusted, usize)>,
    ) {
        let Some((trusted, threshold)) = asked else {
            let missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
            self.signature = match disk.size(attestation).map_err(missing) {
                Err(true) => Signature::Unsigned,
                _ => Signature::NotChecked,
            };
            return;
        };
        let checked = look(disk, opened, attestation, trusted, threshold);
        self.checks.push(Check {
            name: SIGNATURE,
            fault: checked.as_ref().err().cloned(),
            left_out: None,
        });
        self.signature = checked.unwrap_or_else(|why| Signature::Refused { why });
    }
}

fn look(
    disk: &dyn Disk,
    opened: &Opened,
    attestation: &Path,
    trusted: &Trusted,
    threshold: usize,
) -> Result<Signature, String> {
    let bytes = disk.read(attestation, MOST_BYTES).map_err(|error| {
        let path = attestation.display();
        match error.kind() {
            io::ErrorKind::NotFound => format!("there is no attestation `{path}`"),
            io::ErrorKind::FileTooLarge => format!("`{path}` is larger than {MOST_BYTES} bytes"),
            _ => format!("cannot read `{path}`: {error}"),
        }
    })?;
    let claims = Claims::of(opened).map_err(|error| error.to_string())?;
    check(&claims, &bytes, trusted, threshold)
}
