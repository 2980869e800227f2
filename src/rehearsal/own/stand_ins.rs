//! The simulated outside of a user's gate: pages and programs answer as the gate file specifies,
//! time passes without waiting, and nothing else can be reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::cast::{Cast, page_line, plays_itself, program_line};
use crate::gate::{PlayedPage, PlayedProgram};
use crate::model::SubtaskId;
use crate::store::sha256_hex;
use crate::world::{
    Captured, Effect, Ended, Finished, HttpAnswer, Place, Program, Response, Sandbox, World,
    WorldError, WriteFile,
};

/// The requests so far, and the defaults used for them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// How often each page and each command line was requested.
    times: BTreeMap<String, usize>,
    /// Command lines, in order.
    pub(super) programs: Vec<String>,
    /// Addresses, in order.
    pub(super) pages: Vec<String>,
    /// Notes on requests for which the gate file specifies no answer.
    pub(super) made_up: BTreeSet<String>,
    /// How long was waited.
    waited: Duration,
}

impl Asked {
    /// Which of several answers is used this time.
    fn turn(&mut self, what: String, several: usize) -> usize {
        let times = self.times.entry(what).or_default();
        let turn = (*times).min(several.saturating_sub(1));
        *times += 1;
        turn
    }
}

/// The stand-ins, in front of the live world of the rehearsal's own directories.
pub(super) struct StandIns {
    inner: Arc<dyn World>,
    cast: Arc<Cast>,
    asked: Arc<Mutex<Asked>>,
}

impl StandIns {
    pub(super) fn new(inner: Arc<dyn World>, cast: Arc<Cast>, asked: Arc<Mutex<Asked>>) -> Self {
        Self { inner, cast, asked }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Asked) -> T) -> T {
        change(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn page(&self, url: &str) -> HttpAnswer {
        self.with(|asked| asked.pages.push(url.to_owned()));
        let same: Vec<&PlayedPage> = self
            .cast
            .pages
            .iter()
            .filter(|one| one.url == url)
            .collect();
        let turn = self.with(|asked| asked.turn(format!("page {url}"), same.len()));
        if let Some(page) = same.get(turn) {
            return answer(page);
        }
        self.with(|asked| asked.made_up.insert(page_line(url)));
        HttpAnswer {
            status: 200,
            body: "{\"status\": \"ok\"}".to_owned(),
            headers: json_header(),
        }
    }

    async fn run(&self, by: &SubtaskId, program: Program) -> Result<Response, WorldError> {
        if let Some(played) = self.played(&program.argv) {
            self.note(&program.argv);
            return self.play(by, program, &played).await;
        }
        if plays_itself(&program.argv) {
            let effect = Effect::Run(without_remotes(program));
            return self.inner.perform(by, effect).await;
        }
        self.note(&program.argv);
        self.with(|asked| asked.made_up.insert(program_line(&program.argv)));
        Ok(Response::Program(Box::new(ended(Ended::Code(0), "", ""))))
    }

    fn note(&self, argv: &[String]) {
        self.with(|asked| asked.programs.push(argv.join(" ")));
    }

    /// The gate file's entry for a command line, this time.
    fn played(&self, argv: &[String]) -> Option<PlayedProgram> {
        let first = self.cast.programs.get(self.cast.program(argv)?)?;
        let all = self.cast.programs.iter();
        let same: Vec<&PlayedProgram> = all.filter(|one| one.argv == first.argv).collect();
        let what = format!("program {}", first.argv.join("\0"));
        let turn = self.with(|asked| asked.turn(what, same.len()));
        same.get(turn).map(|one| (*one).clone())
    }

    async fn play(
        &self,
        by: &SubtaskId,
        program: Program,
        played: &PlayedProgram,
    ) -> Result<Response, WorldError> {
        if played.real {
            let effect = Effect::Run(confined(program));
            return self.inner.perform(by, effect).await;
        }
        for (path, text) in &played.writes {
            let file = WriteFile {
                path: program.cwd.join(path),
                text: text.clone(),
                replace: true,
            };
            self.inner.perform(by, Effect::WriteFile(file)).await?;
        }
        let end = Ended::Code(played.exit);
        let finished = ended(end, &played.stdout, &played.stderr);
        Ok(Response::Program(Box::new(finished)))
    }
}

#[async_trait]
impl World for StandIns {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::Run(program) => self.run(by, program).await,
            Effect::HttpGet(get) => Ok(Response::Http(self.page(&get.url))),
            Effect::HttpPost(post) => Ok(Response::Http(self.page(&post.url))),
            // The rehearsal confirms: with the first answer that does.
            Effect::AskPerson(ask) => Ok(Response::Typed(ask.expected.into_iter().next())),
            Effect::Sleep { duration } => {
                self.with(|asked| asked.waited += duration);
                Ok(Response::Done)
            }
            Effect::Now => {
                let waited = self.with(|asked| asked.waited);
                match self.inner.perform(by, Effect::Now).await? {
                    Response::Now(now) => Ok(Response::Now(now.checked_add(waited).unwrap_or(now))),
                    other => Ok(other),
                }
            }
            Effect::FindProgram { name } if plays_itself(std::slice::from_ref(&name)) => {
                self.inner.perform(by, Effect::FindProgram { name }).await
            }
            Effect::FindProgram { name } => Ok(Response::Found(vec![format!("‹stand-in›/{name}")])),
            // The processes of this machine do not belong to the rehearsal.
            Effect::ListProcesses => Ok(Response::Processes(Vec::new())),
            Effect::EndProcesses(_) => Ok(Response::Ended(Vec::new())),
            Effect::ReadFile(_)
            | Effect::ListFiles(_)
            | Effect::WriteFile(_)
            | Effect::MakeDir { .. }
            | Effect::RemoveDir { .. }
            | Effect::SealDir { .. }
            | Effect::KeepFiles(_)
            | Effect::Pack(_)
            | Effect::LeaveFile(_)
            | Effect::AskAgent { .. }
            | Effect::JournalHead
            | Effect::Reserve(_)
            | Effect::FreshId => self.inner.perform(by, effect).await,
        }
    }
}

/// A program that ended like this, having printed that.
pub(super) fn ended(end: Ended, stdout: &str, stderr: &str) -> Finished {
    let captured = |text: &str| Captured {
        text: text.to_owned(),
        truncated: false,
        bytes: text.len() as u64,
        sha256: sha256_hex(text.as_bytes()),
        log: None,
    };
    Finished {
        ended: end,
        stdout: captured(stdout),
        stderr: captured(stderr),
        elapsed: Duration::ZERO,
        leftovers: Vec::new(),
        observations: Vec::new(),
        confined: None,
    }
}

fn answer(page: &PlayedPage) -> HttpAnswer {
    let mut headers = page.headers.clone();
    let body = match (&page.json, &page.body) {
        (Some(json), _) => {
            let (name, value) = ("content-type".to_owned(), "application/json".to_owned());
            headers.entry(name).or_insert(value);
            json.to_string()
        }
        (None, body) => body.clone().unwrap_or_default(),
    };
    HttpAnswer {
        status: page.status,
        body,
        headers,
    }
}

fn json_header() -> BTreeMap<String, String> {
    BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())])
}

/// git with access to local files only.
fn without_remotes(mut program: Program) -> Program {
    if program.argv.first().is_some_and(|name| name == "git") {
        let only = ("GIT_ALLOW_PROTOCOL".to_owned(), "file".to_owned());
        program.env.extend([only]);
    }
    program
}

/// A real program: no network, and nothing but the run and its own directory to change.
fn confined(mut program: Program) -> Program {
    if program.sandbox.is_none() {
        program.sandbox = Some(Box::new(Sandbox {
            writable: vec![program.cwd.clone(), Place::run("home")],
            ..Sandbox::default()
        }));
    }
    program
}
