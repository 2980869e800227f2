//! A request or response as it is written in the journal.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A value as JSON, stored as it was written and parsed on demand: checking, sealing or packing a
/// journal needs few of the values. Clones are cheap.
#[derive(Clone)]
pub struct Said(Arc<RawValue>);

impl Said {
    /// A value as it is written.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn new(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self(to_raw_value(value)?.into()))
    }

    /// Its JSON.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Its value. Every type is read from this one, so that all readers see the same even with
    /// duplicate keys.
    ///
    /// # Errors
    /// For JSON that no value can hold, such as a number that is too large.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.text())
    }

    /// Its value, converted to a type.
    ///
    /// # Errors
    /// As [`Said::value`], or if it is not a value of this type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.value()?)
    }

    /// Its value, if the text is exactly the canonical form of that value. Another text (a
    /// duplicate name, a space, an unnecessary escape) could show people something else than it
    /// means, and this program never writes one.
    ///
    /// # Errors
    /// The check that failed, as a message.
    pub(crate) fn as_written(&self) -> Result<Value, String> {
        let value = self
            .value()
            .map_err(|error| format!("cannot be read: {error}"))?;
        let written = value.to_string();
        if written == self.text() {
            return Ok(value);
        }
        Err("is not written as the value that it reads as".to_owned())
    }

    /// Its value for display: if it cannot be parsed, its text.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.value().unwrap_or_else(|_| self.text().into())
    }
}

/// Two ways to write the same value are equal.
impl PartialEq for Said {
    fn eq(&self, other: &Self) -> bool {
        let value = |said: &Self| said.value().ok();
        self.text() == other.text()
            || value(self).is_some_and(|one| value(other).is_some_and(|two| one == two))
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<Value> for Said {
    fn from(value: Value) -> Self {
        // Serializing a `Value` cannot fail.
        Self(to_raw_value(&value).unwrap_or_default().into())
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let value = json!({"b": [1, 2.5, null], "a": "‹x›\n"});
        let said = Said::from(value.clone());
        assert_eq!(said.text(), value.to_string());
        assert_eq!(said.read::<Value>().unwrap(), value);
        let again: Said = serde_json::from_str(said.text()).unwrap();
        assert_eq!(again, said);
        assert_eq!(serde_json::to_string(&again).unwrap(), said.text());
    }

    #[test]
    fn the_same_value_is_the_same_however_it_is_written() {
        let said = |text: &str| serde_json::from_str::<Said>(text).unwrap();
        assert_eq!(
            said(r#"{"a":1,"b":"x"}"#),
            said(r#"{ "b": "\u0078", "a": 1 }"#)
        );
        assert_ne!(said(r#"{"a":1}"#), said(r#"{"a":2}"#));
        assert_ne!(said("1e999"), said("2e999"), "neither can be read");
    }

    #[test]
    fn what_a_value_is_not_written_as_is_told() {
        let said = |text: &str| serde_json::from_str::<Said>(text).unwrap();
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a": 1}"#,
            r#"{"\u0061":1}"#,
            r#""\/""#,
            "1e3",
            "-0",
            "1e999",
            r#""\ud800""#,
            &deep,
        ] {
            let shown: String = text.chars().take(20).collect();
            assert!(said(text).as_written().is_err(), "{shown}");
        }
        for value in [
            json!({"b": [0.1, 1e300, -1], "a": "‹x›\n\u{1}\u{7f}/"}),
            json!(null),
        ] {
            assert_eq!(Said::from(value.clone()).as_written(), Ok(value));
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_read_in_one_way() {
        let said: Said =
            serde_json::from_str(r#"{"response":"id","value":"1","value":"2"}"#).unwrap();
        let read: crate::world::Response = said.read().unwrap();
        assert_eq!(said.value().unwrap()["value"], "2");
        assert_eq!(read, crate::world::Response::Id("2".into()));
    }
}
