//! Reads tracebacks: what was raised, where, and what preceded it.
//!
//! pytest prints them short or long, Python in its own format, and both in groups and in chains of
//! causes; all become the same list.

use super::change::is_test;

/// One exception of a traceback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Raised {
    /// Its first line: `Type: message`, or a rewritten assertion.
    pub(super) what: String,
    /// Where it went through, outermost first.
    pub(super) at: Vec<(String, u32)>,
}

/// The owner of the code at a place in a traceback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The code under audit.
    Product,
    /// A test, its fixtures and helpers.
    Test,
    /// Python, its packages, or no known file.
    Library,
}

impl Raised {
    /// The name of its type, without its module; nothing for a rewritten assertion.
    pub(super) fn kind(&self) -> &str {
        let first = self.what.split(':').next().unwrap_or_default().trim();
        let name = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
        if first.is_empty() || !first.chars().all(name) {
            return "";
        }
        first.rsplit('.').next().unwrap_or_default()
    }

    /// Its message, without its type.
    pub(super) fn message(&self) -> &str {
        self.what
            .split_once(": ")
            .map_or(self.what.as_str(), |(_, message)| message)
    }

    /// Whose code raised it: the deepest place that is no library's.
    pub(super) fn by(&self) -> Option<Whose> {
        let mut own = self.at.iter().rev().map(|(path, _)| whose(path));
        own.find(|whose| *whose != Whose::Library)
    }

    /// Whether it was raised in a library that replaces parts of other code.
    pub(super) fn in_patching_library(&self) -> bool {
        const PATCHING: [&str; 6] = [
            "/unittest/mock.py",
            "/_pytest/monkeypatch.py",
            "/pytest_mock/",
            "/mock/mock.py",
            "/flexmock/",
            "/mockito/",
        ];
        self.is_below_in(&PATCHING)
    }

    /// Whether the code under audit itself failed: this is not an assertion, not a warning turned
    /// into an error, and was not raised while a log record was written.
    pub(super) fn is_an_error_of_the_product(&self) -> bool {
        let kind = self.kind();
        let asserted = ["", "AssertionError", "Failed"].contains(&kind);
        let log = asserted || kind.ends_with("Warning") || self.is_below_in(&["/logging"]);
        self.by() == Some(Whose::Product) && !log
    }

    /// Whether the frames below all of the project's own code are in one of these places.
    fn is_below_in(&self, places: &[&str]) -> bool {
        let own = |path: &str| whose(path) != Whose::Library;
        let mut below = self.at.iter().rev().take_while(|(path, _)| !own(path));
        below.any(|(path, _)| places.iter().any(|part| path.contains(part)))
    }
}

/// Whose code a path is, as a traceback gives it.
pub(super) fn whose(path: &str) -> Whose {
    const LIBRARIES: [&str; 9] = [
        "site-packages/",
        "dist-packages/",
        "/lib/python",
        "/lib64/python",
        "/lib/pypy",
        ".venv/",
        ".tox/",
        ".nox/",
        "/_pytest/",
    ];
    let library = path.starts_with('<')
        || path.starts_with('/')
        || LIBRARIES.iter().any(|part| path.contains(part));
    if library {
        return Whose::Library;
    }
    let mut path = path;
    while let Some(rest) = path.strip_prefix("../").or(path.strip_prefix("./")) {
        path = rest;
    }
    if is_test(path) {
        Whose::Test
    } else {
        Whose::Product
    }
}

/// All exceptions of a traceback, the first cause first.
pub(super) fn chain(text: &str) -> Vec<Raised> {
    let mut all = Vec::new();
    let mut now = Raised::default();
    let mut native = false;
    for line in text.lines() {
        // An exception group draws a tree around its tracebacks.
        let line = ungrouped(line);
        if line.starts_with("Traceback (most recent call last)") {
            // An error of a remote process is text in the traceback of its caller.
            take(&mut now, &mut all);
            native = true;
        } else if is_link(line) {
            take(&mut now, &mut all);
            native = false;
        } else if let Some(place) = native_place(line) {
            native = true;
            now.at.push(place);
        } else if let Some(place) = place(line) {
            now.at.push(place);
        } else if now.what.is_empty()
            && let Some(what) = error_line(line, native && !now.at.is_empty())
        {
            what.clone_into(&mut now.what);
        }
    }
    take(&mut now, &mut all);
    all
}

fn take(now: &mut Raised, all: &mut Vec<Raised>) {
    let now = std::mem::take(now);
    if !now.what.is_empty() {
        all.push(now);
    }
}

/// A line without the tree that a group of exceptions is drawn with.
fn ungrouped(line: &str) -> &str {
    let inner = line.trim_start();
    if let Some(own) = inner.strip_prefix("| ") {
        return own;
    }
    if inner.starts_with("+-") || inner.starts_with("+ Exception Group") {
        return "Traceback (most recent call last):";
    }
    line
}

fn is_link(line: &str) -> bool {
    line.starts_with("The above exception was the direct cause")
        || line.starts_with("During handling of the above exception")
}

/// `path:line: in name`, `path:line: Type` and `path:line: `, as pytest writes them.
fn place(line: &str) -> Option<(String, u32)> {
    if line.starts_with([' ', '>']) || line.starts_with("E ") {
        return None;
    }
    // The value of an argument or of a local name, shown with its name.
    if line.contains(" = ") && !line.contains(": in ") {
        return None;
    }
    let (path, rest) = line.split_once(".py:").map_or_else(
        || {
            line.split_once(">:")
                .map(|(path, rest)| (format!("{path}>"), rest))
        },
        |(path, rest)| Some((format!("{path}.py"), rest)),
    )?;
    let (number, rest) = rest.split_once(':')?;
    let plain = rest.trim().is_empty() || rest.starts_with(' ');
    let number = number.parse().ok().filter(|_| plain)?;
    (!path.contains(" = ")).then_some((path, number))
}

/// `  File "path", line 3, in name`, as Python writes it.
fn native_place(line: &str) -> Option<(String, u32)> {
    let rest = line.trim_start().strip_prefix("File \"")?;
    let (path, rest) = rest.split_once("\", line ")?;
    let number = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    // A syntax error names its file like this as well, and without a function.
    rest.contains(", in ")
        .then(|| Some((path.to_owned(), number.parse().ok()?)))?
}

/// The line with the raised error: after pytest's `E`, or at the end of Python's own traceback.
fn error_line(line: &str, native: bool) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("E ").or((line == "E").then_some("")) {
        return Some(rest.trim()).filter(|rest| !rest.is_empty());
    }
    let starts = line.chars().next().is_some_and(char::is_alphabetic);
    (native && starts).then(|| line.trim())
}

#[cfg(test)]
mod tests;
