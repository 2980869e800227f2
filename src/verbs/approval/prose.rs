//! What the author of a comment says in their own words: the text that GitHub shows as prose. Code,
//! hidden text and quotations are left out, because they are shown to somebody, not said.
//!
//! Where it cannot be told without reading all of Markdown, a line is none.

/// Begins what is hidden.
const HIDDEN: &str = "<!--";

/// Elements whose content is hidden, code or quoted.
const ELEMENTS: [(&str, &str); 5] = [
    (HIDDEN, "-->"),
    ("<pre", "</pre>"),
    ("<code", "</code>"),
    ("<blockquote", "</blockquote>"),
    ("<script", "</script>"),
];

/// So far indented, a line is code.
const CODE: usize = 4;

/// What of each line of a text is prose; one that is none is empty.
pub(super) fn prose(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fence: Option<Fence> = None;
    let mut element = None;
    for line in text.lines() {
        lines.push(prose_of(line, &mut fence, &mut element));
    }
    lines
}

fn prose_of(line: &str, fence: &mut Option<Fence>, element: &mut Option<&'static str>) -> String {
    if let Some(open) = fence {
        if open.ends_at(line) {
            *fence = None;
        }
        return String::new();
    }
    // Within an element a fence is text, and so is the mark of a quotation.
    if element.is_none() {
        *fence = Fence::at(line);
        if fence.is_some() || line.trim_start().starts_with('>') {
            return String::new();
        }
    }
    let shown = outside_of_elements(line, element);
    if indentation(line) < CODE {
        shown
    } else {
        String::new()
    }
}

/// What of a line stands in none of the elements; `element` is the end of the one it begins in, and
/// becomes that of the one it ends in.
fn outside_of_elements(line: &str, element: &mut Option<&'static str>) -> String {
    // ASCII alone changes its case, so the places stay the same.
    let lower = line.to_ascii_lowercase();
    let (mut shown, mut at) = (String::new(), 0);
    loop {
        if let Some(end) = *element {
            let Some(found) = lower[at..].find(end) else {
                return shown;
            };
            at += found + end.len();
            *element = None;
        }
        let begins = ELEMENTS.iter().filter_map(|(begin, end)| {
            let mut found = lower[at..].match_indices(begin).map(|(found, _)| found);
            let found = found.find(|found| begins_here(&lower[at + found..], begin))?;
            Some((found, begin.len(), *end))
        });
        let Some((found, length, end)) = begins.min() else {
            shown.push_str(&line[at..]);
            return shown;
        };
        shown.push_str(&line[at..at + found]);
        at += found + length;
        *element = Some(end);
    }
}

/// Whether it is this element, and none whose name only begins like it.
fn begins_here(text: &str, begin: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    begin == HIDDEN || !text[begin.len()..].starts_with(is_name)
}

/// A code fence that is open.
struct Fence {
    letter: char,
    length: usize,
    /// Where it stands in its line. None where that depends on the list around it: then its end
    /// cannot be told from code either.
    column: Option<usize>,
}

impl Fence {
    /// The fence that a line opens, also as the first of a list's item.
    fn at(line: &str) -> Option<Self> {
        let inner = without_list_marks(line);
        let letter = inner.chars().next().filter(|one| "`~".contains(*one))?;
        let rest = inner.trim_start_matches(letter);
        let length = inner.len() - rest.len();
        // Backticks in one line with others are a span of code.
        if length < 3 || (letter == '`' && rest.contains(letter)) {
            return None;
        }
        Some(Self {
            letter,
            length,
            column: (indentation(line) < CODE).then(|| line.len() - inner.len()),
        })
    }

    fn ends_at(&self, line: &str) -> bool {
        let inner = line.trim();
        let near = self
            .column
            .is_some_and(|column| indentation(line) < column + CODE);
        near && inner.len() >= self.length && inner.chars().all(|one| one == self.letter)
    }
}

/// A line without its indentation and the marks of the list items that it begins.
fn without_list_marks(line: &str) -> &str {
    let inner = line.trim_start();
    let digits = inner.trim_start_matches(|one: char| one.is_ascii_digit());
    let numbered = digits.len() < inner.len();
    let mark: &[char] = if numbered {
        &['.', ')']
    } else {
        &['-', '*', '+']
    };
    match digits.strip_prefix(mark) {
        Some(rest) if rest.starts_with([' ', '\t']) => without_list_marks(rest),
        _ => inner,
    }
}

/// Columns before the first letter; a tab goes on to the next multiple of four.
fn indentation(line: &str) -> usize {
    let mut columns = 0;
    for letter in line.chars() {
        match letter {
            '\t' => columns = (columns / CODE + 1) * CODE,
            letter if letter.is_whitespace() => columns += 1,
            _ => break,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> bool {
        prose(text).iter().any(|line| line.trim() == "approve")
    }

    #[test]
    fn what_is_quoted_hidden_or_code_is_not_said() {
        for text in [
            "> approve",
            "```\napprove\n```",
            "```text\napprove\n```\n",
            "~~~~\n~~~\napprove\n~~~~",
            "```\n``` x\napprove",
            "   ```\napprove",
            "- ```\n  approve\n  ```",
            "1. ~~~ sh\n   approve\n   ~~~",
            "  * x\n\n    ```\n  approve\n    ```\napprove",
            "    approve",
            "\tapprove",
            "  \tapprove",
            "<!-- approve -->",
            "<!--\napprove\n-->",
            "Yes. <!-- x --> No. <!--\napprove\n-->",
            "<!--\n```\n-->\n```\napprove\n```",
            "<pre>\napprove\n</pre>",
            "<PRE lang=\"text\">\n\napprove\n</PRE>",
            "<blockquote>\n\napprove\n\n</blockquote>",
            "```\n<!--\n```\n```\napprove\n-->\n```",
        ] {
            assert!(!says(text), "{text}");
        }
    }

    #[test]
    fn what_stands_beside_it_is() {
        for text in [
            "approve",
            "   approve",
            "> Shall we?\n\napprove",
            "```\nx\n```\napprove",
            "approve\n```\nx",
            "~~~\n```\n~~~\napprove",
            "- ```\n  x\n  ```\n\napprove",
            "`x ``` y`\napprove",
            "``` x ```\napprove",
            "<!-- x --> approve",
            "approve <!-- x",
            "<!--\nx\n-->\napprove",
            "Größe <!-- ß --> é\r\napprove\r\n",
            "<pre>x</pre>\napprove",
            "<prefix>/bin\napprove",
        ] {
            assert!(says(text), "{text}");
        }
    }
}
