//! The candidates of 3.2.0 before and after the one that the gate selects. As on the real product,
//! their numbers have gaps, and most later ones were only tagged.
//!
//! Owns which candidates exist and when they were tagged. Pure data.

use crate::rehearsal::{Fault, Faults};

/// A version, and when its tag was created.
pub(super) type Tagged = (&'static str, &'static str);

/// Released before 3.2.0rc13. There is no rc4, rc8 or rc11.
pub(super) const EARLY: [Tagged; 9] = [
    ("3.2.0rc1", "2026-04-13T16:30:00Z"),
    ("3.2.0rc2", "2026-04-14T09:15:00Z"),
    ("3.2.0rc3", "2026-04-14T17:40:00Z"),
    ("3.2.0rc5", "2026-04-15T12:20:00Z"),
    ("3.2.0rc6", "2026-04-16T10:05:00Z"),
    ("3.2.0rc7", "2026-04-17T15:55:00Z"),
    ("3.2.0rc9", "2026-04-20T09:30:00Z"),
    ("3.2.0rc10", "2026-04-21T14:10:00Z"),
    ("3.2.0rc12", "2026-04-22T11:45:00Z"),
];

/// Tagged after 3.2.0rc16. There is no rc37, and rc28 is a mistake on the index alone.
pub(super) const LATER: [Tagged; 27] = [
    ("3.2.0rc17", "2026-05-21T18:00:00Z"),
    ("3.2.0rc18", "2026-05-22T20:00:00Z"),
    ("3.2.0rc19", "2026-05-24T03:00:00Z"),
    ("3.2.0rc20", "2026-05-25T05:00:00Z"),
    ("3.2.0rc21", "2026-05-26T07:00:00Z"),
    ("3.2.0rc22", "2026-05-27T14:00:00Z"),
    ("3.2.0rc23", "2026-05-28T16:00:00Z"),
    ("3.2.0rc24", "2026-05-29T18:00:00Z"),
    ("3.2.0rc25", "2026-05-31T01:00:00Z"),
    ("3.2.0rc26", "2026-06-01T03:00:00Z"),
    ("3.2.0rc27", "2026-06-02T05:00:00Z"),
    ("3.2.0rc29", "2026-06-03T12:00:00Z"),
    ("3.2.0rc30", "2026-06-04T14:00:00Z"),
    ("3.2.0rc31", "2026-06-05T21:00:00Z"),
    ("3.2.0rc32", "2026-06-06T23:00:00Z"),
    ("3.2.0rc33", "2026-06-08T01:00:00Z"),
    ("3.2.0rc34", "2026-06-09T08:00:00Z"),
    ("3.2.0rc35", "2026-06-10T10:00:00Z"),
    ("3.2.0rc36", "2026-06-11T12:00:00Z"),
    ("3.2.0rc38", "2026-06-12T19:00:00Z"),
    ("3.2.0rc39", "2026-06-13T21:00:00Z"),
    ("3.2.0rc40", "2026-06-15T04:00:00Z"),
    ("3.2.0rc41", "2026-06-16T06:00:00Z"),
    ("3.2.0rc42", "2026-06-17T08:00:00Z"),
    ("3.2.0rc43", "2026-06-18T15:00:00Z"),
    ("3.2.0rc44", "2026-06-19T17:00:00Z"),
    ("3.2.0rc45", "2026-06-20T19:00:00Z"),
];

/// The one of [`LATER`] that is released in some worlds.
pub(super) const RELEASED_LATER: &str = "3.2.0rc17";

/// Whether [`RELEASED_LATER`] was released, on the index and on GitHub.
pub(super) fn is_released_later(faults: &Faults) -> bool {
    let asks = [
        Fault::LaterCandidate,
        Fault::ChosenLater,
        Fault::ChosenNotNewest,
    ];
    asks.iter().any(|fault| faults.contains(fault))
}
