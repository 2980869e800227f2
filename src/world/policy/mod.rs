//! The policy: checks each effect in the form in which it will be carried out, and refuses what the
//! gate file does not list, before anything is started.
//!
//! It trusts no claim: a program is judged by its argument list, a comment by its text, a process
//! rule by its patterns. What it does not understand, it refuses. It never performs, changes or
//! delays an effect.

mod classify;
mod fly;
mod gh;
mod git;
mod graphql;
mod programs;
mod python_tools;
mod words;

use std::collections::BTreeMap;

use async_trait::async_trait;

pub use classify::{Reach, classify};

use super::{
    Effect, EndProcesses, HttpGet, HttpPost, LeaveFile, Place, ProcessRule, Program, Response,
    World, WorldError,
};
use crate::model::{ResolvedPolicy, SubtaskId, is_numbered_name, numbered_paths};
use words::Refusal;

/// The gate file's policy, ready to judge effects.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    lists: ResolvedPolicy,
    rules: BTreeMap<String, ProcessRule>,
    writable: Vec<String>,
}

impl Policy {
    /// The policy of a gate with its named process rules.
    #[must_use]
    pub fn new(lists: ResolvedPolicy, rules: BTreeMap<String, ProcessRule>) -> Self {
        Self {
            lists,
            rules,
            writable: [Place::RUN, Place::STATE, Place::CACHE]
                .map(str::to_owned)
                .into(),
        }
    }

    /// Allows files to be written below one more place.
    #[must_use]
    pub fn writing_below(mut self, place: &Place) -> Self {
        self.writable.push(place.as_str().to_owned());
        self
    }

    /// Whether the effect may happen.
    ///
    /// # Errors
    /// [`WorldError::Refused`] with the request, and the list that would have to name it.
    pub fn check(&self, effect: &Effect) -> Result<(), WorldError> {
        self.judge(effect)
            .map_err(|what| WorldError::Refused { what })
    }

    /// Whether a program of this name may be started at all, whatever its arguments.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub fn check_program(&self, name: &str) -> Result<(), WorldError> {
        programs::judge_name(&self.lists, name).map_err(|what| WorldError::Refused { what })
    }

    fn judge(&self, effect: &Effect) -> Result<(), Refusal> {
        match effect {
            Effect::Run(program) => {
                let mut watched = program.watch.iter().flat_map(|watch| &watch.addresses);
                watched.try_for_each(|address| self.address(address))?;
                programs::judge(&self.lists, program)
            }
            Effect::HttpGet(get) => self.address(get),
            Effect::HttpPost(post) => self.post(post),
            Effect::EndProcesses(end) => self.end(end),
            Effect::WriteFile(write) => self.target(&write.path),
            Effect::MakeDir { path } => self.target(path),
            Effect::RemoveDir { path } => removable(path),
            Effect::SealDir { path, to } => {
                self.target(path)?;
                to.iter().try_for_each(|to| self.target(to))
            }
            Effect::KeepFiles(keep) => self.target(&keep.to),
            Effect::LeaveFile(file) => self.left(file),
            Effect::Pack(pack) => self.target(&pack.to),
            Effect::AskPerson(_)
            | Effect::ReadFile(_)
            | Effect::ListFiles(_)
            | Effect::ListProcesses
            | Effect::FindProgram { .. }
            | Effect::Now
            | Effect::Sleep { .. }
            | Effect::FreshId
            | Effect::JournalHead
            | Effect::Reserve(_) => Ok(()),
            Effect::AskAgent { .. } => Err("asking the ssh agent: no subtask signs".to_owned()),
        }
    }

    fn address(&self, get: &HttpGet) -> Result<(), Refusal> {
        if !is_address(&get.url) {
            return Err(format!(
                "reading `{}`: expected an address such as `https://service.example/health/`",
                get.url
            ));
        }
        if is_below_any(&get.url, &self.lists.read_addresses) {
            return Ok(());
        }
        Err(format!(
            "reading `{}`: not below any of policy.read_addresses",
            get.url
        ))
    }

    /// Host and path up to the variable are what the list names; the variable comes after.
    fn post(&self, post: &HttpPost) -> Result<(), Refusal> {
        let url = &post.url;
        let host = reqwest::Url::parse(url).ok();
        let host = host.as_ref().and_then(reqwest::Url::host_str);
        if !is_address(url) || host.is_none_or(|host| host.contains('$')) {
            return Err(format!(
                "posting to `{url}`: expected an address such as `https://hooks.example/x`"
            ));
        }
        if is_below_any(url, &self.lists.notify) {
            return Ok(());
        }
        Err(format!(
            "posting to `{url}`: not below any of policy.notify"
        ))
    }

    fn end(&self, end: &EndProcesses) -> Result<(), Refusal> {
        let name = &end.rule.name;
        if !self.lists.end_processes.contains(name) {
            return Err(format!(
                "ending processes by rule `{name}`: not in policy.end_processes"
            ));
        }
        if self.rules.get(name) != Some(&end.rule) {
            return Err(format!(
                "ending processes by rule `{name}`: its patterns are not those of [process.{name}]"
            ));
        }
        Ok(())
    }

    /// A file left for readers is a file of the run, under a name that the gate file lists or that
    /// name with a number appended.
    fn left(&self, file: &LeaveFile) -> Result<(), Refusal> {
        let (from, to) = (file.from.as_str(), file.to.as_str());
        let own = from.strip_prefix(Place::RUN).is_some_and(|below| {
            below.starts_with('/') && below.split('/').all(|part| part != "..")
        });
        let names = self.lists.leave.iter().map(|one| numbered_paths(one));
        let names: Vec<String> = names.filter_map(Result::ok).flatten().collect();
        if own && is_numbered_name(&names, to) {
            return Ok(());
        }
        Err(format!("leaving `{from}` at `{to}`: not in policy.leave"))
    }

    fn target(&self, place: &Place) -> Result<(), Refusal> {
        let text = place.as_str();
        let below = |root: &String| {
            text.strip_prefix(root.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if text.split('/').all(|part| part != "..") && self.writable.iter().any(below) {
            return Ok(());
        }
        Err(format!(
            "writing `{place}`: not below {}",
            self.writable.join(" or ")
        ))
    }
}

/// Only the working directories of an audit, and an environment that it did not finish, may be
/// removed: no evidence, no log.
fn removable(place: &Place) -> Result<(), Refusal> {
    let allowed = [(Place::RUN, "audit"), (Place::CACHE, "environments")];
    let below = allowed.iter().find_map(|(root, name)| {
        let below = place.as_str().strip_prefix(root)?.strip_prefix('/')?;
        below.strip_prefix(name)?.strip_prefix('/')
    });
    match below {
        Some(below) if !below.is_empty() && below.split('/').all(|part| part != "..") => Ok(()),
        _ => Err(format!(
            "removing `{place}`: only below {}/audit or {}/environments",
            Place::RUN,
            Place::CACHE
        )),
    }
}

/// Whether an address is one of these, or below it.
fn is_below_any(url: &str, listed: &[String]) -> bool {
    let below = |prefix: &String| {
        url.strip_prefix(prefix.as_str()).is_some_and(|rest| {
            // `https://saas.example` is not the start of `https://saas.example.org`.
            prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])
        })
    };
    let plain = !url.contains("..") && !url.to_ascii_lowercase().contains("%2e");
    plain && listed.iter().any(below)
}

/// Whether a text is an address, and means what it says: a parser drops tabs and line ends
/// wherever they stand, and takes a backslash for a slash.
fn is_address(text: &str) -> bool {
    let means_another =
        |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
    !text.contains(means_another)
        && reqwest::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The directory in which this start of `git` only reads; none where it may write, or is not
/// understood.
pub(crate) fn git_reads_in(program: &Program) -> Option<Place> {
    git::reads_in(&program.cwd, program.argv.get(1..)?)
}

/// A world in which only what the policy lists happens.
pub struct PolicyLayer<W> {
    inner: W,
    policy: Policy,
}

impl<W> PolicyLayer<W> {
    /// Wraps a world.
    pub fn new(inner: W, policy: Policy) -> Self {
        Self { inner, policy }
    }
}

#[async_trait]
impl<W: World> World for PolicyLayer<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        self.policy.check(&effect)?;
        self.inner.perform(by, effect).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_address_that_a_parser_reads_otherwise_is_refused() {
        let lists = ResolvedPolicy {
            read_addresses: vec!["https://service.example/health".to_owned()],
            notify: vec!["https://service.example/health".to_owned()],
            ..ResolvedPolicy::default()
        };
        let policy = Policy::new(lists, BTreeMap::new());
        let judged = |url: &str| {
            let limit = Duration::from_secs(1);
            let get = Effect::HttpGet(HttpGet::new(url.to_owned(), limit));
            let post = Effect::HttpPost(HttpPost {
                url: url.to_owned(),
                pass: BTreeSet::new(),
                content_type: "application/json".to_owned(),
                body: "{}".to_owned(),
                limit,
            });
            [policy.check(&get).is_ok(), policy.check(&post).is_ok()]
        };
        for url in [
            "https://service.example/health/.\t./admin/delete",
            "https://service.example/health/.\n./admin/delete",
            "https://service.example/health/.\r./admin/delete",
            "https://service.example/health/ ",
            "https://service.example/health/\\admin",
            "https://service.example/health/\u{0}",
        ] {
            assert_eq!(judged(url), [false, false], "{url:?}");
        }
        for url in [
            "https://service.example/health/ready/",
            "https://service.example/health?full=1",
            "https://service.example/health/%20x",
        ] {
            assert_eq!(judged(url), [true, true], "{url}");
        }
    }
}
