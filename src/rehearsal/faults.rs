//! The named faults: what each changes in the embedded world, and where the gate must stop.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// A set of faults to build the world with.
pub type Faults = BTreeSet<Fault>;

macro_rules! faults {
    ($($variant:ident $name:literal $stops:literal $exit:literal $what:literal;)*) => {
        /// Something that goes wrong in the embedded world.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $what] $variant,)*
        }

        impl Fault {
            /// Every fault, in the order they are listed.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What happens in the world.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// The subtask that stops the gate, or `–` when the gate passes.
            #[must_use]
            pub fn stops_at(self) -> &'static str {
                match self { $(Self::$variant => $stops,)* }
            }

            /// The exit code the gate must end with.
            #[must_use]
            pub fn exit(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }
        }
    };
}

faults! {
    BlockerOpen "blocker-open" "T003" 3 "#1141 is still open";
    ClosedNotPlanned "closed-not-planned" "T003" 3 "#1182 was closed as not planned";
    DiagnosticOnlyFix "diagnostic-only-fix" "T004" 3 "the change that closed #1141 only adds logging";
    ExtraMissing "extra-missing" "T005" 4 "the command for the product's tests leaves out the extra that holds pytest";
    NoProofTest "no-proof-test" "T005" 3 "the tests of #1141's fix pass without it too";
    LogOnlyTest "log-only-test" "T005" 3 "the only test that fails without #1141's fix asserts on log records";
    TimeoutOnlyFix "timeout-only-fix" "T006" 3 "the change that closed #1182 only raises a timeout";
    NoNewRc "no-new-rc" "T008" 3 "the newest candidate is still 3.2.0rc15";
    RcYanked "rc-yanked" "T008" 3 "3.2.0rc16 was yanked and nothing else is new";
    IndexBehindGithub "index-behind-github" "T008" 3 "GitHub has the 3.2.0rc16 release, the package index has not";
    LaterCandidate "later-candidate" "–" 0 "3.2.0rc17 came out after the day that the gate is for";
    ChosenNotNewest "chosen-not-newest" "–" 0 "3.2.0rc17 is out, but 3.2.0rc16 was asked for";
    ChosenMissing "chosen-missing" "T007" 3 "3.2.0rc11, which was asked for, never existed";
    ChosenYanked "chosen-yanked" "T007" 3 "3.2.0rc28, which was asked for, was yanked";
    ChosenLater "chosen-later" "T007" 3 "3.2.0rc17, which was asked for, came out after the day that the gate is for";
    ChosenOld "chosen-old" "T008" 3 "3.2.0rc14, which was asked for, is not newer than the baseline";
    StubbornDaemon "stubborn-daemon" "–" 0 "one orphan daemon ignores SIGTERM";
    Bystanders "bystanders" "–" 0 "an editor and a grep carry the daemon's name in their arguments";
    TagMoved "tag-moved" "T011" 3 "on GitHub the tag v3.2.0rc16 leads to another commit than in the checkout";
    IndexFileChanged "index-file-changed" "T010" 4 "the index hands out another wheel of 3.2.0rc16 than it lists";
    RcBrokenImport "rc-broken-import" "T012" 3 "the candidate lacks `specify_cli.sync.preflight`";
    StalePathCli "stale-path-cli" "–" 0 "an old spec-kitty stands first on PATH";
    Saas503Once "saas-503-once" "–" 0 "the first /health/ answers 503";
    Saas503 "saas-503" "T013" 3 "/health/ always answers 503";
    SaasTimeout "saas-timeout" "T013" 3 "/health/ never answers";
    SaasRedirects "saas-redirects" "T013" 3 "/health/ leads to a login page";
    SaasHtml "saas-html" "T013" 3 "/health/ answers 200 with a page of a proxy";
    Ready503 "ready-503" "T014" 3 "/health/ready/ always answers 503";
    InfraFailures "infra-failures" "T015" 3 "two terminally failed infrastructure rows, in both sources";
    SourcesDisagree "sources-disagree" "T015" 3 "Fly counts 0 terminally failed rows, the health page 1";
    BusinessRowsMoved "business-rows-moved" "T016" 3 "23 rows rejected by business rules instead of 22";
    DeployInFlight "deploy-in-flight" "T015" 3 "one of the service's two machines still runs the image before";
    ImageMoved "image-moved" "T026" 3 "the same commit is deployed as another image after WP03";
    FlyNotice "fly-notice" "T015" 4 "flyctl prints a notice before its JSON";
    FlyLoggedOut "fly-logged-out" "T015" 4 "flyctl has no login";
    HarnessRed "harness-red" "T020" 3 "one of the harness's own unit tests fails";
    HarnessSkips "harness-skips" "T020" 3 "one of the harness's own unit tests skips itself";
    Scenario4 "scenario-4" "T022" 1 "the candidate rolls `in_review` back: scenario 4 fails as in #1141";
    Scenario12 "scenario-1-2" "T022" 1 "the candidate cannot classify pending events: scenarios 1 and 2 fail as in #1182";
    ScenarioBoth "scenario-both" "T022" 1 "both regressions at once";
    ScenarioUnknown "scenario-unknown" "T022" 1 "scenario 3 fails in a way nobody has seen";
    ExitZeroJsonFail "exit-zero-json-fail" "T022" 1 "the canary script exits 0 although its result says fail";
    ExitOneJsonPass "exit-one-json-pass" "T022" 1 "the canary script exits 1 although its result says pass";
    StaleLatest "stale-latest" "T022" 1 "an old passing latest.json is there and the script writes none";
    SkipIsNotPass "skip-is-not-pass" "T022" 1 "the result and one scenario say skip";
    MissingScenario "missing-scenario" "T022" 1 "the result has only three scenarios";
    GarbageJson "garbage-json" "T022" 1 "latest.json is not JSON";
    KeyTwiceJson "key-twice-json" "T022" 1 "latest.json has its outcome twice, the last says pass";
    ContradictoryJson "contradictory-json" "T022" 1 "latest.json passes a scenario and gives the reason of its failure";
    CanaryHangs "canary-hangs" "T021" 1 "the canary script never ends";
    Run3Fails "run-3-fails" "T025" 1 "the third of the four runs fails";
    Run2Copied "run-2-copied" "T025" 1 "run-2.json is a copy of run-1.json, run id included";
    DaemonKilledBetweenRuns "daemon-killed-between-runs" "T026" 3 "somebody ends the sync daemon between two runs";
    QueueDeletedBetweenRuns "queue-deleted-between-runs" "T026" 3 "somebody deletes a queue database between two runs";
    RedeployMidProtocol "redeploy-mid-protocol" "T029" 3 "the SaaS is deployed anew while the last of the four runs is at work";
    RedeployBetweenRuns "redeploy-between-runs" "T026" 3 "somebody deploys the SaaS anew between two runs";
    AlreadyReopened "already-reopened" "T022" 1 "scenario 4 fails, and somebody has already re-opened #1141 when T023 acts";
    Github502Once "github-502-once" "–" 0 "GitHub answers 502 once";
    GithubRateLimited "github-rate-limited" "–" 0 "GitHub says once that the rate limit is reached";
    GithubLimitedLong "github-limited-long" "T001" 3 "GitHub says that the rate limit is reached, and to come back in an hour";
    GithubWriteLimited "github-write-limited" "T031" 3 "GitHub takes no write for an hour: a rate limit with Retry-After";
    GithubShowsLate "github-shows-late" "–" 0 "GitHub takes a comment, and shows it only two reads later";
    GithubAnswerLost "github-answer-lost" "–" 0 "GitHub answers 502 to the first write, and has done it";
    GithubWriteLost "github-write-lost" "T031" 4 "GitHub answers 502 to the first write, and it is never to be seen";
    TokenScopeError "token-scope-error" "–" 0 "the environment's token lacks scopes, the stored login is fine";
    NotRequired "not-required" "–" 0 "a member wrote on #1038 that Teamspace is no longer required";
    NotRequiredByStranger "not-required-by-stranger" "–" 0 "somebody without a role wrote the same";
    Teamspace413 "teamspace-413" "T035" 1 "the Teamspace sync gets HTTP 413";
    TeamspaceMaterialize "teamspace-materialize" "T035" 1 "a Teamspace mission does not materialize";
    TeamspaceDrain "teamspace-drain" "T035" 1 "the drain rejects a Teamspace event by a business rule";
    TeamspaceSkips "teamspace-skips" "T035" 1 "one of the Teamspace tests skips itself";
    TeamspaceNoneRan "teamspace-none-ran" "T035" 1 "pytest selects none of the Teamspace tests";
    ReadersLogTaken "readers-log-taken" "–" 0 "a stranger's link stands where the second Teamspace log is left for readers";
    TrackerClosedBySomeone "tracker-closed-by-someone" "T043" 5 "somebody closes #1038 after the evidence was posted";
    DiskFull "disk-full" "where evidence is written" 4 "evidence cannot be written: no space left";
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no fault's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown fault `{0}`")]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|fault| fault.name() == text)
            .ok_or_else(|| UnknownFault(text.to_owned()))
    }
}
