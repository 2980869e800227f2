//! The journal heads that a run posted externally, as recorded in its journal. Pure.

use crate::journal::{Answer, Folded, head_over};
use crate::model::SubtaskId;
use crate::world::{Anchor, Response};

/// Every head that was requested, with the requesting subtask.
pub(super) fn anchors(folded: &Folded) -> Vec<(&SubtaskId, Anchor)> {
    let mut found = Vec::new();
    for (id, courses) in folded.courses() {
        for exchange in courses.iter().flat_map(|course| course.exchanges.values()) {
            if let Some(anchor) = anchor_in(exchange.answer.as_ref()) {
                found.push((id, anchor));
            }
        }
    }
    found
}

/// The head in a response.
fn anchor_in(answer: Option<&Answer>) -> Option<Anchor> {
    const KIND: &str = r#"{"response":"journal-head""#;
    let Some(Answer::Ok(response)) = answer else {
        return None;
    };
    if !response.text().starts_with(KIND) {
        return None;
    }
    match response.read().ok()? {
        Response::JournalHead(anchor) => Some(anchor),
        _ => None,
    }
}

/// Each head on record is the one that its records give.
///
/// # Errors
/// The first that is not.
pub(super) fn anchors_hold(folded: &Folded) -> Result<(), String> {
    for (by, anchor) in anchors(folded) {
        let head = head_over(&folded.lines, &anchor.covers).map_err(|error| error.to_string())?;
        if head != anchor.head {
            return Err(format!(
                "the head that {by} posted is not that of the records before it"
            ));
        }
    }
    Ok(())
}
