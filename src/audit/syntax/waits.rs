//! Which numbers are wait times: recognised by the name of what receives them, such as an argument,
//! a constant, an attribute, a key or the called function.

use super::tree::{Kind, Node};

/// A node and which of its children leads to the number.
pub(super) type Step<'n> = (&'n Node, usize);

/// Whether a number at the end of this path is a wait. The unit is the function around it.
pub(super) fn is_wait(path: &[Step<'_>], unit: &str, before: &Node, after: &Node) -> bool {
    let constant = |node: &Node| node.called.as_deref().map(names_a_wait);
    match given_to(path, unit) {
        Some(true) => true,
        // The name of a constant that is used there in both versions counts, too.
        _ => match (constant(before), constant(after)) {
            (Some(before), Some(after)) => before && after,
            _ => false,
        },
    }
}

/// Whether the receiver of a number waits; none if the receiver has no name.
fn given_to(path: &[Step<'_>], unit: &str) -> Option<bool> {
    for (node, at) in path.iter().rev() {
        match step(node, *at, unit) {
            Leads::Waits => return Some(true),
            Leads::Other => return Some(false),
            Leads::Unnamed => return None,
            Leads::Further => {}
        }
    }
    None
}

enum Leads {
    Waits,
    Other,
    Unnamed,
    Further,
}

impl Leads {
    fn named(name: &str) -> Self {
        if names_a_wait(name) {
            Self::Waits
        } else {
            Self::Other
        }
    }
}

fn step(node: &Node, at: usize, unit: &str) -> Leads {
    let child = |index: usize| node.children.get(index);
    match node.kind {
        Kind::Keyword if is_generic(&node.text) => Leads::Further,
        Kind::Keyword | Kind::Parameter => Leads::named(&node.text),
        Kind::Call => call(node, at),
        Kind::Other if node.text == "pair" => {
            child(0).map_or(Leads::Other, |key| Leads::named(last_name(key)))
        }
        Kind::Index => Leads::Other,
        Kind::Other if matches!(node.text.as_str(), "slice" | "interpolation") => Leads::Other,
        Kind::Assign | Kind::Walrus if at == 0 => Leads::Other,
        Kind::Assign | Kind::Walrus => {
            child(0).map_or(Leads::Other, |target| Leads::named(target_name(target)))
        }
        Kind::Return | Kind::Yield => Leads::named(
            unit.split('#')
                .next()
                .and_then(|name| name.rsplit('.').next())
                .unwrap_or(unit),
        ),
        Kind::Compare | Kind::Operator => {
            let beside = node
                .children
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != at);
            if beside
                .into_iter()
                .any(|(_, part)| part.any(&mut speaks_of_a_wait))
            {
                Leads::Waits
            } else if node.kind == Kind::Compare {
                Leads::Unnamed
            } else {
                Leads::Further
            }
        }
        Kind::Other if node.text == "header" => match child(0) {
            Some(target) if at == 1 && names_a_wait(last_name(target)) => Leads::Waits,
            _ => Leads::Unnamed,
        },
        Kind::Block | Kind::Expression | Kind::Raise | Kind::If | Kind::Loop => Leads::Unnamed,
        _ => Leads::Further,
    }
}

fn call(node: &Node, at: usize) -> Leads {
    const HANDS_ON: [&str; 12] = [
        "min",
        "max",
        "float",
        "int",
        "round",
        "abs",
        "timedelta",
        "Decimal",
        "Fraction",
        "Field",
        "field",
        "str",
    ];
    let Some(callee) = node.children.first().filter(|_| at > 0) else {
        return Leads::Unnamed;
    };
    let name = last_name(callee);
    let words = node.children[1..]
        .iter()
        .filter(|argument| argument.kind == Kind::Text);
    let is_name = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    if names_a_wait(name)
        || words
            .into_iter()
            .any(|word| is_name(&word.text) && names_a_wait(&word.text))
    {
        Leads::Waits
    } else if HANDS_ON.contains(&name) || is_reader(name) {
        Leads::Further
    } else {
        Leads::Unnamed
    }
}

/// `environ.get(name, default)` and similar calls: the value is passed on to its target.
fn is_reader(name: &str) -> bool {
    matches!(
        name,
        "get" | "getenv" | "getint" | "getfloat" | "setdefault" | "getattr"
    )
}

fn is_generic(keyword: &str) -> bool {
    matches!(
        keyword,
        "default" | "value" | "initial" | "fallback" | "const"
    )
}

fn speaks_of_a_wait(node: &Node) -> bool {
    matches!(node.kind, Kind::Name | Kind::Attribute) && names_a_wait(&node.text)
}

/// The last part of a name, or a text that is a key.
fn last_name(node: &Node) -> &str {
    match node.kind {
        Kind::Name | Kind::Attribute | Kind::Text => &node.text,
        _ => "",
    }
}

fn target_name(target: &Node) -> &str {
    match target.kind {
        Kind::Index => target.children.last().map_or("", last_name),
        _ => last_name(target),
    }
}

/// Whether the words of a name refer to a wait.
pub(super) fn names_a_wait(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "wait",
        "waits",
        "waiting",
        "grace",
        "ttl",
        "tries",
        "poll",
        "polls",
        "polling",
        "sec",
        "secs",
        "second",
        "seconds",
        "ms",
        "msec",
        "millis",
        "milliseconds",
        "minute",
        "minutes",
        "cooldown",
        "debounce",
        "throttle",
        "jitter",
        "heartbeat",
        "keepalive",
        "linger",
        "pause",
        "patience",
        "elapsed",
        "monotonic",
        "duration",
    ];
    const PARTS: &[&str] = &[
        "timeout", "sleep", "delay", "interval", "retry", "retries", "attempt", "deadline",
        "backoff",
    ];
    // `TIMEOUT_STATUS`, `retry_codes` and `SECONDS_PER_DAY` are not waits.
    const NOT: &[&str] = &[
        "status",
        "code",
        "codes",
        "exit",
        "errno",
        "error",
        "errors",
        "exception",
        "version",
        "index",
        "port",
        "signal",
        "row",
        "rows",
        "size",
        "width",
        "height",
        "priority",
        "level",
        "id",
        "ids",
        "per",
        "column",
        "columns",
    ];
    let words = words_of(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let part = words
        .iter()
        .any(|word| PARTS.iter().any(|part| word.contains(part)));
    (part || has(WORDS)) && !has(NOT)
}

/// The words of `SYNC_TIMEOUT`, `syncTimeout`, `sync-timeout`, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in name.chars() {
        let begins = letter.is_uppercase() && small;
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        small = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::names_a_wait;

    #[test]
    fn names_of_waits_and_of_other_numbers() {
        let waits = "TIMEOUT connect_timeout_s pollInterval retry_count MAX_ATTEMPTS settimeout \
                     wait_for sleep backoff grace --timeout lease.ttl RETRIES seconds";
        for name in waits.split_whitespace() {
            assert!(names_a_wait(name), "{name}");
        }
        let others = "limit max_rows version status_code TIMEOUT_STATUS SECONDS_PER_DAY width \
                      await_index retry_codes WIDE awaited port offset";
        for name in others.split_whitespace() {
            assert!(!names_a_wait(name), "{name}");
        }
    }
}
