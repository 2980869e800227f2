//! The boundary of the candidate: which modules import, from where, and which keys the status
//! command prints.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::home::Home;
use crate::model::{JsonError, read_first_json, read_json_as};
use crate::verb::programs::did_not_succeed;
use crate::verb::{Ctx, VerbError};

const SCRIPT: &str = include_str!("imports.py");

/// The result of importing one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Imported {
    /// It was imported.
    Found {
        /// Its name.
        module: String,
        /// Its file; none for a namespace without one.
        file: Option<String>,
        /// Whether that file is inside the throwaway home.
        inside: bool,
    },
    /// It could not be imported.
    Failed {
        /// Its name.
        module: String,
        /// The exception's name.
        error: String,
        /// The module that is missing, which may be one that it imports itself.
        missing: Option<String>,
        /// The exception's message.
        message: String,
    },
}

/// The results of all imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Imports(pub Vec<Imported>);

impl Imports {
    /// Imports modules with the candidate's interpreter, in one process.
    ///
    /// # Errors
    /// If the interpreter does not answer.
    pub async fn of(
        ctx: &Ctx,
        home: &Home,
        python: &str,
        modules: &[String],
    ) -> Result<Self, VerbError> {
        let root = home.root().as_str();
        let mut argv: Vec<String> = [python, "-I", "-B", "-c", SCRIPT, root]
            .map(str::to_owned)
            .into();
        argv.extend(modules.iter().cloned());
        let mut program = home.program(argv);
        program.limit = Duration::from_mins(1);
        let finished = ctx.run(program).await?;
        let read: Result<Self, JsonError> = read_json_as(&finished.stdout.last_lines(1));
        match read {
            Ok(imports) if imports.0.len() == modules.len() => Ok(imports),
            _ => {
                let asked = [python.to_owned(), "-I".to_owned()];
                let mut finding = did_not_succeed(&asked, &finished);
                finding.what = format!("importing gave no answer: {}", finding.what);
                Err(VerbError::error(finding))
            }
        }
    }

    /// The failed imports, one line per module.
    #[must_use]
    pub fn wrong(&self) -> Vec<String> {
        self.0.iter().filter_map(Imported::wrong).collect()
    }

    /// Modules that are missing, whether requested or imported by a requested one.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|imported| match imported {
            Imported::Failed { missing, .. } => missing.as_deref(),
            Imported::Found { .. } => None,
        })
    }
}

impl Imported {
    fn wrong(&self) -> Option<String> {
        match self {
            Self::Found { inside: true, .. } => None,
            Self::Found {
                module,
                file: Some(file),
                ..
            } => Some(format!(
                "`{module}` comes from `{file}`, outside the throwaway home"
            )),
            Self::Found {
                module, file: None, ..
            } => Some(format!("`{module}` is a directory without a module")),
            Self::Failed {
                module,
                error,
                missing: Some(missing),
                ..
            } => Some(format!(
                "`{module}` does not import: {error}, `{missing}` is missing"
            )),
            Self::Failed {
                module,
                error,
                message,
                ..
            } => Some(format!("`{module}` does not import: {error}: {message}")),
        }
    }
}

/// The JSON object in the output of a status command, which may also contain notices. Pure.
///
/// # Errors
/// An object with a duplicate key: the status would be ambiguous.
pub fn status_json(stdout: &str) -> Result<Option<Value>, JsonError> {
    let mut start = 0;
    for line in stdout.split_inclusive('\n') {
        if line.trim_start().starts_with('{') {
            match read_first_json(&stdout[start..]) {
                Ok(value) => return Ok(Some(value)),
                Err(twice @ JsonError::KeyTwice { .. }) => return Err(twice),
                Err(_) => {}
            }
        }
        start += line.len();
    }
    Ok(None)
}

/// The dotted keys that a JSON object lacks. A key with value `null` is present. Pure.
#[must_use]
pub fn missing_keys<'a>(status: &Value, keys: &'a [String]) -> Vec<&'a str> {
    let is_missing = |key: &&String| {
        let found = key
            .split('.')
            .try_fold(status, |value, part| value.get(part));
        found.is_none()
    };
    keys.iter().filter(is_missing).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_looked_for_where_the_dots_lead() {
        let status = json!({"ok": false, "foreground": {"pid": null}, "mismatches": []});
        let keys = [
            "ok",
            "foreground.pid",
            "foreground.team",
            "mismatches",
            "a.b",
            "ok.c",
        ]
        .map(str::to_owned);
        assert_eq!(
            missing_keys(&status, &keys),
            ["foreground.team", "a.b", "ok.c"]
        );
    }

    #[test]
    fn a_status_is_found_behind_notices() {
        let printed = "notice: a new release\n{not json}\n{\n \"ok\": true}\n";
        assert_eq!(status_json(printed), Ok(Some(json!({"ok": true}))));
        for none in ["", "ok", "[1]", "{", "{\"ok\":"] {
            assert_eq!(status_json(none), Ok(None), "{none}");
        }
        let twice = "notice\n{\"ok\": false, \"foreground\": {\"pid\": 1, \"pid\": 2}}\n";
        let error = status_json(twice).unwrap_err().to_string();
        assert_eq!(error, "key `pid` appears twice in `foreground`");
    }

    #[test]
    fn a_failed_import_names_the_missing_module() {
        let imports: Imports = serde_json::from_str(
            r#"[{"module": "a.b", "file": "/h/a/b.py", "inside": true},
            {"module": "a.c", "error": "ModuleNotFoundError", "missing": "click", "message": "No module named 'click'"},
            {"module": "a.d", "file": "/old/a/d.py", "inside": false},
            {"module": "a.e", "file": null, "inside": false},
            {"module": "a.f", "error": "SystemExit", "missing": null, "message": "1"}]"#,
        )
        .unwrap();
        assert_eq!(imports.missing().collect::<Vec<_>>(), ["click"]);
        let wrong = imports.wrong();
        assert_eq!(wrong.len(), 4);
        assert!(wrong[0].contains("`click` is missing"), "{wrong:?}");
        assert!(wrong[1].contains("outside the throwaway home"), "{wrong:?}");
    }
}
