//! Redaction as a layer: refuses requests that contain a secret, redacts every response.

use std::sync::Arc;

use async_trait::async_trait;

use super::redactor::Redactor;
use crate::model::SubtaskId;
use crate::world::{
    Asked, Captured, Effect, FileSeen, Finished, HttpAnswer, Incident, Noticed, Observation, Place,
    ProcessSeen, Receipt, Response, World, WorldError,
};

/// A world whose requests and responses contain no secrets.
pub struct RedactLayer<W> {
    inner: W,
    redactor: Arc<Redactor>,
}

impl<W> RedactLayer<W> {
    /// Wraps a world.
    pub fn new(inner: W, redactor: Arc<Redactor>) -> Self {
        Self { inner, redactor }
    }
}

#[async_trait]
impl<W: World> World for RedactLayer<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        refuse_secrets(&self.redactor, &effect)?;
        match self.inner.perform(by, effect).await {
            Ok(response) => Ok(clean(&self.redactor, response)),
            Err(error) => Err(clean_error(&self.redactor, error)),
        }
    }
}

/// A world that refuses requests with a secret in them. It is in front of the recorder, so that
/// such a request is not even recorded.
pub struct RefuseSecrets<W> {
    inner: W,
    redactor: Arc<Redactor>,
}

impl<W> RefuseSecrets<W> {
    /// Wraps a world.
    pub fn new(inner: W, redactor: Arc<Redactor>) -> Self {
        Self { inner, redactor }
    }
}

#[async_trait]
impl<W: World> World for RefuseSecrets<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        refuse_secrets(&self.redactor, &effect)?;
        self.inner.perform(by, effect).await
    }
}

/// A request is written down and may be posted, so a secret in it is a mistake of the gate's.
fn refuse_secrets(redactor: &Redactor, effect: &Effect) -> Result<(), WorldError> {
    let texts: Vec<(&str, &str)> = match effect {
        Effect::Run(program) => program
            .argv
            .iter()
            .map(|argument| ("an argument", argument.as_str()))
            .chain(
                program
                    .env
                    .values()
                    .map(|value| ("a variable", value.as_str())),
            )
            .chain(
                program
                    .stdin
                    .iter()
                    .map(|text| ("standard input", text.as_str())),
            )
            .collect(),
        Effect::HttpGet(get) => vec![("the address", get.url.as_str())],
        Effect::HttpPost(post) => vec![
            ("the address", post.url.as_str()),
            ("what is sent", post.body.as_str()),
        ],
        Effect::WriteFile(file) => vec![("the file's text", file.text.as_str())],
        _ => Vec::new(),
    };
    for (what, text) in texts {
        if let Some(name) = redactor.secret_in(text) {
            return Err(WorldError::Refused {
                what: format!("{what} holds the secret `{name}`"),
            });
        }
    }
    Ok(())
}

fn clean(redactor: &Arc<Redactor>, response: Response) -> Response {
    let text = |text: String| redactor.text(&text);
    match response {
        Response::Program(mut finished) => {
            clean_finished(redactor, &mut finished);
            Response::Program(finished)
        }
        Response::Http(answer) => Response::Http(clean_answer(redactor, &answer)),
        Response::Text(body) => Response::Text(text(body)),
        Response::Typed(typed) => Response::Typed(typed.map(text)),
        Response::Files(files) => Response::Files(clean_files(redactor, files)),
        Response::Processes(seen) => Response::Processes(clean_processes(redactor, seen)),
        Response::Ended(receipts) => Response::Ended(
            receipts
                .into_iter()
                .map(|receipt| Receipt {
                    program: redactor.text(&receipt.program),
                    ..receipt
                })
                .collect(),
        ),
        Response::Found(paths) => Response::Found(paths.into_iter().map(text).collect()),
        other @ (Response::Now(_)
        | Response::Id(_)
        | Response::JournalHead(_)
        | Response::Reserved(_)
        | Response::Done) => other,
    }
}

fn clean_finished(redactor: &Arc<Redactor>, finished: &mut Finished) {
    let captured = |stream: &mut Captured| stream.text = redactor.text(&stream.text);
    captured(&mut finished.stdout);
    captured(&mut finished.stderr);
    finished.leftovers = clean_processes(redactor, std::mem::take(&mut finished.leftovers));
    finished.observations = std::mem::take(&mut finished.observations)
        .into_iter()
        .map(|seen| Observation {
            processes: clean_processes(redactor, seen.processes),
            files: clean_files(redactor, seen.files),
            answers: clean_answers(redactor, seen.answers),
            asked: seen
                .asked
                .into_iter()
                .map(|asked| Asked {
                    answers: clean_answers(redactor, asked.answers),
                    ..asked
                })
                .collect(),
            noticed: seen
                .noticed
                .into_iter()
                .map(|noticed| clean_noticed(redactor, noticed))
                .collect(),
            ..seen
        })
        .collect();
}

fn clean_noticed(redactor: &Arc<Redactor>, noticed: Noticed) -> Noticed {
    let Incident::ForeignProgram { program, pid, argv } = noticed.what else {
        return noticed;
    };
    let argv = argv.iter().map(|text| redactor.text(text)).collect();
    Noticed {
        what: Incident::ForeignProgram { program, pid, argv },
        ..noticed
    }
}

fn clean_answers(
    redactor: &Arc<Redactor>,
    answers: Vec<Result<HttpAnswer, String>>,
) -> Vec<Result<HttpAnswer, String>> {
    let clean = |answer: Result<HttpAnswer, String>| match answer {
        Ok(answer) => Ok(clean_answer(redactor, &answer)),
        Err(reason) => Err(redactor.text(&reason)),
    };
    answers.into_iter().map(clean).collect()
}

fn clean_answer(redactor: &Arc<Redactor>, answer: &HttpAnswer) -> HttpAnswer {
    HttpAnswer {
        status: answer.status,
        body: redactor.text(&answer.body),
        headers: answer
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), redactor.text(value)))
            .collect(),
    }
}

fn clean_files(redactor: &Arc<Redactor>, files: Vec<FileSeen>) -> Vec<FileSeen> {
    let clean = |file: FileSeen| FileSeen {
        path: Place::new(redactor.text(file.path.as_str())),
        ..file
    };
    files.into_iter().map(clean).collect()
}

fn clean_processes(redactor: &Arc<Redactor>, seen: Vec<ProcessSeen>) -> Vec<ProcessSeen> {
    let clean = |process: ProcessSeen| ProcessSeen {
        program: redactor.text(&process.program),
        argv: process
            .argv
            .iter()
            .map(|text| redactor.text(text))
            .collect(),
        home: process.home.map(|home| redactor.text(&home)),
        ..process
    };
    seen.into_iter().map(clean).collect()
}

fn clean_error(redactor: &Arc<Redactor>, error: WorldError) -> WorldError {
    let text = |text: String| redactor.text(&text);
    match error {
        WorldError::Refused { what } => WorldError::Refused { what: text(what) },
        WorldError::ProgramNotFound { program } => WorldError::ProgramNotFound {
            program: text(program),
        },
        WorldError::NotStarted { program, reason } => WorldError::NotStarted {
            program: text(program),
            reason: text(reason),
        },
        WorldError::File {
            operation,
            path,
            kind,
            reason,
        } => WorldError::File {
            operation,
            path: text(path),
            kind,
            reason: text(reason),
        },
        WorldError::NoAnswer {
            url,
            timed_out,
            reason,
        } => WorldError::NoAnswer {
            url: text(url),
            timed_out,
            reason: text(reason),
        },
        WorldError::NotRecorded { reason } => WorldError::NotRecorded {
            reason: text(reason),
        },
        WorldError::NotInRecording { what } => WorldError::NotInRecording { what: text(what) },
        WorldError::Interrupted => WorldError::Interrupted,
        WorldError::Processes { reason } => WorldError::Processes {
            reason: text(reason),
        },
    }
}
