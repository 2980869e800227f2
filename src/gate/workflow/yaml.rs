//! Text that stands in a workflow, as itself. Pure.

/// A value in double quotes, in which nothing is an expression.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace("${{", "$ {{");
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                out.push(' ');
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A list on one line.
pub(super) fn flow<'t>(items: impl Iterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.map(quoted).collect();
    format!("[{}]", items.join(", "))
}
