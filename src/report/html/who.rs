//! Under which login the gate wrote, and on which machine it ran.

use serde_json::Value;

use crate::journal::{Answer, Folded};

/// How the tools of a run name its machine.
pub(super) const PLATFORM: &str = "platform";

/// The login that GitHub returns for a comment of the viewer's own; none if no comment was read
/// back.
pub(super) fn writer(folded: &Folded) -> Option<String> {
    let exchanges = folded
        .header
        .plan
        .iter()
        .filter_map(|subtask| folded.course(subtask))
        .flat_map(|course| course.exchanges.values());
    let mut answers = exchanges.filter_map(|exchange| match &exchange.answer {
        Some(Answer::Ok(said)) if said.text().contains("viewerDidAuthor") => said.value().ok(),
        _ => None,
    });
    answers.find_map(|answer| login(&answer))
}

/// The machines of all parts of a run, such as `linux x86_64`.
pub(super) fn machines(folded: &Folded) -> Vec<&str> {
    let resumed = folded.resumptions.iter().map(|resumed| &resumed.tools);
    let tools = std::iter::once(&folded.header.tools).chain(resumed);
    let mut machines: Vec<&str> = tools
        .filter_map(|tools| tools.get(PLATFORM).map(String::as_str))
        .collect();
    machines.dedup();
    machines
}

/// Looks for a comment of the viewer's, also in what a program printed.
fn login(value: &Value) -> Option<String> {
    match value {
        Value::Object(table) if table.get("viewerDidAuthor") == Some(&Value::Bool(true)) => {
            let login = value.pointer("/author/login")?;
            login.as_str().map(str::to_owned)
        }
        Value::Object(table) => table.values().find_map(login),
        Value::Array(all) => all.iter().find_map(login),
        Value::String(text) if text.contains("viewerDidAuthor") => {
            login(&serde_json::from_str::<Value>(text).ok()?)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_comment_of_the_viewers_own_says_who_wrote() {
        let comment =
            |ours: bool, login: &str| json!({"viewerDidAuthor": ours, "author": {"login": login}});
        let printed = json!({"data": {"nodes": [comment(false, "mallory"), comment(true, "ann")]}});
        let answer = json!({"value": {"stdout": {"text": printed.to_string()}}});
        assert_eq!(login(&answer).as_deref(), Some("ann"));
        assert_eq!(login(&comment(false, "mallory")), None);
        assert_eq!(login(&json!({"stdout": "viewerDidAuthor: no JSON"})), None);
    }
}
