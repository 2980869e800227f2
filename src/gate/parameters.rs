//! Parameters: the gate file's defaults, and what overrides them. Pure: maps and texts in; the
//! environment and files are read by the command line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Gate;
use super::load::{At, Document, did_you_mean, load, table_to_json};
use crate::model::template::look_up;
use crate::model::{Diagnostic, Diagnostics, SourceText, nearest};

/// Settings of the program that are given like parameters.
pub const RESERVED: &[&str] = &["workspace", "state_dir"];

/// What overrides a gate's parameters, and the program's own settings given with them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Values by the dotted names of parameters.
    pub parameters: BTreeMap<String, Value>,
    /// Values of [`RESERVED`] settings.
    pub settings: BTreeMap<String, String>,
}

/// Why a parameter cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// There is none of that name.
    #[error("there is no parameter `{name}`; {help}")]
    Unknown {
        /// The name.
        name: String,
        /// The nearest, or what there is.
        help: String,
    },
    /// The value is of another type than the default.
    #[error("parameter `{name}` {problem}")]
    Type {
        /// The name.
        name: String,
        /// What is needed and what was given.
        problem: String,
    },
    /// An assignment without `=`.
    #[error("expected NAME=VALUE such as `rc.baseline=3.2.0rc15`, got `{0}`")]
    NoAssignment(String),
}

/// Why overrides cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Names or types are wrong; never empty.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Parameters(Vec<ParameterError>),
    /// The gate is not sound with these values.
    #[error("with these parameters the gate file is invalid:\n{0}")]
    Gate(Diagnostics),
}

impl Overrides {
    /// Overrides from `name=value` assignments.
    ///
    /// # Errors
    /// Every one that has no `=`.
    pub fn from_assignments<S: AsRef<str>>(assignments: &[S]) -> Result<Self, SetError> {
        let mut overrides = Self::default();
        let mut errors = Vec::new();
        for assignment in assignments.iter().map(AsRef::as_ref) {
            match assignment.split_once('=') {
                Some((name, value)) => overrides.insert(name.trim(), value),
                None => errors.push(ParameterError::NoAssignment(assignment.to_owned())),
            }
        }
        none_or(errors).map(|()| overrides)
    }

    /// These, with others laid over them.
    #[must_use]
    pub fn then(mut self, later: Self) -> Self {
        self.parameters.extend(later.parameters);
        self.settings.extend(later.settings);
        self
    }

    fn insert(&mut self, name: &str, value: &str) {
        if RESERVED.contains(&name) {
            self.settings.insert(name.to_owned(), value.to_owned());
        } else {
            self.parameters.insert(name.to_owned(), Value::from(value));
        }
    }
}

impl Gate {
    /// Sets parameters and checks the gate anew. A value has the type of its default; a text is
    /// read as that type, a list from a comma-separated text.
    ///
    /// # Errors
    /// Every name that is not known and every value of another type; or else all that is wrong
    /// with the gate under these values. The gate is then as it was.
    pub fn set(&mut self, overrides: &BTreeMap<String, Value>) -> Result<(), SetError> {
        if overrides.is_empty() {
            return Ok(());
        }
        let mut parameters = self.parameters.clone();
        let mut errors = Vec::new();
        for (name, given) in overrides {
            match self.typed(name, given) {
                Ok(value) => put(&mut parameters, name, value),
                Err(error) => errors.push(error),
            }
        }
        none_or(errors)?;
        let find = |name: &str| self.templates.get(name).cloned();
        let source = &self.source;
        *self = load(&source.name, &source.text, &find, |defaults| {
            *defaults = parameters;
        })
        .map_err(SetError::Gate)?;
        Ok(())
    }

    /// Reads overrides from the text of a TOML file.
    ///
    /// # Errors
    /// Everything that is wrong with it, with its places.
    pub fn read_config(&self, name: &str, text: &str) -> Result<Overrides, Diagnostics> {
        let source = SourceText::new(name, text);
        let (document, mut problems) = Document::parse(&source);
        let mut overrides = Overrides::default();
        let table = table_to_json(document.root.get_ref(), &source, &mut problems);
        if problems.is_empty() {
            for (name, given) in leaves(&table) {
                self.config_value(&document, &name, given, &mut overrides, &mut problems);
            }
        }
        Diagnostics::of(name, problems).map_or(Ok(overrides), Err)
    }

    fn config_value(
        &self,
        document: &Document<'_>,
        name: &str,
        given: &Value,
        overrides: &mut Overrides,
        problems: &mut Vec<Diagnostic>,
    ) {
        let at = name.split('.').fold(At::root(), |at, part| at.key(part));
        if RESERVED.contains(&name) {
            match given.as_str() {
                Some(text) => overrides.insert(name, text),
                None => problems.push(document.problem(&at, format!("`{name}` must be a text"))),
            }
            return;
        }
        match self.typed(name, given) {
            Ok(value) => {
                overrides.parameters.insert(name.to_owned(), value);
            }
            Err(ParameterError::Unknown { name, help }) => {
                let message = format!("the gate has no parameter `{name}`");
                let problem = document.key_problem(&at, message);
                problems.push(problem.label("not known").help(help));
            }
            Err(error) => problems.push(document.problem(&at, error.to_string())),
        }
    }

    /// Reads overrides from `GATE_…` variables. One that is near to a parameter's is an error;
    /// any other is somebody else's and left alone.
    ///
    /// # Errors
    /// Every variable that must be a slip of the pen.
    pub fn read_environment(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> Result<Overrides, SetError> {
        let parameters = leaves(&self.parameters).into_iter().map(|(name, _)| name);
        let names: BTreeMap<String, String> = parameters
            .chain(RESERVED.iter().map(|name| (*name).to_owned()))
            .map(|name| (variable_name(&name), name))
            .collect();
        let mut overrides = Overrides::default();
        let mut errors = Vec::new();
        for (variable, value) in variables.range("GATE_".to_owned()..) {
            if !variable.starts_with("GATE_") {
                break;
            }
            if let Some(name) = names.get(variable) {
                overrides.insert(name, value);
            } else if let Some(near) = nearest(variable, names.keys().map(String::as_str)) {
                errors.push(ParameterError::Unknown {
                    name: variable.clone(),
                    help: format!("did you mean `{near}`?"),
                });
            }
        }
        none_or(errors).map(|()| overrides)
    }

    fn typed(&self, name: &str, given: &Value) -> Result<Value, ParameterError> {
        let tree = Value::Object(self.parameters.clone());
        let default = look_up(&tree, name);
        let Some(default) = default.filter(|value| !value.is_object()) else {
            let names = leaves(&self.parameters);
            let help = did_you_mean(name, names.iter().map(|(name, _)| name.as_str()));
            return Err(ParameterError::Unknown {
                name: name.to_owned(),
                help,
            });
        };
        as_type_of(default, given).map_err(|problem| ParameterError::Type {
            name: name.to_owned(),
            problem,
        })
    }
}

/// The variable that sets a parameter: `rc.as_of` is set by `GATE_RC_AS_OF`.
#[must_use]
pub fn variable_name(parameter: &str) -> String {
    format!("GATE_{}", parameter.replace('.', "_").to_uppercase())
}

/// All parameters by their dotted names, tables opened.
#[must_use]
pub fn leaves(parameters: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect("", parameters, &mut found);
    found
}

fn collect<'v>(before: &str, table: &'v Map<String, Value>, found: &mut Vec<(String, &'v Value)>) {
    for (key, value) in table {
        let name = if before.is_empty() {
            key.clone()
        } else {
            format!("{before}.{key}")
        };
        match value {
            Value::Object(table) => collect(&name, table, found),
            _ => found.push((name, value)),
        }
    }
}

/// Puts a value in the place of one that is there.
fn put(parameters: &mut Map<String, Value>, name: &str, value: Value) {
    let mut parts = name.split('.');
    let first = parts.next().and_then(|part| parameters.get_mut(part));
    let place = parts.fold(first, |table, part| {
        table.and_then(|table| table.get_mut(part))
    });
    if let Some(place) = place {
        *place = value;
    }
}

/// The given value as the default's type; what is wrong with it otherwise.
fn as_type_of(default: &Value, given: &Value) -> Result<Value, String> {
    let wrong = |needed: &str| Err(format!("needs {needed}, not {given}"));
    match (default, given) {
        (Value::Array(items), Value::Array(given)) => given
            .iter()
            .map(|item| as_type_of(items.first().unwrap_or(&Value::from("")), item))
            .collect(),
        (Value::Array(items), Value::String(text)) => text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| as_type_of(items.first().unwrap_or(&Value::from("")), &item.into()))
            .collect(),
        (Value::Array(_), _) => wrong("a list, or texts separated by commas"),
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => {
            Ok(given.clone())
        }
        (Value::String(_), _) => wrong("a text"),
        (Value::Bool(_), Value::String(text)) => match text.trim().parse::<bool>() {
            Ok(flag) => Ok(Value::Bool(flag)),
            Err(_) => wrong("`true` or `false`"),
        },
        (Value::Bool(_), _) => wrong("`true` or `false`"),
        (Value::Number(number), _) => {
            as_number(number.is_f64(), given).ok_or_else(|| format!("needs a number, not {given}"))
        }
        (Value::Null | Value::Object(_), _) => wrong("no value"),
    }
}

fn as_number(fraction: bool, given: &Value) -> Option<Value> {
    match given {
        Value::Number(number) if fraction || number.is_i64() => Some(given.clone()),
        Value::String(text) if fraction => {
            let number = text.trim().parse().ok();
            number
                .and_then(serde_json::Number::from_f64)
                .map(Value::Number)
        }
        Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

fn none_or(errors: Vec<ParameterError>) -> Result<(), SetError> {
    if errors.is_empty() {
        Ok(())
    } else {
        Err(SetError::Parameters(errors))
    }
}
