//! A git history as data, and its import into a repository.
//!
//! Commits carry whole trees, fixed people and fixed times, so their ids are the same on every
//! machine. One `git fast-import` stream creates a repository. Knows nothing of the content of a
//! tree.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::tree::Tree;
use crate::rehearsal::{RehearsalError, host};

/// Who merges and releases.
pub(super) const RELEASER: &str = "Otto Brandt <otto@spec-kitty.example>";

/// The number of a commit in a history, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CommitNumber(usize);

/// One commit.
#[derive(Debug)]
struct Commit {
    branch: &'static str,
    parents: Vec<CommitNumber>,
    seconds: i64,
    author: &'static str,
    message: String,
    tree: Tree,
}

/// One tag; a release is annotated, any other tag is only a name.
#[derive(Debug)]
struct Tag {
    name: String,
    commit: CommitNumber,
    annotated: bool,
}

/// A history that can be extended.
#[derive(Debug, Default)]
pub(super) struct History {
    commits: Vec<Commit>,
    tags: Vec<Tag>,
}

/// The metadata of a commit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'text> {
    /// The full name of the branch it is on.
    pub branch: &'static str,
    /// Its time, as in `2026-05-20T09:30:00Z`.
    pub at: &'static str,
    /// The first or the second of the people.
    pub author: &'static str,
    /// The message.
    pub message: &'text str,
}

impl History {
    /// Adds a commit on its parents.
    pub(super) fn commit(
        &mut self,
        said: Said<'_>,
        parents: &[CommitNumber],
        tree: Tree,
    ) -> Result<CommitNumber, RehearsalError> {
        let seconds = said
            .at
            .parse::<jiff::Timestamp>()
            .map_err(|error| RehearsalError::Other(format!("bad time `{}`: {error}", said.at)))?
            .as_second();
        self.commits.push(Commit {
            branch: said.branch,
            parents: parents.to_vec(),
            seconds,
            author: said.author,
            message: said.message.to_owned(),
            tree,
        });
        Ok(CommitNumber(self.commits.len() - 1))
    }

    /// Names a commit.
    pub(super) fn tag(&mut self, name: impl Into<String>, commit: CommitNumber, annotated: bool) {
        let name = name.into();
        self.tags.push(Tag {
            name,
            commit,
            annotated,
        });
    }

    /// The tree of a commit.
    pub(super) fn tree(&self, commit: CommitNumber) -> Option<&Tree> {
        self.commits.get(commit.0).map(|commit| &commit.tree)
    }

    /// When a commit was created.
    pub(super) fn made(&self, commit: CommitNumber) -> Option<jiff::Timestamp> {
        let commit = self.commits.get(commit.0)?;
        jiff::Timestamp::from_second(commit.seconds).ok()
    }

    /// The commits of all tags.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, CommitNumber)> {
        self.tags.iter().map(|tag| (tag.name.as_str(), tag.commit))
    }

    /// Creates the repository and checks out `main`; returns the id of each commit.
    pub(super) fn make(&self, directory: &Path) -> Result<Ids, RehearsalError> {
        host::make_dir(directory)?;
        let init = [
            "init",
            "-q",
            "-b",
            "main",
            "--template=",
            "--object-format=sha1",
        ];
        host::run(git(directory).args(init), None)?;
        let marks = directory.join(".git").join("rehearsal-marks");
        let stream = Stream::of(self).bytes;
        let import = host::run(
            git(directory)
                .args(["-c", "pack.compression=0", "-c", "core.compression=0"])
                .args(["fast-import", "--quiet", "--force"])
                .arg(format!("--export-marks={}", marks.display())),
            Some(&stream),
        );
        import?;
        let ids = Ids::read(&host::read(&marks)?);
        host::remove_file(&marks)?;
        host::run(git(directory).args(["reset", "-q", "--hard"]), None)?;
        Ok(ids)
    }
}

/// A git command that sees no configuration but the repository's own.
fn git(directory: &Path) -> Command {
    let mut command = host::command("git");
    command
        .current_dir(directory)
        // A world that lasts a minute need not survive a power cut.
        .args(["-c", "core.fsync=none"])
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE");
    command
}

/// The ids of a history's commits in a repository.
#[derive(Debug)]
pub(super) struct Ids(BTreeMap<usize, String>);

impl Ids {
    fn read(marks: &[u8]) -> Self {
        let text = String::from_utf8_lossy(marks);
        let line = |line: &str| {
            let (mark, id) = line.strip_prefix(':')?.split_once(' ')?;
            Some((mark.parse().ok()?, id.to_owned()))
        };
        Self(text.lines().filter_map(line).collect())
    }

    /// The id of a commit.
    pub(super) fn of(&self, commit: CommitNumber) -> Result<String, RehearsalError> {
        let id = self.0.get(&mark_of(commit)).cloned();
        id.ok_or_else(|| RehearsalError::Other("git fast-import named no commit".to_owned()))
    }
}

/// Commits have the low marks, blobs those from here on.
const FIRST_BLOB_MARK: usize = 1_000_000;

fn mark_of(commit: CommitNumber) -> usize {
    commit.0 + 1
}

/// A fast-import stream.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    blobs: BTreeMap<Arc<[u8]>, usize>,
}

impl Stream {
    fn of(history: &History) -> Self {
        let mut stream = Self::default();
        let empty = Tree::default();
        for (number, commit) in history.commits.iter().enumerate() {
            let first_parent = commit.parents.first().copied();
            let before = first_parent.and_then(|parent| history.tree(parent));
            let changes = stream.changes(before.unwrap_or(&empty), &commit.tree);
            stream.commit(number, commit, &changes);
        }
        for tag in &history.tags {
            let seconds = history.commits.get(tag.commit.0).map_or(0, |c| c.seconds);
            stream.tag(tag, seconds);
        }
        stream
    }

    /// The commands that turn one tree into another; writes the blobs they need first.
    fn changes(&mut self, before: &Tree, after: &Tree) -> String {
        let mut commands = String::new();
        for (path, content) in after.files() {
            if before.get(path) != Some(content.as_ref()) {
                let mark = self.blob(content);
                let _ = writeln!(commands, "M 100644 :{mark} {path}");
            }
        }
        for (path, _) in before.files() {
            if after.get(path).is_none() {
                let _ = writeln!(commands, "D {path}");
            }
        }
        commands
    }

    fn blob(&mut self, content: &Arc<[u8]>) -> usize {
        if let Some(mark) = self.blobs.get(content) {
            return *mark;
        }
        let mark = FIRST_BLOB_MARK + self.blobs.len();
        self.line(&format!("blob\nmark :{mark}"));
        self.data(content);
        self.blobs.insert(Arc::clone(content), mark);
        mark
    }

    fn commit(&mut self, number: usize, commit: &Commit, changes: &str) {
        let who = format!("{} {} +0000", commit.author, commit.seconds);
        self.line(&format!("commit {}", commit.branch));
        self.line(&format!("mark :{}", mark_of(CommitNumber(number))));
        self.line(&format!("author {who}\ncommitter {who}"));
        self.data(commit.message.as_bytes());
        for (position, parent) in commit.parents.iter().enumerate() {
            let how = if position == 0 { "from" } else { "merge" };
            self.line(&format!("{how} :{}", mark_of(*parent)));
        }
        self.line(changes);
    }

    fn tag(&mut self, tag: &Tag, seconds: i64) {
        let mark = mark_of(tag.commit);
        if !tag.annotated {
            self.line(&format!("reset refs/tags/{}\nfrom :{mark}\n", tag.name));
            return;
        }
        self.line(&format!("tag {}\nfrom :{mark}", tag.name));
        self.line(&format!("tagger {RELEASER} {seconds} +0000"));
        self.data(format!("Release {}\n", tag.name).as_bytes());
    }

    fn line(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'\n');
    }

    fn data(&mut self, content: &[u8]) {
        self.line(&format!("data {}", content.len()));
        self.bytes.extend_from_slice(content);
        self.bytes.push(b'\n');
    }
}
