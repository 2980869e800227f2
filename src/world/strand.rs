//! Strands: what one subtask does at the same time. Within a strand requests have an order; the
//! order between strands says nothing, so a replay takes them as they come.

use std::future::Future;

tokio::task_local! {
    static STRAND: &'static str;
}

/// Does something as a strand of its own; names are unique among those of a subtask that run at
/// the same time.
pub async fn strand<F: Future>(name: &'static str, work: F) -> F::Output {
    STRAND.scope(name, work).await
}

/// The strand that this is; none for what a subtask does one after the other.
pub(crate) fn current() -> Option<String> {
    STRAND.try_with(|name| (*name).to_owned()).ok()
}
