//! Concurrent branches within one subtask. Requests of one branch are ordered; the order between
//! branches has no meaning, so a replay accepts them in any order.

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
