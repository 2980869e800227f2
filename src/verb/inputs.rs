//! The inputs of a result besides the definition of its subtask: checkouts, tags, files. They are
//! recorded with the result and determined again on resume; a result is kept only if both are
//! equal. All of them are read through the world, so that a replay can answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;

use super::{Ctx, VerbError};
use crate::store::sha256_hex;
use crate::world::{FileSeen, Finished, ListFiles, Place, Program};

/// The inputs of a result by name: a commit, or the digest of the content at that time.
pub type Inputs = BTreeMap<String, String>;

/// An input of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Commit and tree of this checkout in the workspace, without what its own runs write.
    Checkout(String),
    /// Where this tag of a checkout points.
    Tag {
        /// The checkout.
        checkout: String,
        /// The tag.
        tag: String,
    },
    /// Where all tags of this checkout point.
    Tags(String),
    /// A file given by its path on this machine. It is not read, so a result that depends on one is
    /// never kept.
    Elsewhere(String),
    /// Files that are read, with a description.
    Files(&'static str, ListFiles),
    /// The comment template of this name.
    Template(String),
    /// The gate's process rules and triage rules.
    Rules,
    /// The subtask only reads, and is run again: what it published then must equal what it would
    /// publish now.
    Again,
    /// A condition that must still hold when it is checked again, although the observed values
    /// change by themselves, such as the time counters of a health page: it only reads.
    Holds,
}

impl Input {
    /// Its name, if it is in the run's throwaway home.
    #[must_use]
    pub fn in_home(&self) -> Option<&str> {
        let home = Place::run("home");
        let below = |files: &ListFiles| {
            let root = files.root.as_str().strip_prefix(home.as_str());
            root.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match self {
            Self::Files(name, files) if below(files) => Some(name),
            _ => None,
        }
    }
}

/// Directories at the top of checkouts that the gate's own programs write; in every checkout, where
/// none is named.
pub type Written = BTreeSet<(Option<String>, String)>;

/// The prefix of an input that could not be determined; it never equals anything.
const UNKNOWN: &str = "could not be told: ";

/// Directories in a checkout that tools fill by themselves.
const BY_TOOLS: [&str; 6] = [
    ".git",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
];

/// Determines them as they are now, without what the gate's own programs write.
pub async fn take(ctx: &Ctx, inputs: &[Input], written: &Written) -> Inputs {
    let mut taken = Inputs::new();
    for input in inputs {
        let (name, value) = match input {
            Input::Checkout(name) => (
                format!("checkout `{name}`"),
                checkout(ctx, name, written).await,
            ),
            Input::Tag { checkout, tag } => (
                format!("tag `{tag}` of `{checkout}`"),
                tag_of(ctx, checkout, tag).await,
            ),
            Input::Tags(name) => (format!("tags of `{name}`"), tags_of(ctx, name).await),
            Input::Files(what, files) => ((*what).to_owned(), files_of(ctx, files).await),
            Input::Template(name) => {
                let text = ctx.setting().templates.get(name);
                let digest = text.map(|text| sha256_hex(text.as_bytes()));
                (format!("template `{name}`"), Ok(digest.unwrap_or_default()))
            }
            Input::Rules => {
                let setting = ctx.setting();
                let rules = json!([setting.processes, setting.triage]).to_string();
                let digest = sha256_hex(rules.as_bytes());
                ("process rules and triage".to_owned(), Ok(digest))
            }
            Input::Elsewhere(path) if ctx.setting().format >= LOOKS_CLOSELY => (
                format!("file `{path}`"),
                Ok(format!("{UNKNOWN}it is not in the workspace")),
            ),
            // Not a value to compare: it is run again when the run is resumed.
            Input::Elsewhere(_) | Input::Again | Input::Holds => continue,
        };
        let value = value.unwrap_or_else(unknown);
        taken.insert(name, value);
    }
    taken
}

fn unknown(error: VerbError) -> String {
    let outcome = error.outcome();
    let why = outcome.finding().map(|finding| finding.what.clone());
    format!("{UNKNOWN}{}", why.unwrap_or_default())
}

/// A description of the first that has changed; none if all are the same.
#[must_use]
pub fn difference(then: &Inputs, now: &Inputs) -> Option<String> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    names.into_iter().find_map(|name| {
        let (old, new) = (then.get(name), now.get(name));
        let told = new.filter(|value| !value.starts_with(UNKNOWN));
        if told.is_some() && old == new {
            return None;
        }
        let short = |value: Option<&String>| value.map_or("nothing", String::as_str).to_owned();
        Some(
            match (told.is_some(), old.is_some_and(|old| is_digest(old))) {
                (false, _) | (true, false) => {
                    format!("{name} was {}, is {}", short(old), short(new))
                }
                (true, true) => format!("{name}: not what it was"),
            },
        )
    })
}

/// Whether a value is a digest, which means nothing to people.
fn is_digest(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `git` reading a checkout, with nothing in the checkout's own settings being run.
async fn git(ctx: &Ctx, checkout: &str, words: &[&str]) -> Result<Finished, VerbError> {
    let settings = ["git", "-c", "core.fsmonitor=false"];
    let mut program = Program::new(settings.iter().chain(words).copied());
    program.cwd = Place::workspace(checkout);
    program.limit = Duration::from_mins(1);
    let quiet = ("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned());
    program.env = BTreeMap::from([quiet]);
    Ok(ctx.run(program).await?)
}

/// The format of journals since which repositories around a checkout, and those in it, are looked
/// into. Earlier recordings hold other requests.
const LOOKS_CLOSELY: u32 = 3;

async fn checkout(ctx: &Ctx, name: &str, written: &Written) -> Result<String, VerbError> {
    let closely = ctx.setting().format >= LOOKS_CLOSELY;
    let which = if closely { "--show-prefix" } else { "--verify" };
    let head = git(ctx, name, &["rev-parse", which, "HEAD"]).await;
    let Some(head) = head.ok().filter(Finished::success) else {
        return all_files(ctx, name, written).await;
    };
    let status = ["status", "--porcelain=v1", "-z", "--untracked-files=all"];
    let status = git(ctx, name, &status).await?;
    if !status.success() || status.stdout.truncated {
        return Ok(format!("{UNKNOWN}`git status` in `{name}`"));
    }
    let head = head.stdout.text.trim_end();
    let (prefix, commit) = head.rsplit_once('\n').unwrap_or(("", head));
    let mut changed = entries(&status.stdout.text);
    changed.retain(|(_, path)| {
        let in_checkout = path.strip_prefix(prefix);
        !is_left_out(name, in_checkout.unwrap_or(path), written)
    });
    if changed.is_empty() {
        return Ok(commit.to_owned());
    }
    // Paths are told from the top of the repository, which may hold the checkout.
    let top = name.strip_suffix(prefix.trim_end_matches('/'));
    let is_whole = |top: &&str| prefix.is_empty() || top.is_empty() || top.ends_with('/');
    let Some(top) = top.filter(is_whole) else {
        let why = "its repository holds the workspace, and has changed files";
        return Ok(format!("{UNKNOWN}{why}"));
    };
    let root = Place::workspace(top.trim_end_matches('/'));
    let listed = changed.iter().flat_map(|(_, path)| {
        let path = globset::escape(path.trim_end_matches('/'));
        // Of a repository in it, git says no more than that it is there, or changed.
        let below = closely.then(|| format!("{path}/**"));
        std::iter::once(path).chain(below)
    });
    let files = ListFiles {
        include: listed.collect(),
        root: root.clone(),
    };
    let mut seen = ctx.list(files).await?;
    if closely {
        let below = format!("{root}/");
        seen.retain(|file| {
            let path = file.path.as_str();
            !is_left_out(name, path.strip_prefix(&below).unwrap_or(path), written)
        });
        if let Some(unread) = unread(&root, &changed, &seen) {
            return Ok(format!(
                "{UNKNOWN}`{unread}` is changed, and cannot be read"
            ));
        }
    }
    let digest = digest_of(&seen, &changed);
    Ok(format!(
        "{commit} with {} changed files, sha256:{}",
        changed.len(),
        &digest[..16]
    ))
}

/// A changed path of which no bytes were seen, although it was not deleted.
fn unread<'c>(root: &Place, changed: &'c [(String, String)], seen: &[FileSeen]) -> Option<&'c str> {
    let is_there = |state: &str| !state.is_empty() && !state.contains('D');
    let paths = changed.iter().filter(|(state, _)| is_there(state));
    let mut paths = paths.map(|(_, path)| path.trim_end_matches('/'));
    paths.find(|path| {
        let own = root.join(path);
        let below = format!("{own}/");
        let mut files = seen.iter().map(|file| file.path.as_str());
        !files.any(|file| file == own.as_str() || file.starts_with(&below))
    })
}

/// The entries of `git status --porcelain=v1 -z`: state and path. The old path of a rename follows
/// as an entry of its own, which is one more relevant path.
fn entries(status: &str) -> Vec<(String, String)> {
    let entry = |entry: &str| match entry.split_at_checked(3) {
        Some((state, path)) if state.ends_with(' ') => (state.trim().to_owned(), path.to_owned()),
        _ => (String::new(), entry.to_owned()),
    };
    status
        .split('\0')
        .filter(|one| !one.is_empty())
        .map(entry)
        .collect()
}

/// What tools and canary runs write is no input.
fn is_left_out(checkout: &str, path: &str, written: &Written) -> bool {
    let mut parts = path.split('/');
    let top = parts.clone().next().unwrap_or_default();
    let fills = |whose: Option<&str>| written.contains(&(whose.map(str::to_owned), top.to_owned()));
    fills(None)
        || fills(Some(checkout))
        || parts.any(|part| BY_TOOLS.contains(&part) || part.ends_with(".egg-info"))
}

/// Where there is no repository, the files themselves.
async fn all_files(ctx: &Ctx, name: &str, written: &Written) -> Result<String, VerbError> {
    let root = Place::workspace(name);
    let below = format!("{root}/");
    let mut seen = ctx
        .list(ListFiles {
            root,
            include: Vec::new(),
        })
        .await?;
    seen.retain(|file| {
        let path = file.path.as_str();
        !is_left_out(name, path.strip_prefix(&below).unwrap_or(path), written)
    });
    Ok(digest_of(&seen, &[]))
}

fn digest_of(seen: &[FileSeen], changed: &[(String, String)]) -> String {
    let mut lines: Vec<String> = seen
        .iter()
        .map(|file| format!("{} {}", file.path, file.sha256))
        .collect();
    lines.extend(
        changed
            .iter()
            .map(|(state, path)| format!("{state} {path}")),
    );
    lines.sort();
    sha256_hex(lines.join("\n").as_bytes())
}

async fn tag_of(ctx: &Ctx, checkout: &str, tag: &str) -> Result<String, VerbError> {
    let name = format!("refs/tags/{tag}^{{commit}}");
    let words = ["rev-parse", "--verify", "--end-of-options", &name];
    let finished = git(ctx, checkout, &words).await?;
    let found = finished.stdout.text.trim().to_owned();
    Ok(if finished.success() {
        found
    } else {
        "not there".to_owned()
    })
}

async fn tags_of(ctx: &Ctx, checkout: &str) -> Result<String, VerbError> {
    let finished = git(ctx, checkout, &["show-ref", "--tags"]).await?;
    if finished.stdout.truncated {
        return Ok(format!("{UNKNOWN}the tags of `{checkout}` are too many"));
    }
    Ok(sha256_hex(finished.stdout.text.as_bytes()))
}

async fn files_of(ctx: &Ctx, files: &ListFiles) -> Result<String, VerbError> {
    Ok(digest_of(&ctx.list(files.clone()).await?, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::Setting;
    use crate::verb::scripted::{Scripted, ended};
    use crate::world::Response;

    const HEAD: &str = "1111111111111111111111111111111111111111";

    async fn taken(status: &str, files: &[(&str, &str)]) -> String {
        let seen = |(path, text): &(&str, &str)| FileSeen {
            path: Place::workspace("p").join(path),
            bytes: 1,
            sha256: sha256_hex(text.as_bytes()),
            modified: jiff::Timestamp::UNIX_EPOCH,
        };
        let world = Scripted::new()
            .run("git -c core.fsmonitor=false rev-parse", ended(0, HEAD, ""))
            .run("git -c core.fsmonitor=false status", ended(0, status, ""))
            .answer(Response::Files(files.iter().map(seen).collect()));
        let written = Written::from([(None, "artifacts".to_owned())]);
        let inputs = [Input::Checkout("p".into())];
        let mut taken = take(&world.ctx(), &inputs, &written).await;
        taken.remove("checkout `p`").unwrap()
    }

    #[tokio::test]
    async fn a_clean_checkout_is_its_commit_and_a_dirty_one_its_bytes_too() {
        assert_eq!(taken("", &[]).await, HEAD);
        let left_out =
            "?? artifacts/run-1.json\0?? src/__pycache__/a.pyc\0?? x.egg-info/PKG-INFO\0";
        assert_eq!(taken(left_out, &[]).await, HEAD);
        let one = taken(" M a.py\0", &[("a.py", "one")]).await;
        assert!(one.starts_with(&format!("{HEAD} with 1 changed files")));
        assert_ne!(one, taken(" M a.py\0", &[("a.py", "two")]).await);
        assert_ne!(one, taken(" D a.py\0", &[]).await);
        assert_eq!(one, taken(" M a.py\0", &[("a.py", "one")]).await);
        let untracked = taken("?? conftest.py\0", &[("conftest.py", "")]).await;
        assert!(untracked.contains("1 changed"), "{untracked}");
        let renamed = taken("R  new.py\0old.py\0", &[("new.py", "x")]).await;
        assert!(renamed.contains("2 changed"), "{renamed}");
    }

    fn now() -> Setting {
        Setting {
            format: LOOKS_CLOSELY,
            ..Setting::default()
        }
    }

    /// What a checkout is taken as, in the format of now.
    async fn looked_at(
        name: &str,
        head: &str,
        status: &str,
        files: &[(&str, &str)],
        written: (Option<&str>, &str),
    ) -> String {
        let seen = |(path, text): &(&str, &str)| FileSeen {
            path: Place::workspace(path),
            bytes: 1,
            sha256: sha256_hex(text.as_bytes()),
            modified: jiff::Timestamp::UNIX_EPOCH,
        };
        let world = Scripted::new()
            .run("git -c core.fsmonitor=false rev-parse", ended(0, head, ""))
            .run("git -c core.fsmonitor=false status", ended(0, status, ""))
            .answer(Response::Files(files.iter().map(seen).collect()));
        let (checkout, top) = written;
        let written = Written::from([(checkout.map(str::to_owned), top.to_owned())]);
        let inputs = [Input::Checkout(name.to_owned())];
        let taken = take(&world.setting(now()).ctx(), &inputs, &written).await;
        taken.into_values().next().unwrap()
    }

    #[tokio::test]
    async fn what_another_checkouts_program_writes_is_no_excuse() {
        let head = format!("\n{HEAD}\n");
        let status = " M src/x.py\0";
        let of = async |text, whose| {
            looked_at("b", &head, status, &[("b/src/x.py", text)], (whose, "src")).await
        };
        assert_eq!(of("one", Some("b")).await, HEAD);
        assert_eq!(of("one", None).await, HEAD);
        assert_ne!(of("one", Some("a")).await, HEAD);
        assert_ne!(of("one", Some("a")).await, of("two", Some("a")).await);
    }

    #[tokio::test]
    async fn a_repository_around_the_checkout_is_looked_into() {
        let head = format!("service/\n{HEAD}\n");
        let nothing = (Some("x"), "x");
        let of = async |name, status, files| looked_at(name, &head, status, files, nothing).await;
        let status = " M service/a.py\0 M lib/b.py\0";
        let one = [("mono/service/a.py", "1"), ("mono/lib/b.py", "1")];
        let two = [("mono/service/a.py", "1"), ("mono/lib/b.py", "2")];
        let told = of("mono/service", status, &one).await;
        assert!(told.contains("2 changed files"), "{told}");
        assert_eq!(told, of("mono/service", status, &one).await);
        assert_ne!(told, of("mono/service", status, &two).await);
        // The workspace itself lies in the repository.
        for name in ["elsewhere", "xservice"] {
            let told = of(name, status, &[]).await;
            assert!(told.starts_with(UNKNOWN), "{name}: {told}");
        }
        let fills = (Some("mono/service"), "out");
        let own = looked_at("mono/service", &head, "?? service/out/r\0", &[], fills).await;
        assert_eq!(own, HEAD);
    }

    #[tokio::test]
    async fn a_repository_in_the_checkout_is_its_bytes_or_unknown() {
        let head = format!("\n{HEAD}\n");
        let nothing = (Some("x"), "x");
        let of = async |status, files| looked_at("p", &head, status, files, nothing).await;
        let one = of("?? inner/\0", &[("p/inner/a", "1")]).await;
        assert_ne!(one, of("?? inner/\0", &[("p/inner/a", "2")]).await);
        assert_eq!(one, of("?? inner/\0", &[("p/inner/a", "1")]).await);
        let unread = of(" M sub\0", &[]).await;
        assert!(unread.starts_with(UNKNOWN), "{unread}");
        let deleted = of(" D a.py\0", &[]).await;
        assert!(deleted.contains("1 changed files"), "{deleted}");
    }

    #[tokio::test]
    async fn a_file_named_by_its_path_is_never_the_same() {
        let inputs = [Input::Elsewhere("/home/o/check.sh".into())];
        let ctx = Scripted::new().setting(now()).ctx();
        let taken = take(&ctx, &inputs, &Written::new()).await;
        assert!(difference(&taken, &taken).is_some());
    }

    #[test]
    fn only_what_is_told_and_the_same_is_no_difference() {
        let of = |pairs: &[(&str, &str)]| -> Inputs {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect()
        };
        let then = of(&[("checkout `p`", "a"), ("definition", "b")]);
        assert_eq!(difference(&then, &then), None);
        let moved = of(&[("checkout `p`", "c"), ("definition", "b")]);
        let told = difference(&then, &moved).unwrap();
        assert_eq!(told, "checkout `p` was a, is c");
        let less = of(&[("definition", "b")]);
        let told = difference(&then, &less).unwrap();
        assert_eq!(told, "checkout `p` was a, is nothing");
        assert!(difference(&less, &then).is_some());
        let unknown = of(&[
            ("checkout `p`", "could not be told: x"),
            ("definition", "b"),
        ]);
        assert!(difference(&unknown, &unknown).is_some());
        let digest = "0".repeat(64);
        let told = difference(&of(&[("files", &digest)]), &less).unwrap();
        assert!(told.starts_with("definition"), "{told}");
    }
}
