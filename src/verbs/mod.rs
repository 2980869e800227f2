//! What a subtask can do: one file per verb. A verb decides, and reaches out only through
//! [`crate::world::World`]; it never knows which world it is in.

mod assert_canary;
mod bundle;
mod canary;
mod canary_environment;
mod close_issue;
mod comment;
mod ctx;
mod declare;
mod end_daemons;
mod find_candidate;
mod fix_audit;
mod fix_behaviour;
mod fix_proof;
mod gather_environment;
mod harness_preflight;
mod health_check;
mod health_unchanged;
mod install_candidate;
mod issue_state;
mod keep_logs;
mod no_interventions;
mod on_failure;
mod pytest_suite;
mod remote_count;
mod require_closed;
mod require_equal;
mod require_newer;
mod require_state;
mod run_program;
pub(crate) mod shared;
mod still_required;
mod trouble;
mod uv_sync;
mod verify_boundary;
mod verify_version;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::gate::{Outcome, Triage};
use crate::world::ProcessRule;

pub use assert_canary::AssertCanary;
pub use bundle::Bundle;
pub use canary::Canary;
pub use canary_environment::CanaryEnvironment;
pub use close_issue::CloseIssue;
pub use comment::Comment;
pub use ctx::Ctx;
pub use declare::{Ask, Declares, Write};
pub use end_daemons::EndDaemons;
pub use find_candidate::FindCandidate;
pub use fix_audit::FixAudit;
pub use fix_behaviour::FixBehaviour;
pub use fix_proof::FixProof;
pub use gather_environment::{EventsSource, GatherEnvironment};
pub use harness_preflight::HarnessPreflight;
pub use health_check::HealthCheck;
pub use health_unchanged::HealthUnchanged;
pub use install_candidate::InstallCandidate;
pub use issue_state::IssueState;
pub use keep_logs::KeepLogs;
pub use no_interventions::NoInterventions;
pub use on_failure::OnFailure;
pub use pytest_suite::PytestSuite;
pub use remote_count::RemoteCount;
pub use require_closed::RequireClosed;
pub use require_equal::RequireEqual;
pub use require_newer::RequireNewer;
pub use require_state::{IssueStateName, Otherwise, RequireState};
pub use run_program::RunProgram;
pub(crate) use shared::fix::linked as linked_change;
pub use still_required::StillRequired;
pub use trouble::Trouble;
pub use uv_sync::UvSync;
pub use verify_boundary::VerifyBoundary;
pub use verify_version::VerifyVersion;

/// A value that is not text: given as it is, or as a template that yields it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Param<T> {
    /// Given.
    Given(T),
    /// `{{ name }}`, replaced by that fact's or parameter's value before the verb runs.
    Template(String),
}

impl<T> Param<T> {
    /// The value; none while it is still a template.
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Given(value) => Some(value),
            Self::Template(_) => None,
        }
    }
}

/// A text that is no template is of the wrong type: once templates are filled in, what is left
/// must be given.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Param<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a value of another type, or a template that yields it"
        )]
        enum Written<T> {
            Given(T),
            Text(String),
        }
        match Written::deserialize(from)? {
            Written::Given(value) => Ok(Self::Given(value)),
            Written::Text(text) if text.contains("{{") => Ok(Self::Template(text)),
            Written::Text(text) => Err(serde::de::Error::custom(format!(
                "the text `{text}` where a value of another type, or a template that yields it, is needed"
            ))),
        }
    }
}

/// What a verb does when its subtask runs.
#[async_trait]
pub trait Act {
    /// Does it, and says how it ended.
    ///
    /// # Errors
    /// Whatever kept it from a verdict; never a pass.
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble>;
}

/// What the gate file says beside the subtasks, parameters filled in.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Id of the run; part of the hidden marker in comments.
    pub run: String,
    /// Process rules by name.
    pub processes: BTreeMap<String, ProcessRule>,
    /// What failures mean.
    pub triage: Vec<Triage>,
    /// Comment templates by name.
    pub templates: BTreeMap<String, String>,
    /// The gate's parameters as one tree.
    pub parameters: serde_json::Map<String, serde_json::Value>,
}

macro_rules! verbs {
    ($($name:ident $tag:literal,)*) => {
        /// A verb with its fields, as the gate file writes them: `uses = "<name>"`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(tag = "uses")]
        pub enum Verb {
            $(
                #[serde(rename = $tag)]
                #[expect(missing_docs, reason = "the struct says it")]
                $name($name),
            )*
        }

        impl Verb {
            /// Names of all verbs.
            pub const NAMES: &[&str] = &[$($tag,)*];

            /// Its name in the gate file.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $tag,)* }
            }

            /// What it says of itself.
            #[must_use]
            pub fn declares(&self) -> &dyn Declares {
                match self { $(Self::$name(verb) => verb,)* }
            }

            /// What it does.
            #[must_use]
            pub fn acts(&self) -> &dyn Act {
                match self { $(Self::$name(verb) => verb,)* }
            }

            /// Reads the fields of the verb `name` (all but `uses`), keeping the deserializer's
            /// places in its errors, which serde's own tagged enums lose.
            ///
            /// # Errors
            /// The deserializer's own; none if there is no verb of that name.
            pub fn from_fields<'de, D: serde::Deserializer<'de>>(
                name: &str,
                fields: D,
            ) -> Option<Result<Self, D::Error>> {
                match name {
                    $($tag => Some($name::deserialize(fields).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// The JSON Schema of each verb's fields, by the verb's name.
            pub fn schemas(
                generator: &mut schemars::SchemaGenerator,
            ) -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($tag, <$name as schemars::JsonSchema>::json_schema(generator)),)*]
            }
        }
    };
}

verbs! {
    IssueState "issue-state",
    RequireClosed "require-closed",
    FixBehaviour "fix-behaviour",
    FixProof "fix-proof",
    FixAudit "fix-audit",
    FindCandidate "find-candidate",
    RequireNewer "require-newer",
    EndDaemons "end-daemons",
    InstallCandidate "install-candidate",
    VerifyVersion "verify-version",
    VerifyBoundary "verify-boundary",
    HealthCheck "health-check",
    RemoteCount "remote-count",
    RequireEqual "require-equal",
    CanaryEnvironment "canary-environment",
    UvSync "uv-sync",
    HarnessPreflight "harness-preflight",
    Canary "canary",
    AssertCanary "assert-canary",
    OnFailure "on-failure",
    NoInterventions "no-interventions",
    GatherEnvironment "gather-environment",
    HealthUnchanged "health-unchanged",
    Bundle "bundle",
    Comment "comment",
    CloseIssue "close-issue",
    RequireState "require-state",
    StillRequired "still-required",
    PytestSuite "pytest-suite",
    KeepLogs "keep-logs",
    RunProgram "run-program",
}
