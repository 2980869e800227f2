//! Closing keywords: words in a comment that make GitHub close an issue.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::closing_rendered::{Links, Rendered};
use super::escape::acts;

/// The placeholder for what a template will fill in.
const FILLED: &str = "\u{e000}";

static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = format!(r"(?:[0-9]+|{FILLED})");
    let part = format!(r"[A-Za-z0-9._{FILLED}-]+");
    let reference = format!(
        r"(?:(?:{part}(?:/{part})?)?\#{number}|GH-{number}|https?://\S+?/(?:issues|pull)/{number})"
    );
    Regex::new(&format!(
        r"(?ix)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b [\s:*_`(\[]* {reference}"
    ))
    .ok()
});

static TAGS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}").ok());

/// The first closing keyword with a reference in a text or a template, as a byte range: as it is
/// written, or as GitHub renders it. A quoted value in a template counts as anything that would
/// make it a reference.
#[must_use]
pub fn closing_reference(text: &str) -> Option<Range<usize>> {
    if let Some(found) = in_text(text) {
        return Some(found);
    }
    // To read differently after rendering, a text must contain what GitHub removes while rendering.
    if !text.contains(|letter| "&<\\*_~`[".contains(letter) || acts(letter)) {
        return None;
    }
    [Links::ByText, Links::ByAddress]
        .into_iter()
        .find_map(|links| {
            let rendered = Rendered::of(text, links);
            in_text(&rendered.text).map(|found| rendered.back(&found))
        })
}

fn in_text(text: &str) -> Option<Range<usize>> {
    // The expression is large, and most texts contain none of its words. The search uses parts of
    // them without an `s`, because the expression treats the long s as the same letter.
    let small = text.to_ascii_lowercase();
    if !["clo", "fix", "olve"]
        .iter()
        .any(|part| small.contains(part))
    {
        return None;
    }
    let (closing, tags) = (CLOSING.as_ref()?, TAGS.as_ref()?);
    let mut filled = String::with_capacity(text.len());
    // The origin of each piece of the filled text, to find the way back.
    let mut pieces = vec![(0, 0)];
    let mut last = 0;
    for tag in tags.find_iter(text) {
        filled.push_str(&text[last..tag.start()]);
        filled.push_str(FILLED);
        last = tag.end();
        pieces.push((filled.len(), last));
    }
    filled.push_str(&text[last..]);
    let found = closing.find(&filled)?;
    let back = |at: usize| {
        let piece = pieces.iter().rev().find(|(filled, _)| *filled <= at);
        piece.map_or(at, |(filled, original)| original + (at - filled))
    };
    let start = back(found.start());
    Some(start..back(found.end()).max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_github_acts_on_is_found() {
        for text in [
            "fixes #1038",
            "Closes: #1",
            "RESOLVED o/r#12",
            "fix GH-7",
            "this closed https://github.com/o/r/issues/5",
            "closes https://github.com/o/r/pull/5",
            "Fixes {{ product.repository }}#1038",
            "closes #{{ n }}",
            "fixes **#3**",
            "re\u{17f}olves #4",
        ] {
            assert!(closing_reference(text).is_some(), "{text}");
        }
    }

    #[test]
    fn every_form_is_found_as_it_is_rendered() {
        for text in [
            "fixes &#35;1038",
            "fixes&nbsp;&#x23;1",
            "fi&#120;es #1",
            "fixes \\#1",
            "fi**xes** #1",
            "fixes <b>#1</b>",
            "fix<!-- -->es #<!-- x -->1",
            "fixes [#1](https://x.example)",
            "fixes [this](https://github.com/o/r/issues/5)",
            "[fixes](x) <https://github.com/o/r/issues/5>",
            "fi\u{200b}xes #\u{ad}1",
            "closes\n#1",
            "fixes o/r&num;12",
            "fixes https&colon;//github.com/o/r/issues/5",
        ] {
            let range = closing_reference(text);
            assert!(range.is_some_and(|range| !text[range].is_empty()), "{text}");
        }
        for text in [
            "**fixed** in `a_b` <b>#</b>x",
            "a & b: fix; #x",
            "x < 1 fixes y",
        ] {
            assert_eq!(closing_reference(text), None, "{text}");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for text in [
            "#1038 is open",
            "prefix #1",
            "fixed in the wheel; see #1038",
            "{{ fixes.rollback.summary }} #1",
            "it fixes 1038 rows",
            "closed",
        ] {
            assert_eq!(closing_reference(text), None, "{text}");
        }
    }

    #[test]
    fn the_words_are_found_behind_tags() {
        let text = "{{ a }} and {{ b }}: fixes {{ r }}#1 now";
        let range = closing_reference(text).unwrap();
        assert_eq!(&text[range], "fixes {{ r }}#1");
    }
}
