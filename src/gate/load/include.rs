//! `include`: work packages that several gate files share. Finds the files and puts their texts
//! together, so that every place points into the file that it stands in.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::model::{Diagnostic, SourceText};

/// More files than this are no gate any more.
const MOST: usize = 64;

/// A gate file's text, with those of the files that it includes.
pub(super) fn sources(
    name: &str,
    text: &str,
    find: &dyn Fn(&str) -> Option<String>,
    problems: &mut Vec<Diagnostic>,
) -> (Arc<SourceText>, Vec<(String, String)>) {
    let mut finder = Finder {
        find,
        problems,
        found: Vec::new(),
    };
    let own = SourceText::new(name, text);
    finder.of(&own, &[]);
    let found = finder.found;
    if found.is_empty() {
        return (own, found);
    }
    (SourceText::with_included(name, text, &found), found)
}

struct Finder<'a> {
    find: &'a dyn Fn(&str) -> Option<String>,
    problems: &'a mut Vec<Diagnostic>,
    /// Path and text of each, in the order in which they are named.
    found: Vec<(String, String)>,
}

impl Finder<'_> {
    /// Finds what a file includes, and what these include.
    fn of(&mut self, source: &Arc<SourceText>, above: &[String]) {
        // What is no TOML is reported when the whole is read.
        let (root, _) = DeTable::parse_recoverable(source.text());
        let Some(list) = root.get_ref().get("include") else {
            return;
        };
        let DeValue::Array(items) = list.get_ref() else {
            let what = "`include` is no list of files";
            let problem = Diagnostic::new(source, list.span(), what);
            self.problems
                .push(problem.help("write `include = [\"common/checks.toml\"]`"));
            return;
        };
        for item in items {
            let path = item.get_ref().as_str().unwrap_or_default();
            if let Err((what, help)) = self.file(path, above) {
                let problem = Diagnostic::new(source, item.span(), what);
                self.problems.push(problem.help(help));
            }
        }
    }

    fn file(&mut self, path: &str, above: &[String]) -> Result<(), (String, String)> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !path.split('/').all(plain) || path.contains(['\\', '\0', ':']) {
            let what = format!("`{path}` is no path below the gate file's directory");
            return Err((
                what,
                "write it relative to the including file, without `..`".to_owned(),
            ));
        }
        let directory = above.last().and_then(|file| file.rsplit_once('/'));
        let path = match directory {
            Some((directory, _)) => format!("{directory}/{path}"),
            None => path.to_owned(),
        };
        if let Some(at) = above.iter().position(|file| *file == path) {
            let circle = above[at..].join(" → ");
            let what = format!("dependency cycle: {circle} → {path}");
            return Err((what, "take one of the `include`s out".to_owned()));
        }
        if self.found.iter().any(|(known, _)| *known == path) {
            // Shared by two that are included: its work packages are there once.
            return Ok(());
        }
        if self.found.len() >= MOST {
            let what = format!("more than {MOST} files are included");
            return Err((what, "put some of them together".to_owned()));
        }
        let Some(text) = (self.find)(&path) else {
            let what = format!("the file `{path}` was not found");
            return Err((what, "it lies below the gate file's directory".to_owned()));
        };
        self.found.push((path.clone(), text.clone()));
        let above: Vec<String> = above.iter().cloned().chain([path.clone()]).collect();
        self.of(&SourceText::new(path, text), &above);
        Ok(())
    }
}
