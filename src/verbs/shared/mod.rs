//! What several verbs share: GitHub through `gh`, health pages, canary results, the attempt
//! directory, messages about programs.

pub(super) mod attempt;
pub(super) mod canary_result;
pub(super) mod canary_run;
pub(super) mod durations;
pub(crate) mod fix;
pub(super) mod fly;
pub(super) mod foreign;
mod gh_answer;
pub(super) mod github;
pub(super) mod github_write;
pub(super) mod health;
pub(super) mod interventions;
pub(super) mod pinned;
pub(crate) mod programs;
mod service;
pub(super) mod suite;
