//! External effects that a verb may request: plain values, so that a request can be recorded,
//! refused, failed deliberately, or answered from a recording before anything happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Place, ProcessIdentity, Sandbox};

/// One request to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Runs a program to its end. Answered by [`super::Response::Program`].
    Run(Program),
    /// Reads one address over HTTP. Answered by [`super::Response::Http`].
    HttpGet(HttpGet),
    /// Sends a text to one address over HTTP. Answered by [`super::Response::Http`].
    HttpPost(HttpPost),
    /// Asks whoever is at the terminal. Answered by [`super::Response::Typed`].
    AskPerson(AskPerson),
    /// Reads a text file whole, up to a limit. Answered by [`super::Response::Text`].
    ReadFile(ReadFile),
    /// Lists files with size, time and digest. Answered by [`super::Response::Files`].
    ListFiles(ListFiles),
    /// Writes a file: beside, synced, renamed. Refuses to replace unless told so.
    /// Answered by [`super::Response::Files`] with the one file.
    WriteFile(WriteFile),
    /// Makes a directory; fails if it is already there. Answered by [`super::Response::Done`].
    MakeDir {
        /// The directory; its parents are made when missing.
        path: Place,
    },
    /// Takes a directory of the run's own away with all that is in it, following no link; one that
    /// is not there is no error. Answered by [`super::Response::Done`].
    RemoveDir {
        /// The directory.
        path: Place,
    },
    /// Ends the writing of an evidence directory: a manifest with all digests goes into it, it gets
    /// its name, and then nothing in it can be changed. Answered by [`super::Response::Done`].
    SealDir {
        /// Where it was written.
        path: Place,
        /// Its name, which an empty directory holds for it; its own, when nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Place>,
    },
    /// Copies files into an evidence directory, synced, never replacing one.
    /// Answered by [`super::Response::Files`], the copies, sorted by path.
    KeepFiles(KeepFiles),
    /// Leaves a copy of a file of the run where readers look, outside of the gate's directories:
    /// new, replacing nothing, through no link that others could have put there. Answered by
    /// [`super::Response::Files`] with the one file.
    LeaveFile(LeaveFile),
    /// Packs directories into one deterministic archive. Answered by
    /// [`super::Response::Files`] with the one archive.
    Pack(Pack),
    /// Lists all processes. Answered by [`super::Response::Processes`].
    ListProcesses,
    /// Ends processes: TERM, wait, KILL, wait, verify. Answered by [`super::Response::Ended`].
    EndProcesses(EndProcesses),
    /// Looks a program up on PATH. Answered by [`super::Response::Found`], every match in order.
    FindProgram {
        /// Bare name, such as `gh`.
        name: String,
    },
    /// The time of day. Answered by [`super::Response::Now`].
    Now,
    /// Waits. Answered by [`super::Response::Done`].
    Sleep {
        /// How long, in milliseconds.
        #[serde(rename = "milliseconds", with = "crate::model::milliseconds")]
        duration: Duration,
    },
    /// A fresh ULID. Answered by [`super::Response::Id`].
    FreshId,
    /// The head of the run's own journal, over all that has ended so far. Whoever keeps the journal
    /// answers it, by [`super::Response::JournalHead`]; without one there is no answer.
    JournalHead,
    /// Takes what only one run may have at a time. Answered by [`super::Response::Reserved`].
    Reserve(Reserve),
    /// Sends one message of its protocol to the operator's ssh agent. No verb may: what the agent
    /// signs is the gate's own business. Answered by [`super::Response::Text`].
    AskAgent {
        /// The message without its length, in base64, as is the answer.
        message: String,
    },
}

/// A program to run. Its environment is [`Program::base`] plus [`Program::env`] plus the
/// operator's variables named in [`Program::pass`]; nothing else gets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Program and arguments. The first is a bare name (found on PATH) or a path.
    /// Place tokens such as `‹run›` are expanded wherever they stand.
    pub argv: Vec<String>,
    /// Working directory.
    pub cwd: Place,
    /// Which of the operator's settings the program needs to work at all.
    #[serde(default)]
    pub base: EnvBase,
    /// Variables set on top.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Names of operator's variables that pass through. Their values never enter an effect, and
    /// are secrets, but for ordinary words and numbers such as `true` and `8080`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pass: BTreeSet<String>,
    /// Text for standard input; without it, standard input is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Time after which the whole process group is ended, in milliseconds.
    #[serde(rename = "limit_milliseconds", with = "crate::model::milliseconds")]
    pub limit: Duration,
    /// What to look at while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Box<Watch>>,
    /// What it may see and change, when it runs judged code; without it, what the operator may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Box<Sandbox>>,
}

impl Program {
    /// A program in the run's own directory with a two-minute limit and a bare environment.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            cwd: Place::run(""),
            base: EnvBase::Bare,
            env: BTreeMap::new(),
            pass: BTreeSet::new(),
            stdin: None,
            limit: Duration::from_mins(2),
            watch: None,
            sandbox: None,
        }
    }
}

/// Which of the operator's settings a program gets. In every one of them `PATH` is the
/// operator's with the gate's own tools around it (before it where they replace an older one,
/// else behind), `HOME` and `XDG_*` lie in the run directory (but see [`EnvBase::GitHub`] and
/// [`EnvBase::Fly`]), `TMPDIR` is a directory of this one program's, `LANG=C.UTF-8`, `TZ=UTC`,
/// and certificates and proxies (`SSL_CERT_FILE`, `SSL_CERT_DIR`, `HTTPS_PROXY`, …) pass through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvBase {
    /// No more than that.
    #[default]
    Bare,
    /// Package index settings too: `UV_*`, `PIP_*` index variables, and the operator's pip and
    /// uv configuration files and netrc by address.
    Installer,
    /// `gh`'s stored login: the operator's `HOME`, `GH_CONFIG_DIR`, `XDG_CONFIG_HOME`, key ring.
    /// `GH_TOKEN` and `GITHUB_TOKEN` are left out.
    GitHub,
    /// As `GitHub`, but with the environment's token: only for where nothing is stored.
    GitHubEnvironmentToken,
    /// `flyctl`'s stored login: the operator's `HOME` and `FLY_*`.
    Fly,
}

/// What the world records while a program runs, each time one of the awaited files appears
/// and once at the start and at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The files whose appearance (or replacement) is a boundary, in the expected order.
    pub boundaries: Vec<Place>,
    /// Command lines of processes to note, by rule.
    pub processes: ProcessRule,
    /// Directories and name patterns of files to digest at each boundary.
    pub files: Vec<ListFiles>,
    /// Address to read at each boundary, as the SaaS's health.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<HttpGet>,
    /// How often the addresses are read between two boundaries too, in milliseconds; without it
    /// they are not.
    #[serde(
        rename = "ask_every_milliseconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub ask_every: Option<u64>,
    /// Files that have to stay the same all through, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<Fixed>,
    /// Names of programs to notice when somebody else runs them, such as `pkill`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
}

/// Files that have to stay the same while a program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// What they are, such as `candidate`.
    pub name: String,
    /// Which.
    pub files: Vec<ListFiles>,
}

/// How a process is recognised: by its program's name and the structure of its argument list,
/// never by a substring of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessRule {
    /// Name that receipts and evidence use.
    #[serde(default)]
    pub name: String,
    /// Patterns (`*`, `?`) for the file name of the program, such as `python3*`.
    pub program: Vec<String>,
    /// The argument list, one regular expression per argument, each matching the whole
    /// argument; the first is the one after the program's name.
    pub argv: Vec<String>,
    /// Places of which one must hold the process's `HOME`, such as `‹home›`; none means any.
    /// So a daemon of another run, or of somebody's experiment, is not taken for an orphan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub homes: Vec<String>,
}

/// One HTTP GET. Redirects to another host are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpGet {
    /// Absolute address.
    pub url: String,
    /// Time limit in milliseconds, connection and body included.
    #[serde(rename = "limit_milliseconds", with = "crate::model::milliseconds")]
    pub limit: Duration,
    /// How it is asked.
    #[serde(default, skip_serializing_if = "HttpMethod::is_get")]
    pub method: HttpMethod,
    /// Small names of headers to keep besides [`super::HttpAnswer::HEADERS`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keep: BTreeSet<String>,
}

impl HttpGet {
    /// Reads this address, within this time.
    pub fn new(url: impl Into<String>, limit: Duration) -> Self {
        Self {
            url: url.into(),
            limit,
            method: HttpMethod::Get,
            keep: BTreeSet::new(),
        }
    }
}

/// How an address is asked: each only reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    /// For all of it.
    #[default]
    Get,
    /// For its headers.
    Head,
}

impl HttpMethod {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
    fn is_get(&self) -> bool {
        *self == Self::Get
    }
}

/// One HTTP POST. Redirects are not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpPost {
    /// Absolute address; `$NAME` stands for the operator's variable of that name, where `pass`
    /// lists it.
    pub url: String,
    /// Names of the operator's variables in it. Their values never enter an effect, and are secrets.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub pass: BTreeSet<String>,
    /// What kind of text it is.
    pub content_type: String,
    /// The text.
    pub body: String,
    /// Time limit in milliseconds.
    #[serde(rename = "limit_milliseconds", with = "crate::model::milliseconds")]
    pub limit: Duration,
}

/// A candidate of a gate, or a gate that is about none, for this run alone until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserve {
    /// Name of the gate.
    pub gate: String,
    /// The candidate, one spelling for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<String>,
    /// Whether it is waited for while another run has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
}

/// A question to whoever is at the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskPerson {
    /// What is asked, in one line.
    pub question: String,
    /// The answers that say yes.
    pub expected: Vec<String>,
    /// How long it is waited for an answer, in milliseconds.
    #[serde(rename = "limit_milliseconds", with = "crate::model::milliseconds")]
    pub limit: Duration,
}

/// Reads a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// The file.
    pub path: Place,
    /// A larger file is an error, in bytes.
    pub limit: u64,
}

/// Lists files below a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFiles {
    /// The directory. One that is missing has no files.
    pub root: Place,
    /// Patterns relative to it (`**/*.json`); none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
}

/// Writes a text file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFile {
    /// The file.
    pub path: Place,
    /// Its whole content.
    pub text: String,
    /// Whether an older one may be replaced.
    #[serde(default)]
    pub replace: bool,
}

/// Copies files into an evidence directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepFiles {
    /// What to copy.
    pub from: ListFiles,
    /// The directory that gets them, below it the same relative paths.
    pub to: Place,
}

/// Leaves a copy of a file where readers look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveFile {
    /// The file, in the run's directory.
    pub from: Place,
    /// Where it is left; its directory must be there.
    pub to: Place,
}

/// Packs directories into a `tar.gz` with sorted names and fixed owners and times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Name inside the archive and the files that go there.
    pub parts: Vec<(String, ListFiles)>,
    /// The archive; never replaced.
    pub to: Place,
}

/// Ends processes that were positively identified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndProcesses {
    /// The rule they matched; checked again before each signal.
    pub rule: ProcessRule,
    /// Which ones.
    pub targets: Vec<ProcessIdentity>,
    /// How long a process has between TERM and KILL, in milliseconds; with none it is KILL at once.
    #[serde(rename = "grace_milliseconds", with = "crate::model::milliseconds")]
    pub grace: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_sandbox_is_written_as_before() {
        let text = serde_json::to_string(&Program::new(["true"])).unwrap();
        assert!(!text.contains("sandbox"), "{text}");
    }
}
