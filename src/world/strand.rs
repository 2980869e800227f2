//! Concurrent branches within one subtask. Requests of one branch are ordered; the order between
//! branches has no meaning, so a replay accepts them in any order.

use std::future::Future;

tokio::task_local! {
    static STRAND: &'static str;
}

/// Runs something as a concurrent branch; names are unique among the branches of a subtask that run
/// at the same time.
pub async fn strand<F: Future>(name: &'static str, work: F) -> F::Output {
    STRAND.scope(name, work).await
}

/// The current branch; none for the sequential part of a subtask.
pub(crate) fn current() -> Option<String> {
    STRAND.try_with(|name| (*name).to_owned()).ok()
}
