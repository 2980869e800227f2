//! GitHub through the real `gh`: which login, what is worth another try, and issues as verbs
//! know them. Reads only; the three writes are in [`write`].

mod answer;
mod ask;
mod comments;
mod earlier;
mod issue;
mod issue_ref;
mod limit;
mod mark;
mod record;
mod run;
mod words;
pub(super) mod write;

pub(in crate::verbs) use crate::verbs::github::answer::{Answer, judge, refused};
pub(in crate::verbs) use crate::verbs::github::ask::{graphql, pull_request, read};
pub(in crate::verbs) use crate::verbs::github::comments::{IssueComment, comments};
pub(in crate::verbs) use crate::verbs::github::issue::{
    Identity, Issue, identity, issue, issue_and_identity, origins_of_issue,
};
pub(in crate::verbs) use crate::verbs::github::issue_ref::IssueRef;
pub(in crate::verbs) use crate::verbs::github::run::{Login, STDOUT, run};
pub(in crate::verbs) use crate::verbs::github::words::{Reason, State};
