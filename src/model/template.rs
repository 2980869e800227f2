//! Templates: values that quote facts and parameters. Strict: an unknown name is an error, never an
//! empty text. Pure; which names a template may quote is decided when a gate is loaded.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::{Map, Value};

use super::TemplateError;
use crate::model::bounds::{FUEL, OUT_OF_FUEL, text_of, value_of};
use crate::model::tags::{CallKind, LONGEST, calls, too_long};
use crate::model::{Fact, Facts};

/// Everything a template may quote: parameters and facts, merged into one tree by their dotted
/// names.
///
/// # Errors
/// If a fact would replace a parameter or part of another fact.
pub fn context(parameters: &Map<String, Value>, facts: &Facts) -> Result<Value, TemplateError> {
    context_of(parameters, facts.iter())
}

/// The same of some facts.
pub(crate) fn context_of<'f>(
    parameters: &Map<String, Value>,
    facts: impl Iterator<Item = &'f Fact>,
) -> Result<Value, TemplateError> {
    let mut tree = Value::Object(parameters.clone());
    for fact in facts {
        let wrapped = fact
            .name
            .rsplit('.')
            .fold(fact.value.clone(), |value, part| {
                Value::Object(Map::from_iter([(part.to_owned(), value)]))
            });
        merge(&mut tree, wrapped, String::new()).map_err(|other| TemplateError::Conflict {
            fact: fact.name.clone(),
            other,
        })?;
    }
    Ok(tree)
}

/// Merges tables; anything else must be equal. The error is the path of the first conflict.
fn merge(into: &mut Value, from: Value, path: String) -> Result<(), String> {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(there) => {
                        let path = if path.is_empty() {
                            key
                        } else {
                            format!("{path}.{key}")
                        };
                        merge(there, value, path)?;
                    }
                    None => {
                        into.insert(key, value);
                    }
                }
            }
            Ok(())
        }
        (into, from) if *into == from => Ok(()),
        _ => Err(path),
    }
}

/// Renders a text.
///
/// # Errors
/// If it quotes something that is not in the context, or does not compile.
pub fn render(text: &str, context: &Value) -> Result<String, TemplateError> {
    render_in(environment(), text, context)
}

/// The same in an environment of another kind, created by [`strict`].
pub(super) fn render_in(
    environment: &Environment<'static>,
    text: &str,
    context: &Value,
) -> Result<String, TemplateError> {
    Renderer::new(context).text(environment, text)
}

/// Renders every text in a tree. A text that is exactly one `{{ expression }}` becomes the
/// expression's value in its own type; keys stay as they are.
///
/// # Errors
/// The first text that cannot be rendered, with the field that contains it.
pub fn render_fields(fields: &Value, context: &Value) -> Result<Value, TemplateError> {
    Renderer::new(context).fields(fields)
}

/// A context in the template engine's own form, created on first use.
struct Renderer<'c> {
    context: &'c Value,
    converted: OnceCell<minijinja::Value>,
}

impl<'c> Renderer<'c> {
    fn new(context: &'c Value) -> Self {
        Self {
            context,
            converted: OnceCell::new(),
        }
    }

    fn converted(&self) -> minijinja::Value {
        self.converted
            .get_or_init(|| minijinja::Value::from(Serde(self.context)))
            .clone()
    }

    fn fields(&self, fields: &Value) -> Result<Value, TemplateError> {
        match fields {
            Value::String(text) => match Self::single_expression(text) {
                Some(expression) => self.evaluate(expression),
                None => self.text(environment(), text).map(Value::String),
            },
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    self.fields(item)
                        .map_err(|error| error.in_field(&format!("[{index}]")))
                })
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
            Value::Object(table) => table
                .iter()
                .map(|(key, value)| {
                    let value = self.fields(value).map_err(|error| error.in_field(key))?;
                    Ok((key.clone(), value))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            other => Ok(other.clone()),
        }
    }

    fn text(
        &self,
        environment: &Environment<'static>,
        text: &str,
    ) -> Result<String, TemplateError> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        bearable(text)?;
        let template = environment
            .template_from_str(text)
            .map_err(|error| TemplateError::broken(told(&error)))?;
        let made = template.render(self.converted()).map_err(|error| {
            explain(
                &error,
                text,
                template.undeclared_variables(true),
                self.context,
            )
        })?;
        text_of(made)
    }

    /// The expression of a text that is exactly one `{{ expression }}`.
    fn single_expression(text: &str) -> Option<&str> {
        let inside = text.strip_prefix("{{")?.strip_suffix("}}")?;
        if too_long(text).is_some() {
            return None;
        }
        let compiles = environment().compile_expression(inside);
        compiles.is_ok().then_some(inside)
    }

    fn evaluate(&self, expression: &str) -> Result<Value, TemplateError> {
        let compiled = environment()
            .compile_expression(expression)
            .map_err(|error| TemplateError::broken(told(&error)))?;
        let names = || compiled.undeclared_variables(true);
        let value = compiled
            .eval(self.converted())
            .map_err(|error| explain(&error, expression, names(), self.context))?;
        if value.is_undefined() {
            return Err(undefined(expression, names(), self.context));
        }
        value_of(&value)
    }
}

/// Renders a text from parameters alone.
pub(crate) fn render_parameters(
    parameters: &Map<String, Value>,
    text: &str,
) -> Result<String, TemplateError> {
    if !is_template(text) {
        return Ok(text.to_owned());
    }
    render(text, &Value::Object(parameters.clone()))
}

/// Whether it contains anything to fill in.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// Whether there is anything to fill in below a value.
pub(crate) fn holds_template(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(table) => table.values().any(holds_template),
        _ => false,
    }
}

/// The names that a template quotes, dotted, as far as they can be determined without running it.
///
/// # Errors
/// If it does not compile.
pub fn quoted_names(text: &str) -> Result<BTreeSet<String>, TemplateError> {
    if !is_template(text) {
        return Ok(BTreeSet::new());
    }
    bearable(text)?;
    let environment = environment();
    let template = environment
        .template_from_str(text)
        .map_err(|error| TemplateError::broken(told(&error)))?;
    let globals: BTreeSet<&str> = environment.globals().map(|(name, _)| name).collect();
    Ok(template
        .undeclared_variables(true)
        .into_iter()
        .filter(|name| !globals.contains(name.split('.').next().unwrap_or(name)))
        .collect())
}

/// Refuses a tag that the template engine could not walk through.
fn bearable(text: &str) -> Result<(), TemplateError> {
    match too_long(text) {
        Some(_) => Err(TemplateError::broken(too_long_told())),
        None => Ok(()),
    }
}

fn too_long_told() -> String {
    format!("a tag of more than {LONGEST} bytes")
}

/// The position of a template's error, in bytes, and its message. Unknown filters and tests are
/// errors too, although the engine would report them only while rendering.
pub(crate) fn syntax_error(text: &str) -> Option<(std::ops::Range<usize>, String)> {
    if let Some(range) = too_long(text) {
        return Some((range, too_long_told()));
    }
    if let Err(error) = environment().template_from_str(text) {
        return Some((error.range().unwrap_or(0..text.len()), told(&error)));
    }
    calls(text).into_iter().find_map(|call| {
        let name = call.name;
        let reason = match call.kind {
            CallKind::Filter if is_filter(name) => return None,
            CallKind::Test if is_test(name) => return None,
            CallKind::Filter => format!("there is no filter `{name}`"),
            CallKind::Test => format!("there is no test `{name}`"),
            CallKind::Template => format!("`{name}` needs another template, and each stands alone"),
        };
        Some((call.range, reason))
    })
}

fn is_filter(name: &str) -> bool {
    let called = environment().empty_state().apply_filter(name, &[]);
    !called.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
}

fn is_test(name: &str) -> bool {
    let called = environment().empty_state().perform_test(name, &[]);
    !called.is_err_and(|error| error.kind() == ErrorKind::UnknownTest)
}

/// A strict environment without escaping, because the output is text, not HTML; and with limits,
/// because the template may come from a stranger.
pub(super) fn strict() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(formatted);
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    // The usual delimiters are always valid; without the settings only white space differs.
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(strict);

/// A table or a list as JSON, which everything reads; none for any other value.
pub(super) fn as_json(value: &minijinja::Value) -> Option<String> {
    use minijinja::value::ValueKind;
    let whole = matches!(
        value.kind(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable
    );
    whole.then(|| serde_json::to_string(value).ok()).flatten()
}

fn formatted(
    output: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    match as_json(value) {
        Some(json) => {
            let written = std::fmt::Write::write_str(output, &json);
            written.map_err(minijinja::Error::from)
        }
        None => minijinja::escape_formatter(output, state, value),
    }
}

fn environment<'s>() -> &'s Environment<'s> {
    &ENVIRONMENT
}

fn explain(
    error: &minijinja::Error,
    text: &str,
    names: impl IntoIterator<Item = String>,
    context: &Value,
) -> TemplateError {
    if error.kind() == ErrorKind::UndefinedError {
        let shown = error.range().and_then(|range| {
            // The engine marks only the last step of a path; the whole path is more helpful.
            let of_path = |letter: char| letter.is_alphanumeric() || "_.[]".contains(letter);
            let before = text.get(..range.start)?.trim_end_matches(of_path);
            text.get(before.len()..range.end)
        });
        return undefined(shown.unwrap_or(text), names, context);
    }
    TemplateError::broken(told(error))
}

/// Names what is missing: the first quoted name that is not in the context, or else the expression
/// itself.
fn undefined(
    expression: &str,
    names: impl IntoIterator<Item = String>,
    context: &Value,
) -> TemplateError {
    let names: BTreeSet<String> = names.into_iter().collect();
    let missing = names
        .iter()
        .filter(|name| look_up(context, name).is_none())
        .max_by_key(|name| expression.contains(name.as_str()));
    TemplateError::Undefined {
        subtask: None,
        field: String::new(),
        name: missing.map_or(expression.trim(), String::as_str).to_owned(),
    }
}

/// The value at a dotted path of table keys.
pub(crate) fn look_up<'v>(tree: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.')
        .try_fold(tree, |value, part| value.get(part))
}

/// An error of the template engine in one line.
fn told(error: &minijinja::Error) -> String {
    match error.detail() {
        _ if error.kind() == ErrorKind::OutOfFuel => OUT_OF_FUEL.to_owned(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}
