//! `notify`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome, is_template, read_json};
use crate::store::sha256_hex;
use crate::verb::durations::duration;
use crate::verb::{Act, Ask, Ctx, Declares, Field, Input, VerbError, Write, Wrong};
use crate::verbs::texts;
use crate::world::{Effect, FileFailure, HttpPost, Place, WorldError};

/// Posts a text made of facts to a webhook that the policy lists, at most once per run.
///
/// It is noted before it is sent: a run that was killed in between does not send it again, and
/// says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// The address. `$NAME` stands for the variable `NAME` of the operator's, listed in `pass`.
    pub address: String,
    /// Name of the template.
    pub template: String,
    /// Names of the operator's variables that stand in the address; their values are secrets.
    #[serde(default)]
    pub pass: Vec<String>,
    /// What the text is.
    #[serde(default)]
    pub format: Format,
    /// Time within which it must answer.
    #[serde(default = "half_a_minute")]
    pub within: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// What a text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A JSON document; the template quotes values with `{{ name | tojson }}`.
    #[default]
    Json,
    /// Plain text.
    Text,
}

fn half_a_minute() -> String {
    "30s".to_owned()
}

impl Declares for Notify {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "address: text",
            "status: integer?",
            "sha256: text",
            "was_sent: boolean",
        ]))
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::Template(self.template.clone())]
    }

    fn template(&self) -> Option<&str> {
        Some(&self.template)
    }

    fn writes(&self) -> Vec<Write<'_>> {
        vec![Write::Post(&self.address)]
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask {
            field: "address",
            effect: Effect::HttpPost(self.post(String::new())),
        }]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for (index, name) in self.pass.iter().enumerate() {
            if !self.address.contains(&format!("${name}")) {
                let what = format!("`${name}` does not stand in the address");
                let help = "write it where the secret part is, or take the name out";
                wrong.push(Wrong::new(format!("pass[{index}]"), what, help));
            }
        }
        if self.address.contains('$') && self.pass.is_empty() && !is_template(&self.address) {
            let what = "the address quotes a variable that `pass` does not list";
            wrong.push(Wrong::new("address", what, "add its name to `pass`"));
        }
        wrong
    }
}

impl Notify {
    fn post(&self, body: String) -> HttpPost {
        HttpPost {
            url: self.address.clone(),
            pass: self.pass.iter().cloned().collect(),
            content_type: match self.format {
                Format::Json => "application/json",
                Format::Text => "text/plain; charset=utf-8",
            }
            .to_owned(),
            body,
            limit: std::time::Duration::ZERO,
        }
    }

    fn note(ctx: &Ctx, name: &str) -> Place {
        Place::run("notify").join(&format!("{}.{name}", ctx.by()))
    }
}

#[async_trait]
impl Act for Notify {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let body = texts::rendered(ctx, &self.template)?;
        if self.format == Format::Json
            && let Err(error) = read_json(&body)
        {
            let what = format!("template `{}` makes no JSON: {error}", self.template);
            let finding = Finding::new(what).remedy("quote values as `{{ name | tojson }}`");
            return Ok(Outcome::Error(finding));
        }
        let sha256 = sha256_hex(body.as_bytes());
        let fact = |status: Option<u16>, was_sent: bool| json!({"address": self.address, "status": status, "sha256": sha256, "was_sent": was_sent});
        if is_there(ctx, &Self::note(ctx, "sent")).await? {
            ctx.publish(&self.publish, fact(None, true));
            return Ok(Outcome::passed("this run has sent it already"));
        }
        match ctx
            .write(Self::note(ctx, "sending"), format!("{sha256}\n"))
            .await
        {
            Ok(_) => {}
            Err(WorldError::File {
                kind: FileFailure::AlreadyExists,
                ..
            }) => {
                let what = "an earlier part of this run may have sent it: it is not sent again";
                let remedy = "look at the other end; start a new run to send it";
                return Ok(Outcome::Error(Finding::new(what).remedy(remedy)));
            }
            Err(error) => return Err(error.into()),
        }
        let mut post = self.post(body);
        post.limit = duration(&self.within)?;
        let answer = ctx.ask(post).await?;
        let accepted = (200..300).contains(&answer.status);
        if !accepted {
            let what = format!("{} answers {}", self.address, answer.status);
            let first = answer.body.lines().next().unwrap_or_default().to_owned();
            let remedy = "check the address and the text; start a new run to send it";
            return Ok(Outcome::Error(
                Finding::new(what).seen(first).remedy(remedy),
            ));
        }
        ctx.write(Self::note(ctx, "sent"), format!("{sha256}\n"))
            .await?;
        ctx.publish(&self.publish, fact(Some(answer.status), false));
        Ok(Outcome::passed(format!(
            "{} took it ({})",
            self.address, answer.status
        )))
    }
}

async fn is_there(ctx: &Ctx, place: &Place) -> Result<bool, VerbError> {
    match ctx.read(place, 1024).await {
        Ok(_) => Ok(true),
        Err(WorldError::File {
            kind: FileFailure::NotFound,
            ..
        }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::Setting;
    use crate::verb::scripted::Scripted;
    use crate::world::{FileSeen, HttpAnswer, Response};

    fn verb() -> Notify {
        let text = "address = \"https://hooks.example/$KEY\"\npass = [\"KEY\"]\n\
            template = \"note.json\"\nas = \"told\"";
        let verb: Notify = toml::from_str(text).unwrap();
        assert_eq!(verb.wrong(), []);
        verb
    }

    fn world(template: &str) -> Scripted {
        Scripted::new().setting(Setting {
            templates: [("note.json".to_owned(), template.to_owned())].into(),
            ..Setting::default()
        })
    }

    fn file(kind: FileFailure) -> WorldError {
        WorldError::File {
            operation: "read".into(),
            path: "x".into(),
            kind,
            reason: "so".into(),
        }
    }

    fn written() -> Response {
        Response::Files(vec![FileSeen {
            path: Place::run("x"),
            bytes: 1,
            sha256: "0".into(),
            modified: jiff::Timestamp::UNIX_EPOCH,
        }])
    }

    fn answer(status: u16) -> Response {
        Response::Http(HttpAnswer {
            status,
            ..HttpAnswer::default()
        })
    }

    fn posts(world: &Scripted) -> usize {
        let asked = world.asked().into_iter();
        asked
            .filter(|effect| matches!(effect, Effect::HttpPost(_)))
            .count()
    }

    #[tokio::test]
    async fn it_is_noted_sent_and_noted() {
        let world = world("{\"text\": \"ok\"}")
            .fail(file(FileFailure::NotFound))
            .answer(written())
            .answer(answer(200))
            .answer(written());
        assert!(verb().act(&world.ctx()).await.unwrap().lets_on());
        assert!(world.is_done());
    }

    #[tokio::test]
    async fn it_is_never_sent_twice() {
        let sent = world("{}").answer(Response::Text("x".into()));
        assert!(verb().act(&sent.ctx()).await.unwrap().lets_on());
        assert_eq!(posts(&sent), 0);
        let open = world("{}")
            .fail(file(FileFailure::NotFound))
            .fail(file(FileFailure::AlreadyExists));
        let outcome = verb().act(&open.ctx()).await.unwrap();
        assert_eq!((outcome.verdict(), posts(&open)), (Verdict::Error, 0));
        let refused = world("{}")
            .fail(file(FileFailure::NotFound))
            .answer(written())
            .answer(answer(500));
        let outcome = verb().act(&refused.ctx()).await.unwrap();
        assert_eq!(outcome.verdict(), Verdict::Error);
    }

    #[tokio::test]
    async fn what_is_no_json_is_not_sent() {
        let world = world("no json");
        let outcome = verb().act(&world.ctx()).await.unwrap();
        assert_eq!((outcome.verdict(), posts(&world)), (Verdict::Error, 0));
    }
}
