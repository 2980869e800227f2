//! What a subtask can do: one file per verb. A verb decides, and reaches out only through
//! [`crate::world::World`]; it never knows which world it is in.

pub mod anew;
mod approval;
mod assert_canary;
mod bundle;
mod canary;
mod canary_environment;
mod close_issue;
mod comment;
mod compare_versions;
mod confined;
mod deployment;
mod end_daemons;
mod evidence_directory;
mod exec;
mod file_contains;
mod find_candidate;
mod fix;
mod fix_audit;
mod fix_behaviour;
mod fix_proof;
mod fly;
mod gather_environment;
mod git_facts;
mod github;
mod harness_preflight;
mod health;
mod health_check;
mod health_unchanged;
mod http;
mod install_candidate;
mod issue_state;
mod keep_logs;
mod no_interventions;
mod notify;
mod on_failure;
mod pytest;
mod pytest_suite;
mod release;
mod remote_count;
mod require_closed;
mod require_equal;
mod require_newer;
mod require_state;
mod run_program;
mod still_required;
mod texts;
mod uv_sync;
mod verify_boundary;
mod verify_version;
mod wait_until;

use serde::{Deserialize, Serialize};

use crate::verb::{Act, Declares};

pub use approval::Approval;
pub use assert_canary::AssertCanary;
pub use bundle::Bundle;
pub use canary::Canary;
pub use canary_environment::CanaryEnvironment;
pub use close_issue::CloseIssue;
pub use comment::Comment;
pub use compare_versions::CompareVersions;
pub use end_daemons::EndDaemons;
pub use exec::Exec;
pub use file_contains::FileContains;
pub use find_candidate::FindCandidate;
pub(crate) use fix::linked as linked_change;
pub use fix_audit::FixAudit;
pub use fix_behaviour::FixBehaviour;
pub use fix_proof::FixProof;
pub use gather_environment::{EventsSource, GatherEnvironment};
pub use git_facts::GitFacts;
pub use harness_preflight::HarnessPreflight;
pub use health_check::HealthCheck;
pub use health_unchanged::HealthUnchanged;
pub use http::Http;
pub use install_candidate::InstallCandidate;
pub use issue_state::IssueState;
pub use keep_logs::KeepLogs;
pub use no_interventions::NoInterventions;
pub use notify::Notify;
pub use on_failure::OnFailure;
pub use pytest_suite::PytestSuite;
pub use release::Release;
pub use remote_count::RemoteCount;
pub use require_closed::RequireClosed;
pub use require_equal::RequireEqual;
pub use require_newer::RequireNewer;
pub use require_state::{IssueStateName, Otherwise, RequireState};
pub use run_program::RunProgram;
pub use still_required::StillRequired;
pub use uv_sync::UvSync;
pub use verify_boundary::VerifyBoundary;
pub use verify_version::VerifyVersion;
pub use wait_until::WaitUntil;

macro_rules! verbs {
    ($($name:ident $tag:literal,)*) => {
        /// A verb with its fields, as the gate file writes them: `uses = "<name>"`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(tag = "uses")]
        #[expect(clippy::large_enum_variant, reason = "a gate has few of them")]
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

            /// A gate file for each verb that shows it: the last subtask is one of it.
            pub const EXAMPLES: &[(&str, &str)] = &[
                $(($tag, include_str!(concat!("examples/", $tag, ".toml"))),)*
            ];

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
    Exec "exec",
    Http "http",
    WaitUntil "wait-until",
    FileContains "file-contains",
    GitFacts "git-facts",
    CompareVersions "compare-versions",
    Release "release",
    Approval "approval",
    Notify "notify",
}
