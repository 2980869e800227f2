//! Comments for GitHub: a Markdown template whose values are text. The content of a fact is shown
//! literally wherever the template quotes it: it cannot become a mention, reference, HTML or table
//! cell.
//!
//! A template that uses a value as Markdown marks it with the filter `safe`. A value that consists
//! of an address only stays a link.

use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Output, State, Value as Made, escape_formatter};
use serde_json::Value;

use super::TemplateError;
use super::escape::{markdown, visible_value};
use super::template::{as_json, render_in, strict};

/// Marks the start of each value while a text is rendered. No text contains these marks: they are
/// noncharacters, and in a value they are escaped beforehand.
const OPENS: char = '\u{fdd0}';
const CLOSES: char = '\u{fdd1}';

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = strict();
    environment.set_formatter(mark);
    environment
});

/// Renders a comment.
///
/// # Errors
/// As [`super::render`].
pub fn render_comment(text: &str, context: &Value) -> Result<String, TemplateError> {
    let marked = render_in(&ENVIRONMENT, text, &visible_value(context.clone()))?;
    Ok(escaped(&marked))
}

fn mark(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Made,
) -> Result<(), minijinja::Error> {
    let is_plain = matches!(
        value.kind(),
        ValueKind::Undefined | ValueKind::None | ValueKind::Bool | ValueKind::Number
    );
    // Text captured by a block of the template has its marks already.
    let is_marked = value.as_str().is_some_and(|text| text.contains(OPENS));
    if is_plain || is_marked || value.is_safe() {
        return escape_formatter(out, state, value);
    }
    let text = as_json(value).unwrap_or_else(|| value.to_string());
    write!(out, "{OPENS}{text}{CLOSES}").map_err(minijinja::Error::from)
}

/// Where in its line the template is.
#[derive(Default)]
struct Around {
    /// Backticks so far in this line, of the template's own.
    ticks: usize,
    line: String,
    in_fence: bool,
}

impl Around {
    fn template(&mut self, text: &str) {
        for letter in text.chars() {
            if letter == '\n' {
                let start = self.line.trim_start();
                self.in_fence ^= start.starts_with("```") || start.starts_with("~~~");
                self.line.clear();
                self.ticks = 0;
                continue;
            }
            self.ticks += usize::from(letter == '`');
            self.line.push(letter);
        }
    }

    fn value(&self, text: &str) -> String {
        if self.in_fence {
            markdown::in_fence(text)
        } else if self.ticks % 2 == 1 {
            markdown::in_code(text)
        } else if is_address(text) {
            text.to_owned()
        } else {
            markdown::inline(text)
        }
    }
}

fn escaped(marked: &str) -> String {
    let mut out = String::with_capacity(marked.len());
    let mut around = Around::default();
    let mut rest = marked;
    while let Some(start) = rest.find(OPENS) {
        let (template, value) = rest.split_at(start);
        around.template(template);
        out.push_str(template);
        let value = &value[OPENS.len_utf8()..];
        let end = value.find(CLOSES).unwrap_or(value.len());
        out.push_str(&around.value(&value[..end]));
        rest = value[end..].strip_prefix(CLOSES).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// An address and nothing else, in letters that mean nothing in Markdown.
fn is_address(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| {
        rest.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._/#?=&%+:".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(template: &str, value: &str) -> String {
        render_comment(template, &json!({"x": value, "list": [value], "n": 3})).unwrap()
    }

    #[test]
    fn a_value_is_text_wherever_it_is_quoted() {
        let hostile = "`|@all\n# <b>fixes #1";
        for (template, shown) in [
            ("| `{{ x }}` |", "| `\\u{60}\\u{7c}@all\\n# <b>fixes #1` |"),
            (
                "{{ x }}",
                "<code>&#96;&#124;&#64;all&#92;n&#35;</code> \\<b\\>fixes `#1`",
            ),
            ("```\n{{ x }}\n```\n", "```\n`|@all\n# <b>fixes #1\n```\n"),
            (
                "{% set y %}a {{ x }}{% endset %}{{ y }}",
                "a <code>&#96;&#124;&#64;all&#92;n&#35;</code> \\<b\\>fixes `#1`",
            ),
            (
                "{% for one in list %}`{{ one }}`{% endfor %}",
                "`\\u{60}\\u{7c}@all\\n# <b>fixes #1`",
            ),
        ] {
            assert_eq!(made(template, hostile), shown, "{template}");
        }
        let marks = made("`{{ x }}`", "\u{fdd1}@a\u{fdd0}");
        assert_eq!(marks, "`\\u{fdd1}@a\\u{fdd0}`");
        let fence = made("```\n{{ x }}", "```\n@a");
        assert_eq!(fence, "```\n\\u{60}\\u{60}\\u{60}\n@a");
    }

    #[test]
    fn honest_values_stay_as_they_are() {
        for value in [
            "3.2.0rc16",
            "spec_kitty/events-1.2",
            "passed 4/4: nothing found",
            "https://github.com/o/r/issues/41#issuecomment-5",
        ] {
            assert_eq!(made("- {{ x }} {{ n }}", value), format!("- {value} 3"));
            assert_eq!(made("`{{ x }}`", value), format!("`{value}`"));
        }
        assert_eq!(made("{{ x | safe }}", "**a** @b"), "**a** @b");
    }
}
