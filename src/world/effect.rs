//! What a verb may ask of the outside: plain values, so that a request can be written down,
//! refused, broken or answered from a recording before anything happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Place, ProcessIdentity};

/// One request to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// Runs a program to its end. Answered by [`super::Response::Program`].
    Run(Program),
    /// Reads one address over HTTP. Answered by [`super::Response::Http`].
    HttpGet(HttpGet),
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
        #[serde(rename = "milliseconds", with = "milliseconds")]
        duration: Duration,
    },
    /// A fresh ULID. Answered by [`super::Response::Id`].
    FreshId,
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
    #[serde(rename = "limit_milliseconds", with = "milliseconds")]
    pub limit: Duration,
    /// What to look at while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Box<Watch>>,
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
    #[serde(rename = "limit_milliseconds", with = "milliseconds")]
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
    #[serde(rename = "grace_milliseconds", with = "milliseconds")]
    pub grace: Duration,
}

/// Durations as whole milliseconds in the journal.
pub(crate) mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
