//! The path of a value. Its names are kept separately: a name that contains a dot is one name.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use serde_json::Value;

use crate::journal::referred;

/// Values by their paths.
pub(super) type Values = BTreeMap<Path, Value>;

/// The path of a value in a run's data.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The object it belongs to, such as a fact: `canary.runs`.
    Of(String),
    Item(usize),
    Field(String),
}

impl Path {
    /// That of a whole: a fact, a parameter.
    pub(super) fn of(whole: &str) -> Self {
        Self(vec![Step::Of(whole.to_owned())])
    }

    /// The names of the enclosing fields, outermost first, without list positions.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for step in &self.0 {
            match step {
                Step::Of(whole) => names.extend(whole.split('.')),
                Step::Field(name) => names.push(name),
                Step::Item(_) => {}
            }
        }
        names
    }

    /// The field `name` beside this one, when this one is a field called `own`.
    pub(super) fn beside(&self, own: &str, name: &str) -> Option<Self> {
        let (last, table) = self.0.split_last()?;
        matches!(last, Step::Field(field) if field == own)
            .then(|| Self([table, &[Step::Field(name.to_owned())]].concat()))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Of(name) | Step::Field(name) => {
                    write!(f, "{}{name}", if at == 0 { "" } else { "." })?;
                }
            }
        }
        Ok(())
    }
}

/// Collects all values below a path.
pub(super) fn collect(path: &Path, value: &Value, found: &mut Values) {
    below(&mut path.clone(), value, found);
}

fn below(path: &mut Path, value: &Value, found: &mut Values) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                path.0.push(Step::Item(at));
                below(path, item, found);
                path.0.pop();
            }
        }
        // A reference to a long text is one value.
        Value::Object(table) if !table.is_empty() && referred(value).is_none() => {
            for (name, item) in table {
                path.0.push(Step::Field(name.clone()));
                below(path, item, found);
                path.0.pop();
            }
        }
        leaf => drop(found.insert(path.clone(), leaf.clone())),
    }
}

/// Whether a value that is empty in the one run has content in the other.
pub(super) fn is_filled(path: &Path, one: &Values, other: &Values) -> bool {
    let is_list = match one.get(path) {
        Some(Value::Array(items)) if items.is_empty() => true,
        Some(Value::Object(table)) if table.is_empty() => false,
        _ => return false,
    };
    let mut behind = other.range((Bound::Excluded(path), Bound::Unbounded));
    let next = behind.next().and_then(|(next, _)| {
        let rest = next.0.strip_prefix(path.0.as_slice())?;
        rest.first()
    });
    !other.contains_key(path) && next.is_some_and(|next| matches!(next, Step::Item(_)) == is_list)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: &Value) -> Values {
        let mut found = Values::new();
        collect(&Path::of("a.fact"), value, &mut found);
        found
    }

    #[test]
    fn a_name_with_a_dot_is_one_name() {
        let found = values(&json!({"ab": {"c": 1}, "ab.c": [5], "at[0]": 6}));
        let told: Vec<String> = found.keys().map(ToString::to_string).collect();
        assert_eq!(told, ["a.fact.ab.c", "a.fact.ab.c[0]", "a.fact.at[0]"]);
        let names: Vec<_> = found.keys().map(Path::names).collect();
        assert_eq!(names[0], ["a", "fact", "ab", "c"]);
        assert_eq!(names[1], ["a", "fact", "ab.c"]);
        assert_eq!(names[2], ["a", "fact", "at[0]"]);
    }

    #[test]
    fn items_stand_in_their_order() {
        let found = values(&json!((0..12).collect::<Vec<_>>()));
        assert_eq!(found.keys().nth(10).unwrap().to_string(), "a.fact[10]");
    }

    #[test]
    fn what_is_empty_is_filled_by_its_own_kind() {
        let of = |value: Value| values(&json!({ "x": value }));
        let filled = |one: &Value, other: &Value| {
            let (one, other) = (of(one.clone()), of(other.clone()));
            let path = one.keys().next().unwrap();
            is_filled(path, &one, &other)
        };
        assert!(filled(&json!([]), &json!([1])));
        assert!(filled(&json!({}), &json!({"y": 1})));
        assert!(!filled(&json!([]), &json!({"y": 1})));
        assert!(!filled(&json!([]), &json!([])));
        assert!(!filled(&json!(null), &json!([1])));
    }
}
