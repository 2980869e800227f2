//! What a test cannot show on the machine it runs on: never quiet, and in CI a failure.

use std::io::Write;

/// Fails in continuous integration, which has to show everything. Elsewhere says so on the
/// process's own standard error, which no test harness captures; `.config/nextest.toml` has
/// nextest print it.
pub(crate) fn not_shown(what: &str, remedy: &str) {
    let words = format!("\n*** NOT SHOWN: {what}.\n*** {remedy}.\n\n");
    let in_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!in_ci, "{words}");
    std::io::stderr().write_all(words.as_bytes()).unwrap();
}
