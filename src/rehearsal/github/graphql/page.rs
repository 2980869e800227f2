//! Connections: paginated lists, with GitHub's rules for requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::field::{Asked, Refused};

/// Largest page.
const LARGEST: i64 = 100;

/// The requested page of a list.
pub(super) fn page(items: &[Value], asked: &Asked<'_>) -> Result<Value, Refused> {
    let (first, last) = (asked.number("first"), asked.number("last"));
    bounds(asked, first, last)?;
    let start = index(asked.text("after")).map_or(0, |index| index + 1);
    let end = index(asked.text("before")).unwrap_or(items.len());
    let (mut start, mut end) = (start.min(items.len()), end.min(items.len()));
    start = start.min(end);
    let size = |size: i64| usize::try_from(size).unwrap_or(0);
    if let Some(first) = first {
        end = end.min(start + size(first));
    }
    if let Some(last) = last {
        start = start.max(end.saturating_sub(size(last)));
    }
    let at = |index| (start < end).then(|| cursor(index));
    Ok(json!({
        "__typename": asked.returns,
        "nodes": items[start..end],
        "pageInfo": {
            "__typename": "PageInfo",
            "hasNextPage": end < items.len(),
            "hasPreviousPage": start > 0,
            "startCursor": at(start),
            "endCursor": at(end.saturating_sub(1)),
        },
        "totalCount": items.len(),
    }))
}

/// GitHub requires `first` or `last`, at most 100, wherever entries themselves are requested.
fn bounds(asked: &Asked<'_>, first: Option<i64>, last: Option<i64>) -> Result<(), Refused> {
    let connection = asked.name;
    if asked.nodes && first.is_none() && last.is_none() {
        return Err(Refused {
            kind: "MISSING_PAGINATION_BOUNDARIES",
            message: format!(
                "You must provide a `first` or `last` value to properly paginate the `{connection}` connection."
            ),
        });
    }
    for (name, size) in [("first", first), ("last", last)] {
        let Some(size) = size.filter(|size| !(0..=LARGEST).contains(size)) else {
            continue;
        };
        return Err(Refused {
            kind: "EXCESSIVE_PAGINATION",
            message: format!(
                "Requesting {size} records on the `{connection}` connection exceeds the `{name}` limit of {LARGEST} records."
            ),
        });
    }
    Ok(())
}

pub(super) fn cursor(index: usize) -> String {
    STANDARD.encode(format!("cursor:{index}"))
}

/// The index of a cursor; none if the cursor is not one of ours.
fn index(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("cursor:")?.parse().ok()
}
