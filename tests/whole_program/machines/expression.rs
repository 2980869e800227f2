//! The expressions that `gate workflow` writes: `!`, `&&`, `||`, `==`, `!=`, brackets, texts,
//! dotted names, and `contains(fromJSON(…), …)`, `always()`, `failure()`, `cancelled()`.

use std::collections::BTreeMap;

/// What names stand for, and how it stands.
#[derive(Clone, Default)]
pub(crate) struct Context {
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) failed: bool,
}

/// The value of an expression; empty is false.
pub(crate) fn value(text: &str, context: &Context) -> String {
    let mut parser = Parser {
        rest: text.trim(),
        context,
    };
    let value = parser.or();
    assert!(
        parser.rest.is_empty(),
        "`{}` is left of `{text}`",
        parser.rest
    );
    value
}

pub(crate) fn holds(text: &str, context: &Context) -> bool {
    let text = text.trim();
    let inside = text
        .strip_prefix("${{")
        .and_then(|text| text.strip_suffix("}}"));
    let value = value(inside.unwrap_or(text), context);
    !value.is_empty() && value != "false"
}

/// A text with its `${{ … }}` filled in.
pub(crate) fn filled(text: &str, context: &Context) -> String {
    let mut parts = text.split("${{");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once("}}").unwrap();
        out.push_str(&value(inside, context));
        out.push_str(rest);
    }
    out
}

struct Parser<'a> {
    rest: &'a str,
    context: &'a Context,
}

impl Parser<'_> {
    fn takes(&mut self, word: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> String {
        let mut left = self.and();
        while self.takes("||") {
            let right = self.and();
            left = if is_true(&left) { left } else { right };
        }
        left
    }

    fn and(&mut self) -> String {
        let mut left = self.equal();
        while self.takes("&&") {
            let right = self.equal();
            left = if is_true(&left) { right } else { left };
        }
        left
    }

    fn equal(&mut self) -> String {
        let left = self.unary();
        if self.takes("==") {
            return (left == self.unary()).to_string();
        }
        if self.takes("!=") {
            return (left != self.unary()).to_string();
        }
        left
    }

    fn unary(&mut self) -> String {
        if self.takes("!") {
            return (!is_true(&self.unary())).to_string();
        }
        if self.takes("(") {
            let inside = self.or();
            assert!(self.takes(")"));
            return inside;
        }
        if self.takes("'") {
            let (text, rest) = self.rest.split_once('\'').unwrap();
            let text = text.to_owned();
            self.rest = rest;
            return text;
        }
        self.named()
    }

    fn named(&mut self) -> String {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        let end = self.rest.find(|letter| !is_part(letter));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        if !self.takes("(") {
            return self.context.names.get(name).cloned().unwrap_or_default();
        }
        let mut arguments = Vec::new();
        while !self.takes(")") {
            arguments.push(self.or());
            self.takes(",");
        }
        match (name, arguments.as_slice()) {
            ("always", []) => "true".to_owned(),
            ("cancelled", []) => "false".to_owned(),
            ("failure", []) => self.context.failed.to_string(),
            ("fromJSON", [text]) => text.clone(),
            ("contains", [list, item]) => {
                let list: Vec<String> = serde_json::from_str(list).unwrap();
                list.contains(item).to_string()
            }
            other => panic!("{other:?}"),
        }
    }
}

fn is_true(value: &str) -> bool {
    !value.is_empty() && value != "false"
}

#[test]
fn expressions_are_read_as_github_reads_them() {
    let mut context = Context::default();
    context.names.insert("inputs.until".into(), "WP06".into());
    for (text, expected) in [
        (
            "!cancelled() && !failure() && (inputs.until == 'all' || contains(fromJSON('[\"WP06\"]'), inputs.until))",
            "true",
        ),
        ("inputs.until != '' && inputs.until == 'WP05'", "false"),
        ("inputs.candidate || 'newest'", "newest"),
        ("always() && steps.gate.outputs.bundle != ''", "false"),
    ] {
        assert_eq!(value(text, &context), expected, "{text}");
    }
    assert_eq!(filled("a ${{ inputs.until }} b", &context), "a WP06 b");
}
