//! Whether a comment that is there now is the one that the run posted: by whom the run read it back.

use serde_json::Value;

use crate::evidence::error::EvidenceError;
use crate::evidence::recording::Recording;
use crate::journal::{Answer, Exchange};
use crate::model::SubtaskId;
use crate::verbs::anew::CommentNow;
use crate::world::Response;

/// Why none of the comments with a run's key is its own.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotOwn {
    /// It is not there.
    Missing(String),
    /// Nobody can say whether it is.
    Open(String),
}

/// Login with which the subtask read back its comment with this key; none where it did not come to
/// that.
///
/// # Errors
/// When what it read cannot be read any more.
pub(super) fn login_of(
    recording: &Recording,
    by: &SubtaskId,
    key: &str,
) -> Result<Option<String>, EvidenceError> {
    let mut mine = recording.folded.courses().filter(|(id, _)| *id == by);
    let exchanges = mine.next().into_iter().flat_map(|(_, courses)| {
        let exchanges = courses.iter().flat_map(|one| one.exchanges.values());
        exchanges.filter(|one| is_query(one))
    });
    for exchange in exchanges {
        let Some(Answer::Ok(said)) = &exchange.answer else {
            continue;
        };
        let answer = serde_json::from_value::<Response>(recording.read(said)?);
        let Ok(Response::Program(finished)) = answer else {
            continue;
        };
        if let Some(login) = viewer_in(&finished.stdout.text, key) {
            return Ok(Some(login));
        }
    }
    Ok(None)
}

/// The words of a `gh` command.
pub(super) fn words(exchange: &Exchange) -> Vec<String> {
    let effect = exchange.effect.shown();
    let argv = effect["argv"].as_array().cloned().unwrap_or_default();
    let words = argv.iter().filter_map(Value::as_str).map(str::to_owned);
    words.collect()
}

fn is_query(exchange: &Exchange) -> bool {
    let words = words(exchange);
    words.iter().take(3).eq(["gh", "api", "graphql"])
}

/// Who wrote the comment with this key, where that is the login that read it.
fn viewer_in(answer: &str, key: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let nodes = answer.pointer("/data/repository/issue/comments/nodes")?;
    let own = nodes.as_array()?.iter().find(|node| {
        let holds = node["body"].as_str().is_some_and(|body| body.contains(key));
        holds && node["viewerDidAuthor"] == true
    })?;
    own["author"]["login"].as_str().map(str::to_owned)
}

/// The run's own among the comments with its key; anybody can copy one. `login` is who posted it,
/// as far as the record says. Otherwise why none is.
pub(super) fn own<'a>(
    found: &'a [CommentNow],
    login: Option<&str>,
) -> Result<&'a CommentNow, NotOwn> {
    let Some(first) = found.first() else {
        let told = "no comment there has this run's key";
        return Err(NotOwn::Missing(told.to_owned()));
    };
    let is_own = |one: &&CommentNow| {
        login.map_or(one.has_a_say, |login| {
            login.eq_ignore_ascii_case(&one.author)
        })
    };
    let own = found.iter().find(is_own);
    own.ok_or_else(|| {
        if let Some(login) = login {
            let told = format!(
                "{} is by {}, and this run's was posted by {login}",
                first.url, first.author
            );
            NotOwn::Missing(told)
        } else {
            let told = format!(
                "{} is by {}, who is no member of the repository, and the record does not say who \
                 posted this run's",
                first.url, first.author
            );
            NotOwn::Open(told)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn by(author: &str, has_a_say: bool) -> CommentNow {
        CommentNow {
            url: format!("https://github.example/c/{author}"),
            body: "It passed.".to_owned(),
            author: author.to_owned(),
            has_a_say,
        }
    }

    fn author<'a>(found: &'a [CommentNow], login: Option<&str>) -> Result<&'a str, NotOwn> {
        own(found, login).map(|one| one.author.as_str())
    }

    #[test]
    fn a_copy_by_somebody_else_is_not_the_runs() {
        let both = [by("mallory", true), by("Gate", false)];
        assert_eq!(author(&both, Some("gate")), Ok("Gate"));
        for found in [&both[..1], &[]] {
            let missing = author(found, Some("gate"));
            assert!(matches!(missing, Err(NotOwn::Missing(_))), "{missing:?}");
        }
    }

    #[test]
    fn where_the_record_names_nobody_a_member_counts() {
        let both = [by("mallory", false), by("alice", true)];
        assert_eq!(author(&both, None), Ok("alice"));
        assert!(matches!(author(&both[..1], None), Err(NotOwn::Open(_))));
        assert!(matches!(author(&[], None), Err(NotOwn::Missing(_))));
    }

    #[test]
    fn who_posted_it_is_the_login_that_read_it_back() {
        let node = |author: Value, ours: bool| json!({"body": "It passed. KEY", "viewerDidAuthor": ours, "author": author});
        let gate = json!({"login": "gate"});
        let mallory = node(json!({"login": "mallory"}), false);
        let answer = |nodes: Value| {
            let issue = json!({"comments": {"nodes": nodes}});
            json!({"data": {"repository": {"issue": issue}}}).to_string()
        };
        let both = answer(json!([mallory, node(gate.clone(), true)]));
        assert_eq!(viewer_in(&both, "KEY"), Some("gate".to_owned()));
        assert_eq!(viewer_in(&both, "OTHER"), None);
        for none in [
            answer(json!([mallory])),
            answer(json!([node(gate, false)])),
            answer(json!([node(Value::Null, true)])),
            "no JSON".to_owned(),
        ] {
            assert_eq!(viewer_in(&none, "KEY"), None, "{none}");
        }
    }
}
