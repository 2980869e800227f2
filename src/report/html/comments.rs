//! A posted comment, with the origin of each of its values. The template is rendered once more,
//! with values that carry their names; only if the result equals the posted text is it shown that
//! way.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value as Filled};
use serde::Serialize;
use serde_json::Value;

use super::text::visible;
use crate::gate::Gate;
use crate::model::{Facts, context};
use crate::verbs::Verb;

/// Marks around a value: its number, then its text.
const OPEN: char = '\u{e000}';
const MIDDLE: char = '\u{e001}';
const CLOSE: char = '\u{e002}';

/// A part of a comment.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Piece {
    pub(super) text: String,
    /// The name of the value, if it is one.
    pub(super) name: Option<String>,
    /// The link to its origin.
    pub(super) anchor: Option<String>,
}

/// The pieces of a posted text; one piece where no template gives it.
pub(super) fn pieces(
    gate: &Gate,
    facts: &Facts,
    by: &str,
    posted: &str,
    anchor: &dyn Fn(&str) -> Option<String>,
) -> Vec<Piece> {
    let whole = || {
        vec![Piece {
            text: visible(posted),
            name: None,
            anchor: None,
        }]
    };
    let template = gate
        .subtasks()
        .find_map(|(_, subtask)| match &subtask.verb {
            Verb::Comment(comment) if subtask.id.as_str() == by => {
                gate.templates.get(&comment.template)
            }
            _ => None,
        });
    // Existing marks would be taken for ours.
    let Some(template) = template.filter(|_| !posted.contains([OPEN, MIDDLE, CLOSE])) else {
        return whole();
    };
    let Some((text, names)) = filled(template, gate, facts) else {
        return whole();
    };
    let mut pieces = split(&text, &names, anchor);
    let plain: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    // The comment's idempotency key follows the rendered template.
    let Some(rest) = posted.strip_prefix(plain.trim_end()) else {
        return whole();
    };
    let rest = rest
        .strip_prefix(&plain[plain.trim_end().len()..])
        .unwrap_or(rest);
    pieces.push(Piece {
        text: rest.to_owned(),
        name: None,
        anchor: None,
    });
    for piece in &mut pieces {
        piece.text = visible(&piece.text);
    }
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

fn split(text: &str, names: &[String], anchor: &dyn Fn(&str) -> Option<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let plain = |text: &str| Piece {
        text: text.to_owned(),
        name: None,
        anchor: None,
    };
    for part in text.split_inclusive([OPEN, CLOSE]) {
        let part = part.trim_end_matches(OPEN);
        let Some(inside) = part.strip_suffix(CLOSE) else {
            pieces.push(plain(part));
            continue;
        };
        let value = inside.split_once(MIDDLE);
        let name = value.and_then(|(number, _)| names.get(number.parse::<usize>().ok()?));
        pieces.push(Piece {
            text: value.map_or(inside, |(_, text)| text).to_owned(),
            anchor: name.and_then(|name| anchor(name)),
            name: name.map(|name| visible(name)),
        });
    }
    pieces
}

/// The template with marked values, and their names by number.
fn filled(template: &str, gate: &Gate, facts: &Facts) -> Option<(String, Vec<String>)> {
    let context = context(&gate.parameters, facts).ok()?;
    let names = Arc::new(Mutex::new(Vec::new()));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(10_000_000));
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.ok()?);
    let made = environment.template_from_str(template).ok()?;
    let text = made.render(marked(&context, String::new(), &names)).ok()?;
    let names = names.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Some((text, names))
}

type Names = Arc<Mutex<Vec<String>>>;

fn marked(value: &Value, path: String, names: &Names) -> Filled {
    match value {
        Value::Object(table) => {
            let below = |(key, value): (&String, &Value)| {
                let path = match path.as_str() {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                (key.clone(), marked(value, path, names))
            };
            // Collected directly, it would be a list of pairs.
            Filled::from(
                table
                    .iter()
                    .map(below)
                    .collect::<BTreeMap<String, Filled>>(),
            )
        }
        Value::Array(items) => {
            let item =
                |(index, item): (usize, &Value)| marked(item, format!("{path}[{index}]"), names);
            Filled::from(items.iter().enumerate().map(item).collect::<Vec<Filled>>())
        }
        Value::Bool(flag) => Filled::from(*flag),
        Value::Null => Filled::from(()),
        Value::String(text) => Filled::from_object(Leaf::new(path, text.clone(), names)),
        Value::Number(number) => Filled::from_object(Leaf::new(path, number.to_string(), names)),
    }
}

/// A text or number that prints its own path.
#[derive(Debug)]
struct Leaf {
    path: String,
    text: String,
    names: Names,
}

impl Leaf {
    fn new(path: String, text: String, names: &Names) -> Self {
        Self {
            path,
            text,
            names: Arc::clone(names),
        }
    }
}

impl Object for Leaf {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let number = names.len();
        names.push(self.path.clone());
        write!(f, "{OPEN}{number}{MIDDLE}{}{CLOSE}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Fact, Source, SubtaskId};

    fn facts(all: &[(&str, Value)]) -> Facts {
        let mut facts = Facts::default();
        for (name, value) in all {
            let source = Source::of(SubtaskId::new("C01"), Some(1));
            let (name, value) = ((*name).to_owned(), value.clone());
            facts
                .publish(Fact {
                    name,
                    value,
                    source,
                })
                .unwrap();
        }
        facts
    }

    fn gate(template: &str) -> Gate {
        let text = include_str!("../../../tests/gates/minimal.toml");
        Gate::load("gate.toml", text, &|_| Some(template.to_owned())).unwrap()
    }

    fn shown(template: &str, posted: &str) -> Vec<Piece> {
        let health = json!({"version": "1.2", "rows": 22, "runs": [{"id": "a"}, {"id": "b"}], "holds": true});
        let facts = facts(&[("health", health)]);
        pieces(&gate(template), &facts, "P01", posted, &|name| {
            Some(format!("at-{name}"))
        })
    }

    fn values(pieces: &[Piece]) -> Vec<(&str, &str)> {
        let named = |piece: &'_ Piece| piece.name.is_some();
        let values = pieces.iter().filter(|piece| named(piece));
        values
            .map(|piece| (piece.text.as_str(), piece.anchor.as_deref().unwrap_or("")))
            .collect()
    }

    #[test]
    fn each_value_knows_where_it_came_from() {
        let template = "{{ health.version }} has {{ health.rows }}\n{% for run in health.runs %}- {{ run.id }}\n{% endfor %}\n";
        let posted = "1.2 has 22\n- a\n- b\n\n<!-- key -->\n";
        let pieces = shown(template, posted);
        let all: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(all, posted);
        assert_eq!(
            values(&pieces),
            [
                ("1.2", "at-health.version"),
                ("22", "at-health.rows"),
                ("a", "at-health.runs[0].id"),
                ("b", "at-health.runs[1].id")
            ]
        );
    }

    #[test]
    fn what_was_posted_otherwise_is_shown_as_it_was() {
        let posted = "1.3 has 22\n";
        assert_eq!(
            values(&shown(
                "{{ health.version }} has {{ health.rows }}\n",
                posted
            )),
            []
        );
        // Compared with a text, a marked value is different: then nothing is linked.
        let compares =
            "{% if health.version == '1.2' %}same{% else %}other{% endif %} {{ health.rows }}\n";
        let pieces = shown(compares, "same 22\n");
        assert_eq!(
            (values(&pieces), pieces[0].text.as_str()),
            (vec![], "same 22\n")
        );
    }
}
