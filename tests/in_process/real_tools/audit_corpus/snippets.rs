//! Cases written as two versions of one module, in `snippets.txt`: what only served logging and
//! leaves no trace in the normal form, each kind with honest twins; numbers that are waits and
//! numbers that are not; syntax newer than the grammar.

use canary_gate::audit::Nature;

/// Stands before each version.
const HEAD: &str =
    "import logging\nimport os\nimport time\n\nlogger = logging.getLogger(__name__)\n\n\n";

/// Two versions of one module.
pub(crate) struct Snippet {
    pub(crate) name: &'static str,
    pub(crate) expected: Nature,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// All of them.
pub(crate) fn snippets() -> Vec<Snippet> {
    include_str!("snippets.txt")
        .split("=== ")
        .skip(1)
        .map(|case| {
            let (head, versions) = case.split_once('\n').unwrap();
            let (expected, name) = head.split_once(": ").unwrap();
            let (before, after) = versions.split_once("---\n").unwrap();
            let expected = match expected {
                "behaviour" => Nature::Behaviour,
                "diagnostic" => Nature::Diagnostic,
                "timeout" => Nature::Timeout,
                "undetermined" => Nature::Undetermined,
                other => panic!("`{other}` is no verdict"),
            };
            Snippet {
                name,
                expected,
                before: format!("{HEAD}{before}"),
                after: format!("{HEAD}{after}"),
            }
        })
        .collect()
}
