//! One request and its response, as a page shows them. Read as JSON values rather than as types,
//! because a long text may be stored as a reference.

use serde::Serialize;
use serde_json::{Map, Value};

use super::links::Evidence;
use super::text::{Clipped, bytes, clipped, duration, line, visible};
use crate::journal::{Answer, Exchange, referred};
use crate::model::quoted;

/// A request and its response.
#[derive(Debug, Serialize)]
pub(super) struct ExchangeShown {
    pub(super) n: u32,
    /// Where links lead to.
    pub(super) anchor: String,
    /// The request in a line.
    asked: String,
    request: Clipped,
    /// A summary of the response.
    answered: String,
    went_wrong: bool,
    took: Option<String>,
    pub(super) streams: Vec<Stream>,
}

/// A text of a response.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Stream {
    name: String,
    pub(super) text: Clipped,
    size: Option<String>,
    link: Option<String>,
    place: Option<String>,
}

impl Stream {
    /// Whether a program wrote it.
    pub(super) fn is_output(&self) -> bool {
        matches!(self.name.as_str(), "stdout" | "stderr")
    }
}

/// Shows a request and its response; none for a reading of the clock, which is of no interest.
pub(super) fn shown(anchor: &str, exchange: &Exchange, at: Evidence) -> Option<ExchangeShown> {
    let effect = exchange.effect.shown();
    let kind = effect.get("effect").and_then(Value::as_str).unwrap_or("");
    if matches!(kind, "now" | "fresh-id") {
        return None;
    }
    let answer = answer(exchange.answer.as_ref(), at);
    Some(ExchangeShown {
        n: exchange.n,
        anchor: anchor.to_owned(),
        asked: line(&asked(kind, &effect)),
        request: clipped(&request(kind, &effect)),
        answered: answer.line,
        went_wrong: answer.went_wrong,
        took: answer.took,
        streams: answer.streams,
    })
}

/// A text, or the placeholder for one.
fn text(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// The request in a line.
pub(super) fn asked(kind: &str, effect: &Value) -> String {
    let path = |name: &str| text(effect.get(name)).to_owned();
    match kind {
        "run" => command(effect),
        "http-get" => format!("GET {}", path("url")),
        "sleep" => {
            let milliseconds = effect.get("milliseconds").and_then(Value::as_i64);
            format!("wait {}", duration(milliseconds.unwrap_or_default().into()))
        }
        "end-processes" => {
            let count = effect.get("targets").and_then(Value::as_array);
            format!("end {} processes", count.map_or(0, Vec::len))
        }
        "keep-files" => format!("keep files in {}", path("to")),
        "pack" => format!("pack {}", path("to")),
        "list-files" => format!("list files below {}", path("root")),
        "list-processes" => "list processes".to_owned(),
        "find-program" => format!("find {}", path("name")),
        _ => format!("{} {}", kind.replace('-', " "), path("path")),
    }
}

/// A program and its arguments as a shell command line.
fn command(effect: &Value) -> String {
    let words = effect.get("argv").and_then(Value::as_array);
    let words = words.into_iter().flatten();
    let word = |word: &Value| match word.as_str() {
        Some(word) => quoted(word),
        None => stands_for(word).unwrap_or_default(),
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

/// All of a request, for reading.
fn request(kind: &str, effect: &Value) -> String {
    if kind != "run" {
        let mut rest = effect.clone();
        if let Some(table) = rest.as_object_mut() {
            table.remove("effect");
        }
        return serde_json::to_string_pretty(&rest).unwrap_or_default();
    }
    let mut lines = vec![format!("$ {}", command(effect))];
    lines.push(format!("in {}", text(effect.get("cwd"))));
    for (name, value) in effect
        .get("env")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        lines.push(format!("{name}={}", text(Some(value))));
    }
    for (name, value) in effect.as_object().into_iter().flatten() {
        if !["effect", "argv", "cwd", "env", "stdin", "base"].contains(&name.as_str()) {
            lines.push(format!("{name}: {value}"));
        }
    }
    if let Some(input) = effect.get("stdin") {
        let shown = input.as_str().map(str::to_owned);
        lines.push(format!(
            "standard input:\n{}",
            shown.or_else(|| stands_for(input)).unwrap_or_default()
        ));
    }
    lines.join("\n")
}

/// The placeholder for a long text.
fn stands_for(value: &Value) -> Option<String> {
    let sha256 = referred(value)?;
    Some(format!(
        "({}, kept beside the journal as {sha256})",
        size(value).unwrap_or_default()
    ))
}

/// The size of the text that a reference refers to.
fn size(reference: &Value) -> Option<String> {
    let inner = reference.as_object()?.values().next()?;
    inner.get("bytes")?.as_u64().map(bytes)
}

#[derive(Default)]
struct Answered {
    line: String,
    went_wrong: bool,
    took: Option<String>,
    streams: Vec<Stream>,
}

fn answer(answer: Option<&Answer>, at: Evidence) -> Answered {
    match answer {
        None => Answered {
            line: "no answer on record".to_owned(),
            went_wrong: true,
            ..Answered::default()
        },
        Some(Answer::Err(error)) => Answered {
            line: line(&error.to_string()),
            went_wrong: true,
            ..Answered::default()
        },
        Some(Answer::Ok(response)) => {
            let response = response.shown();
            let kind = text(response.get("response")).to_owned();
            let value = response.get("value").unwrap_or(&Value::Null);
            match kind.as_str() {
                "program" => program(value, at),
                "http" => http(value, at),
                "text" => Answered {
                    line: "its text".to_owned(),
                    streams: vec![stream("text", value, None, at)],
                    ..Answered::default()
                },
                "done" => Answered {
                    line: "done".to_owned(),
                    ..Answered::default()
                },
                _ => listed(&kind, value),
            }
        }
    }
}

fn listed(kind: &str, value: &Value) -> Answered {
    let count = value.as_array().map_or(1, Vec::len);
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    Answered {
        line: format!("{count} {kind}"),
        streams: vec![Stream {
            name: kind.to_owned(),
            text: clipped(&pretty),
            size: None,
            link: None,
            place: None,
        }],
        ..Answered::default()
    }
}

fn program(value: &Value, at: Evidence) -> Answered {
    let mut streams = Vec::new();
    for name in ["stdout", "stderr"] {
        let Some(captured) = value.get(name).and_then(Value::as_object) else {
            continue;
        };
        let is_empty = captured.get("bytes").and_then(Value::as_u64) == Some(0);
        if !is_empty && let Some(said) = captured.get("text") {
            streams.push(stream(name, said, Some(captured), at));
        }
    }
    if let Some(seen) = value.get("observations").and_then(Value::as_array) {
        streams.extend(listed("observations", &Value::from(seen.clone())).streams);
    }
    let ended = value.get("ended").unwrap_or(&Value::Null);
    let code = ended.get("code").and_then(Value::as_i64);
    let elapsed = value.get("elapsed_milliseconds").and_then(Value::as_i64);
    Answered {
        line: match (code, ended.get("signal")) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "time limit reached".to_owned(),
        },
        went_wrong: code != Some(0),
        took: elapsed.map(|elapsed| duration(elapsed.into())),
        streams,
    }
}

fn http(value: &Value, at: Evidence) -> Answered {
    let status = value.get("status").and_then(Value::as_u64).unwrap_or(0);
    Answered {
        line: format!("status {status}"),
        went_wrong: status != 200,
        took: None,
        streams: vec![stream(
            "body",
            value.get("body").unwrap_or(&Value::Null),
            None,
            at,
        )],
    }
}

/// A text with the location of its complete version.
fn stream(name: &str, said: &Value, captured: Option<&Map<String, Value>>, at: Evidence) -> Stream {
    let field = |field: &str| captured.and_then(|captured| captured.get(field));
    let place = field("log").and_then(Value::as_str);
    let blob = referred(said);
    let whole = field("bytes").and_then(Value::as_u64).map(bytes);
    Stream {
        name: name.to_owned(),
        text: clipped(said.as_str().unwrap_or_default()),
        size: whole.or_else(|| size(said)),
        link: place
            .and_then(|place| at.file(place))
            .or_else(|| blob.and_then(|sha256| at.blob(sha256))),
        place: place
            .map(visible)
            .or_else(|| blob.map(|sha256| format!("blob {sha256}"))),
    }
}
