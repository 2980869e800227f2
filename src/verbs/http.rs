//! `http`.

pub(in crate::verbs) mod page;

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Outcome;
use crate::verb::{Act, Ask, Ctx, Declares, Field, VerbError, Wrong};

use page::{Method, Page, Seen};

/// Reads an address once, and holds status, headers, JSON and body against what is expected.
///
/// Redirects are not followed: one is an answer like any other. No answer, 429 and 5xx are errors,
/// never a regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address.
    pub url: String,
    /// How it is asked.
    #[serde(default)]
    pub method: Method,
    /// Status codes that pass.
    #[serde(default = "page::ok")]
    pub status: Vec<u16>,
    /// Passes when there is nothing (404 or 410) instead.
    #[serde(default)]
    pub absent: bool,
    /// Headers by name, each with a regular expression that its value must match.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Conditions on the JSON document: `status == ok`.
    #[serde(default)]
    pub json: Vec<String>,
    /// Regular expressions, line by line, each found in the body.
    #[serde(default)]
    pub body: Vec<String>,
    /// Time within which it must answer.
    #[serde(default = "page::half_a_minute")]
    pub within: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// The fields of the fact.
pub(in crate::verbs) const FIELDS: [&str; 6] = [
    "url: text",
    "status: integer",
    "headers: table",
    "bytes: integer",
    "sha256: text",
    "page: any?",
];

impl Declares for Http {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(FIELDS))
    }

    fn asks(&self) -> Vec<Ask> {
        vec![Ask::read("url", &self.url)]
    }

    fn wrong(&self) -> Vec<Wrong> {
        self.page().wrong("")
    }
}

impl Http {
    fn page(&self) -> Page {
        Page {
            url: self.url.clone(),
            method: self.method,
            status: self.status.clone(),
            absent: self.absent,
            headers: self.headers.clone(),
            json: self.json.clone(),
            body: self.body.clone(),
            within: self.within.clone(),
        }
    }
}

#[async_trait]
impl Act for Http {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let page = self.page();
        let answer = match page.ask(ctx).await? {
            Ok(answer) => answer,
            Err(silent) => return Ok(Outcome::Error(silent)),
        };
        ctx.publish(&self.publish, page::fact(&self.url, &answer));
        Ok(match page.judge(&answer) {
            Seen::AsExpected(note) => Outcome::passed(note),
            Seen::Otherwise(finding) => Outcome::Failed(finding),
            Seen::Unknown(finding) => Outcome::Error(finding),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::Scripted;
    use crate::world::{HttpAnswer, Response, WorldError};

    fn answer(status: u16, body: &str) -> Response {
        let headers = [
            ("content-type", "application/json"),
            ("location", "https://elsewhere.example/"),
        ];
        Response::Http(HttpAnswer {
            status,
            body: body.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        })
    }

    async fn outcome(fields: &str, response: Response) -> Outcome {
        let text = format!("url = \"https://s.example/x\"\nas = \"page\"\n{fields}");
        let verb: Http = toml::from_str(&text).unwrap();
        assert_eq!(verb.wrong(), []);
        let world = Scripted::new().answer(response);
        verb.act(&world.ctx())
            .await
            .unwrap_or_else(VerbError::outcome)
    }

    #[tokio::test]
    async fn an_answer_is_held_against_what_is_expected() {
        for (fields, status, body, expected) in [
            ("", 200, "", Verdict::Passed),
            ("", 404, "", Verdict::Failed),
            ("", 302, "", Verdict::Failed),
            ("", 503, "", Verdict::Error),
            ("", 429, "", Verdict::Error),
            ("status = [503]", 503, "", Verdict::Passed),
            ("absent = true", 404, "", Verdict::Passed),
            ("absent = true", 410, "", Verdict::Passed),
            ("absent = true", 200, "", Verdict::Failed),
            ("absent = true", 500, "", Verdict::Error),
            (
                "json = ['a.b == 1']",
                200,
                "{\"a\": {\"b\": 1}}",
                Verdict::Passed,
            ),
            (
                "json = ['a.b == 1']",
                200,
                "{\"a\": {\"b\": 2}}",
                Verdict::Failed,
            ),
            ("json = ['a.b == 1']", 200, "{\"a\": {}}", Verdict::Error),
            (
                "json = ['a == 1']",
                200,
                "{\"a\": 1, \"a\": 1}",
                Verdict::Error,
            ),
            ("json = ['a == 1']", 200, "<html>", Verdict::Error),
            ("body = ['^ok$']", 200, "all\nok\n", Verdict::Passed),
            ("body = ['^ok$']", 200, "not ok\n", Verdict::Failed),
            (
                "headers.content-type = '^application/json'",
                200,
                "",
                Verdict::Passed,
            ),
            (
                "headers.Content-Type = '^text/html'",
                200,
                "",
                Verdict::Failed,
            ),
            ("headers.x-version = '1'", 200, "", Verdict::Failed),
        ] {
            let outcome = outcome(fields, answer(status, body)).await;
            assert_eq!(
                outcome.verdict(),
                expected,
                "{fields} {status} {body} {outcome:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_redirect_is_told_and_not_followed() {
        let outcome = outcome("", answer(301, "")).await;
        let finding = outcome.finding().unwrap();
        let told = finding
            .seen
            .iter()
            .any(|line| line.contains("https://elsewhere.example/"));
        assert!(told, "{finding:?}");
    }

    #[tokio::test]
    async fn silence_is_no_regression() {
        let verb: Http = toml::from_str("url = \"https://s.example/\"\nas = \"p\"").unwrap();
        let world = Scripted::new().fail(WorldError::NoAnswer {
            url: verb.url.clone(),
            timed_out: true,
            reason: "the time was up".to_owned(),
        });
        let outcome = verb.act(&world.ctx()).await.unwrap();
        assert_eq!(outcome.verdict(), Verdict::Error);
    }
}
