//! Differences between values of two runs, except nondeterministic ones.

use std::collections::BTreeSet;

use serde_json::Value;

use super::difference::Difference;
use super::moment::Moment;
use super::path::{Path, Values, is_filled};
use super::told;
use super::volatile::{Excuse, excuse};

/// Why a value differs although it is equal without its nondeterministic parts.
const OF_THE_MOMENT: &str = "it differs only in times, ids and ports";
/// Why a size differs.
const SIZE: &str = "the size of what differs only in times, ids and ports";

/// The moments of both runs.
pub(super) struct Moments<'r> {
    pub(super) one: Moment<'r>,
    pub(super) other: Moment<'r>,
}

impl Moments<'_> {
    /// Two values without their nondeterministic parts.
    fn steady<'v>(
        &self,
        names: &[&'v str],
        one: Option<&'v Value>,
        other: Option<&'v Value>,
    ) -> (Option<Value>, Option<Value>) {
        (
            one.map(|value| self.one.steady(value, &mut names.to_vec())),
            other.map(|value| self.other.steady(value, &mut names.to_vec())),
        )
    }

    /// Whether two values are equal without their nondeterministic parts.
    pub(super) fn same(&self, one: Option<&Value>, other: Option<&Value>) -> bool {
        let (one, other) = self.steady(&[], one, other);
        one == other
    }

    /// The differences between two sets of values by path.
    pub(super) fn differences(&self, a: &Values, b: &Values) -> Vec<Difference> {
        let paths: BTreeSet<&Path> = a.keys().chain(b.keys()).collect();
        paths
            .into_iter()
            .filter(|path| a.get(*path) != b.get(*path))
            // For an empty list and a filled one, the items are reported.
            .filter(|path| !is_filled(path, a, b) && !is_filled(path, b, a))
            .map(|path| self.difference(path, a, b))
            .collect()
    }

    fn difference(&self, path: &Path, a: &Values, b: &Values) -> Difference {
        let (one, other) = (a.get(path), b.get(path));
        let names = path.names();
        let steady = self.steady(&names, one, other);
        let of_the_moment = || (steady.0 == steady.1).then_some(OF_THE_MOMENT);
        let size = || self.is_size_of_the_moment(path, a, b).then_some(SIZE);
        let volatile = excused(&names, one, other)
            .or_else(of_the_moment)
            .or_else(size);
        let lines = || {
            let (one, other) = (self.one.whole(one?)?, self.other.whole(other?)?);
            told::lines(&one, &other)
        };
        let lines = volatile.is_none().then(lines).flatten();
        Difference {
            path: path.to_string(),
            one: one.cloned(),
            other: other.cloned(),
            lines,
            volatile,
        }
    }

    fn is_size_of_the_moment(&self, path: &Path, a: &Values, b: &Values) -> bool {
        let Some(digest) = path.beside("bytes", "sha256") else {
            return false;
        };
        let (one, other) = (a.get(&digest), b.get(&digest));
        one != other && self.same(one, other)
    }
}

/// Why, judging by its name, a different value has no meaning. Its presence in only one run does
/// have a meaning, unless an enclosing value has none as a whole.
fn excused(names: &[&str], one: Option<&Value>, other: Option<&Value>) -> Option<&'static str> {
    let there = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    match excuse(names)? {
        Excuse::Within(why) => Some(why),
        Excuse::Itself(why) => (there(one) && there(other)).then_some(why),
    }
}
