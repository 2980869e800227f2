//! Conditions on values: `path == value`, as gate files write them. Pure.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::{Kind, read_json, value_at};

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `in`: one of a list.
    In,
}

/// Longer ones first: `<=` begins with `<`.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::More),
    (" in ", Operator::In),
];

/// A condition on the value at a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Dotted path of the value, such as `build.tests.ran`.
    pub path: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: Value,
}

impl Condition {
    /// Whether a text is a comparison rather than only a path.
    #[must_use]
    pub fn is_comparison(text: &str) -> bool {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.[]-".contains(letter);
        !text.trim().chars().all(plain)
    }

    /// Parses `path == value`. The value is a number, `true`, `false`, a text in quotes or a single
    /// word, or a list of these.
    ///
    /// # Errors
    /// The part that cannot be parsed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = OPERATORS
            .iter()
            .filter_map(|(sign, operator)| Some((text.find(sign)?, sign, *operator)))
            .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
        let Some((at, sign, operator)) = found else {
            return Err(format!(
                "`{text}` compares nothing: expected `path == value` (or !=, <, <=, >, >=, in)"
            ));
        };
        let path = text[..at].trim();
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_.[]-".contains(letter);
        if path.is_empty() || !path.chars().all(allowed) {
            return Err(format!("`{path}` is no path such as `build.tests.ran`"));
        }
        let value = literal(text[at + sign.len()..].trim())?;
        match (operator, &value) {
            (Operator::In, Value::Array(_)) => {}
            (Operator::In, _) => {
                return Err(format!("`in` needs a list: `{path} in [\"a\", \"b\"]`"));
            }
            (Operator::Equal | Operator::Unequal, _) | (_, Value::Number(_)) => {}
            (_, other) => {
                return Err(format!(
                    "`{}` compares numbers, and {other} is none (versions: the verb `compare-versions`)",
                    sign.trim()
                ));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            operator,
            value,
        })
    }

    /// The path of a condition: the left side of a comparison, or else the whole text.
    #[must_use]
    pub fn path_of(text: &str) -> String {
        if !Self::is_comparison(text) {
            return text.to_owned();
        }
        Self::parse(text).map_or_else(|_| text.to_owned(), |condition| condition.path)
    }

    /// Why a value of this kind can never be compared this way; none if it can.
    #[must_use]
    pub fn misfit(&self, kind: Kind) -> Option<String> {
        let number = |kind: Kind| matches!(kind, Kind::Number | Kind::Integer);
        let known = |value: &Value| {
            let other = Kind::of(value);
            let any = kind == Kind::Any || other == Kind::Any;
            any || kind == other || (number(kind) && number(other))
        };
        let fits = match (&self.operator, &self.value) {
            (Operator::In, Value::Array(items)) => items.iter().all(known),
            (_, value) => known(value),
        };
        let found = &self.value;
        (!fits).then(|| format!("`{}` is of the kind {kind}, and {found} is not", self.path))
    }

    /// Whether it holds for the value at its path in a tree.
    ///
    /// # Errors
    /// It cannot be determined: there is no such value, or it cannot be compared.
    pub fn holds_in(&self, tree: &Value) -> Result<bool, String> {
        let found = value_at(tree, &self.path);
        self.holds(found.ok_or_else(|| format!("there is no `{}`", self.path))?)
    }

    /// Whether it holds for a value.
    ///
    /// # Errors
    /// As [`Condition::holds_in`].
    pub fn holds(&self, found: &Value) -> Result<bool, String> {
        if let Operator::In = self.operator {
            let items = self.value.as_array().into_iter().flatten();
            return Ok(items.into_iter().any(|item| same(found, item)));
        }
        let comparable = found.is_null() || self.misfit(Kind::of(found)).is_none();
        if !comparable {
            return Err(format!(
                "`{}` is {found}, which cannot be compared with {}",
                self.path, self.value
            ));
        }
        match self.operator {
            Operator::Equal => return Ok(same(found, &self.value)),
            Operator::Unequal => return Ok(!same(found, &self.value)),
            _ => {}
        }
        let order = order(found, &self.value)
            .ok_or_else(|| format!("`{}` is {found}, which is no number", self.path))?;
        Ok(match self.operator {
            Operator::Less => order == Ordering::Less,
            Operator::AtMost => order != Ordering::Greater,
            Operator::More => order == Ordering::Greater,
            _ => order != Ordering::Less,
        })
    }
}

/// `1` and `1.0` are one number.
fn same(one: &Value, other: &Value) -> bool {
    match order(one, other) {
        Some(order) => order == Ordering::Equal,
        None => one == other,
    }
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return Some(one.cmp(&other));
    }
    one.as_f64()?.partial_cmp(&other.as_f64()?)
}

/// Parses a value: JSON, a text in single quotes, or a word.
fn literal(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Err("nothing to compare with".to_owned());
    }
    let single = |text: &str| {
        let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
        (!inside.contains('\'')).then(|| Value::from(inside))
    };
    if let Some(inside) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        && read_json(text).is_err()
    {
        let mut quote = None;
        let items = inside.split(|letter: char| {
            match quote {
                Some(open) if open == letter => quote = None,
                None if matches!(letter, '\'' | '"') => quote = Some(letter),
                _ => {}
            }
            letter == ',' && quote.is_none()
        });
        let items = items.map(str::trim);
        let items: Result<Vec<_>, _> = items.filter(|item| !item.is_empty()).map(literal).collect();
        return items.map(Value::Array);
    }
    if let Some(value) = single(text).or_else(|| read_json(text).ok()) {
        return Ok(value);
    }
    let word = |letter: char| letter.is_alphanumeric() || "_-.+/#:@".contains(letter);
    if text.chars().all(word) {
        return Ok(Value::from(text));
    }
    Err(format!(
        "`{text}` is no value: write a number, true, false, a text in quotes, or a list of such"
    ))
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = OPERATORS.iter().find(|(_, known)| *known == self.operator);
        let sign = sign.map_or("==", |(sign, _)| sign.trim());
        write!(f, "{} {sign} {}", self.path, self.value)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str) -> Result<bool, String> {
        let tree = json!({"a": {"n": 3, "t": "open", "f": 1.0, "b": true, "l": [{"x": 2}]},
            "s": "3", "nothing": null});
        Condition::parse(text)?.holds_in(&tree)
    }

    #[test]
    fn values_are_compared_in_their_own_type() {
        for (text, expected) in [
            ("a.n == 3", true),
            ("a.n != 3", false),
            ("a.n < 4", true),
            ("a.n <= 3", true),
            ("a.n > 3", false),
            ("a.n >= 3.0", true),
            ("a.f == 1", true),
            ("a.t == open", true),
            ("a.t == \"open\"", true),
            ("a.t != 'closed'", true),
            ("a.t in [open, closed]", true),
            ("a.t in ['shut', \"closed\"]", false),
            ("a.n in [1, 2]", false),
            ("a.b == true", true),
            ("a.l[0].x == 2", true),
            ("nothing == null", true),
            ("nothing == 1", false),
        ] {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        for text in [
            "s == 3",
            "s < 4",
            "a.x == 1",
            "nothing < 1",
            "a.n",
            "== 3",
            "a.n ==",
            "a.n < big",
            "a.n in 3",
            "a n == 3",
            "a.t == two words",
        ] {
            assert!(holds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_kind_that_never_fits_is_known_before() {
        let misfit = |text: &str, kind| Condition::parse(text).unwrap().misfit(kind);
        assert!(misfit("x == 1", Kind::Text).is_some());
        assert!(misfit("x == 1", Kind::Integer).is_none());
        assert!(misfit("x in [a, 1]", Kind::Text).is_some());
        assert!(misfit("x == a", Kind::Any).is_none());
    }
}
