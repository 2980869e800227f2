//! Wheels of the product, built from the trees of its tags.
//!
//! Owns which releases exist, when they were uploaded and which are yanked. Nothing is compressed
//! and every time is fixed, so the same tree gives the same bytes everywhere.

use std::path::Path;

use super::candidates::{EARLY, RELEASED_LATER, is_released_later};
use super::distribution::{Distribution, Wheel, events_wheel};
use super::repositories::Product;
use super::tree::Tree;
use crate::rehearsal::{Fault, Faults, RehearsalError, host};

/// The package index's data about a wheel, besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The wheel's file name.
    pub file: String,
    /// When it was uploaded, as in `2026-05-20T10:00:00Z`.
    pub uploaded: &'static str,
    /// Why it was yanked, if it was.
    pub yanked: Option<&'static str>,
    /// Whether the index serves other bytes than those that it lists.
    pub exchanged: bool,
}

/// One release of `spec-kitty-cli` on the index.
struct Planned {
    version: &'static str,
    /// The tag whose tree it is built from; that of another version if it has no tag of its own.
    tree_of: &'static str,
    uploaded: &'static str,
    yanked: Option<&'static str>,
}

const fn planned(version: &'static str, uploaded: &'static str) -> Planned {
    Planned {
        version,
        tree_of: version,
        uploaded,
        yanked: None,
    }
}

/// The candidate that the gate is after.
const CANDIDATE: &str = "3.2.0rc16";
/// The final version: uploaded long after the gate's time, and never the gate's business.
const FINAL: &str = "3.2.0";

/// Every release except those of [`EARLY`], in the order of upload. 3.2.0rc17 exists only in some
/// worlds.
const RELEASES: [Planned; 10] = [
    planned("3.1.4", "2026-03-18T09:30:00Z"),
    planned("3.2.0a1", "2026-04-09T11:00:00Z"),
    planned("3.2.0rc13", "2026-04-24T09:00:00Z"),
    Planned {
        tree_of: "3.2.0rc14",
        yanked: Some("numbered by mistake"),
        ..planned("3.2.0rc28", "2026-05-03T07:00:00Z")
    },
    planned("3.2.0rc14", "2026-05-04T09:00:00Z"),
    planned("4.0.0rc7", "2026-05-05T12:30:00Z"),
    planned("3.2.0rc15", "2026-05-13T09:00:00Z"),
    planned(CANDIDATE, "2026-05-20T10:00:00Z"),
    planned(RELEASED_LATER, "2026-05-21T19:30:00Z"),
    Planned {
        tree_of: CANDIDATE,
        ..planned(FINAL, "2026-06-24T09:00:00Z")
    },
];

/// Writes the wheels of `spec-kitty-cli` and `spec-kitty-events` into a directory.
///
/// # Errors
/// If a wheel cannot be built or written.
pub fn write(
    product: &Product,
    directory: &Path,
    faults: &Faults,
) -> Result<Vec<Release>, RehearsalError> {
    let events = events_wheel(&Tree::spec_kitty_events())?;
    host::write(&directory.join(&events.name), &events.bytes)?;
    let mut releases = vec![Release {
        file: events.name,
        uploaded: "2026-04-20T09:30:00Z",
        yanked: None,
        exchanged: false,
    }];
    let early = EARLY.map(|(version, tagged)| planned(version, tagged));
    let all = early.iter().chain(&RELEASES);
    for planned in all.filter(|planned| is_there(planned, faults)) {
        let Some(tree) = product.tagged(&format!("v{}", planned.tree_of)) else {
            continue;
        };
        let tree = tree.clone().renumbered(planned.tree_of, planned.version);
        let wheel = cli_wheel(&packaged(tree, planned, faults), planned.version)?;
        host::write(&directory.join(&wheel.name), &wheel.bytes)?;
        let other = planned.version == CANDIDATE && faults.contains(&Fault::IndexFileChanged);
        if other {
            let tree = product.tagged(&format!("v{}", planned.tree_of));
            let more = tree.cloned().unwrap_or_default();
            let more = more.with_file("src/specify_cli/more.py", b"MORE = True\n".as_slice());
            let wheel = cli_wheel(&more, planned.version)?;
            host::write(&directory.join(exchanged(&wheel.name)), &wheel.bytes)?;
        }
        let yanked_now = planned.version == CANDIDATE && faults.contains(&Fault::RcYanked);
        releases.push(Release {
            file: wheel.name,
            uploaded: planned.uploaded,
            yanked: planned
                .yanked
                .or(yanked_now.then_some("broken on some machines")),
            exchanged: other,
        });
    }
    Ok(releases)
}

/// The file that is served instead of a wheel.
pub(super) fn exchanged(wheel: &str) -> String {
    format!("{wheel}.exchanged")
}

fn is_there(planned: &Planned, faults: &Faults) -> bool {
    let behind = faults.contains(&Fault::IndexBehindGithub) || faults.contains(&Fault::NoNewRc);
    match planned.version {
        CANDIDATE => !behind,
        RELEASED_LATER => is_released_later(faults),
        // A final version without a good candidate before it would be a different scenario.
        FINAL => !behind && !faults.contains(&Fault::RcYanked),
        _ => true,
    }
}

/// What goes into a wheel; the tag's tree unless packaging itself went wrong.
fn packaged(tree: Tree, planned: &Planned, faults: &Faults) -> Tree {
    if planned.version == CANDIDATE && faults.contains(&Fault::RcBrokenImport) {
        return tree.without(&["src/specify_cli/sync/preflight.py"]);
    }
    tree
}

fn cli_wheel(tree: &Tree, version: &str) -> Result<Wheel, RehearsalError> {
    let distribution = Distribution {
        name: "spec-kitty-cli",
        module: "specify_cli",
        version,
        summary: "Tooling for spec-driven missions",
        requires: &["spec-kitty-events>=5.1.0,<6"],
        console_script: Some("spec-kitty = specify_cli.cli.app:main"),
    };
    distribution.wheel(tree)
}
