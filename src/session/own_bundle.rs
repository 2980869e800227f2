//! Verifies a run's own bundle as others will: a run that reports success has done this.

use camino::Utf8Path;

use super::RecordedGate;
use crate::evidence::{open_to_verify, verify_opened};
use crate::journal::Folded;
use crate::store::Limits;
use crate::store::disk::Disk;

/// Verifies a bundle that was just created. One that does not verify is removed, so that the
/// resumed run creates it again.
///
/// # Errors
/// The check that failed, as a message.
pub(super) fn check(disk: &dyn Disk, bundle: &Utf8Path) -> Result<(), String> {
    let broken = match verified(disk, bundle) {
        Ok(None) => return Ok(()),
        Ok(Some(fault)) => fault,
        Err(why) => why,
    };
    let removed = disk.remove(bundle.as_std_path());
    let left = removed.map_or_else(
        |error| format!("; it cannot be removed: {error}"),
        |()| String::new(),
    );
    Err(format!("the new bundle does not verify: {broken}{left}"))
}

/// The first check that the bundle does not pass.
fn verified(disk: &dyn Disk, bundle: &Utf8Path) -> Result<Option<String>, String> {
    let limits = Limits::of_total(u64::MAX);
    let opened = open_to_verify(disk, bundle.as_std_path(), limits);
    let opened = opened.map_err(|error| error.to_string())?;
    let gate = RecordedGate::of_opened(&opened).map_err(|error| error.to_string())?;
    let render = |folded: &Folded| gate.reports(folded);
    let verified = verify_opened(&opened, Some(&render));
    let fault = verified.checks.iter().find_map(|check| {
        let fault = check.fault.as_ref()?;
        Some(format!("{}: {fault}", check.name))
    });
    Ok(fault)
}
