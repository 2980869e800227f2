//! `file-contains`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Condition, Finding, Outcome, is_template, read_json};
use crate::store::sha256_hex;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::confined::is_below;
use crate::verbs::run_program::{pattern_of, wrong_pattern};
use crate::world::{FileFailure, ListFiles, Place, WorldError};

/// Reads a file of the workspace, and shows what it contains and what it does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileContains {
    /// The file: a path in the workspace.
    pub file: String,
    /// Regular expressions, line by line, each found in it.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Regular expressions of which none is found in it.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Conditions on what a JSON or TOML file says: `package.version == "1.2.0"`.
    #[serde(default)]
    pub values: Vec<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// Largest file that is read, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

impl Declares for FileContains {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "file: text",
            "bytes: integer",
            "sha256: text",
            "data: any?",
        ]))
    }

    fn inputs(&self) -> Vec<Input> {
        let (root, name) = match self.file.rsplit_once('/') {
            Some((root, name)) => (Place::workspace(root), name),
            None => (Place::workspace(""), self.file.as_str()),
        };
        let include = vec![globset::escape(name)];
        vec![Input::Files("the file", ListFiles { root, include })]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if !is_below(&self.file) {
            let what = format!("`{}` is no path in the workspace", self.file);
            let help = "write it relative to the workspace, without `..`";
            wrong.push(Wrong::new("file", what, help));
        }
        for (name, patterns) in [("contains", &self.contains), ("lacks", &self.lacks)] {
            for (index, pattern) in patterns.iter().enumerate() {
                wrong.extend(wrong_pattern(format!("{name}[{index}]"), pattern));
            }
        }
        for (index, text) in self
            .values
            .iter()
            .enumerate()
            .filter(|(_, text)| !is_template(text))
        {
            if let Err(why) = Condition::parse(text) {
                let help = "write `package.version == \"1.2.0\"`";
                wrong.push(Wrong::new(format!("values[{index}]"), why, help));
            }
        }
        if self.contains.is_empty() && self.lacks.is_empty() && self.values.is_empty() {
            let what = "nothing is looked for";
            wrong.push(Wrong::new(
                "file",
                what,
                "add `contains`, `lacks` or `values`",
            ));
        }
        wrong
    }
}

#[async_trait]
impl Act for FileContains {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let file = &self.file;
        let text = match ctx.read(&Place::workspace(file), LIMIT).await {
            Ok(text) => text,
            Err(WorldError::File {
                kind: FileFailure::NotFound,
                ..
            }) => {
                let finding = Finding::new(format!("there is no file `{file}` in the workspace"));
                return Ok(Outcome::Error(
                    finding.remedy("check the checkout and the path, then resume"),
                ));
            }
            Err(error) => return Err(error.into()),
        };
        let data = data_of(file, &text);
        let fact = json!({
            "file": file,
            "bytes": text.len(),
            "sha256": sha256_hex(text.as_bytes()),
            "data": data.as_ref().ok(),
        });
        ctx.publish(&self.publish, fact);
        Ok(self.judge(&text, data))
    }
}

impl FileContains {
    fn judge(&self, text: &str, data: Result<Value, String>) -> Outcome {
        let file = &self.file;
        let found = |pattern: &String| pattern_of(pattern).map(|regex| regex.is_match(text));
        let mut wrong = Vec::new();
        for (patterns, wanted, told) in [
            (&self.contains, true, "does not contain"),
            (&self.lacks, false, "contains"),
        ] {
            for pattern in patterns {
                match found(pattern) {
                    Ok(found) if found == wanted => {}
                    Ok(_) => wrong.push(format!("`{file}` {told} `{pattern}`")),
                    Err(error) => return Outcome::Error(Finding::new(error.to_string())),
                }
            }
        }
        if !self.values.is_empty() {
            let data = match data {
                Ok(data) => data,
                Err(why) => {
                    let finding = Finding::new(format!("`{file}` cannot be read: {why}"));
                    return Outcome::Error(finding.remedy("`values` is for JSON and TOML files"));
                }
            };
            for text in &self.values {
                let holds = Condition::parse(text).and_then(|condition| condition.holds_in(&data));
                match holds {
                    Ok(true) => {}
                    Ok(false) => wrong.push(format!("`{text}` does not hold in `{file}`")),
                    Err(why) => {
                        let what = format!("`{text}` cannot be told of `{file}`: {why}");
                        return Outcome::Error(Finding::new(what));
                    }
                }
            }
        }
        if wrong.is_empty() {
            return Outcome::passed(format!("`{file}` says what it should"));
        }
        let mut lines = wrong.into_iter();
        let mut finding = Finding::new(lines.next().unwrap_or_default());
        finding.seen.extend(lines);
        Outcome::Failed(finding)
    }
}

/// What a JSON or TOML file says.
fn data_of(file: &str, text: &str) -> Result<Value, String> {
    let extension = std::path::Path::new(file).extension();
    let extension = extension
        .and_then(std::ffi::OsStr::to_str)
        .unwrap_or_default();
    if extension == "json" {
        return read_json(text).map_err(|error| error.to_string());
    }
    if matches!(extension, "toml" | "lock") {
        let read: Result<toml::Table, _> = toml::from_str(text);
        let table = read.map_err(|error| error.message().to_owned())?;
        return serde_json::to_value(table).map_err(|error| error.to_string());
    }
    Err("it is neither JSON nor TOML by its name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;
    use crate::world::Response;

    async fn outcome(fields: &str, text: &str) -> Verdict {
        let verb: FileContains =
            toml::from_str(&format!("as = \"f\"\n{fields}")).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(verb.wrong(), []);
        let world = Scripted::new().answer(Response::Text(text.to_owned()));
        let outcome = verb
            .act(&world.ctx())
            .await
            .unwrap_or_else(VerbError::outcome);
        outcome.verdict()
    }

    #[tokio::test]
    async fn a_file_is_held_against_what_it_must_and_must_not_say() {
        let toml = "[package]\nname = \"a\"\nversion = \"1.2.0\"\n";
        for (fields, text, expected) in [
            (
                "file = 'a/NEWS'\ncontains = ['^1\\.2']",
                "1.2.0\n",
                Verdict::Passed,
            ),
            (
                "file = 'a/NEWS'\ncontains = ['^1\\.3']",
                "1.2.0\n",
                Verdict::Failed,
            ),
            (
                "file = 'a/NEWS'\nlacks = ['TODO']",
                "1.2.0\n",
                Verdict::Passed,
            ),
            (
                "file = 'a/NEWS'\nlacks = ['TODO']",
                "TODO\n",
                Verdict::Failed,
            ),
            (
                "file = 'a/C.toml'\nvalues = ['package.version == \"1.2.0\"']",
                toml,
                Verdict::Passed,
            ),
            (
                "file = 'a/C.toml'\nvalues = ['package.version == \"1.3\"']",
                toml,
                Verdict::Failed,
            ),
            (
                "file = 'a/C.toml'\nvalues = ['package.versio == 1']",
                toml,
                Verdict::Error,
            ),
            (
                "file = 'a/C.toml'\nvalues = ['a == 1']",
                "no toml",
                Verdict::Error,
            ),
            (
                "file = 'a/p.json'\nvalues = ['a == 1']",
                "{\"a\": 1, \"a\": 2}",
                Verdict::Error,
            ),
            (
                "file = 'a/NEWS'\nvalues = ['a == 1']",
                "a = 1",
                Verdict::Error,
            ),
        ] {
            assert_eq!(outcome(fields, text).await, expected, "{fields}");
        }
    }
}
