//! The state of the rehearsal's SaaS: deployment, missions, rejected rows, log of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use crate::rehearsal::{Fault, Faults};

/// Missions whose names begin with this belong to Teamspace.
const TEAMSPACE: &str = "teamspace-";

/// Part of the names of the missions that the last of the four canary runs creates.
const LAST_RUN: &str = "-run-4-";
/// This number of consecutive reads includes a complete look at both health pages.
const ONE_LOOK: u64 = 3;

/// Identity of the deployed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Commit, 40 hex digits.
    pub git_sha: String,
    /// Build time, as `/health/` shows it.
    pub build_timestamp: String,
    /// Commit after a redeploy.
    pub next_git_sha: String,
    /// Build time after a redeploy.
    pub next_build_timestamp: String,
    /// Version of the events package.
    pub events_version: String,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            git_sha: "5b1f0a7c93d24e86a0c7f1d2b3e4958671a2c3d4".to_owned(),
            build_timestamp: "2026-05-20T05:16:22Z".to_owned(),
            next_git_sha: "c0ffee12d94b7a3358e6f4021b7d9a8e6c5f4b3a".to_owned(),
            next_build_timestamp: "2026-05-20T11:42:07Z".to_owned(),
            events_version: "5.1.0".to_owned(),
        }
    }
}

/// One posted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) mission: String,
    pub(super) wp: Option<String>,
    pub(super) kind: String,
    pub(super) payload: Value,
}

/// The result of posting an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Accepted,
    Duplicate,
    TooLarge,
}

/// A mission, created from its events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mission {
    events: u64,
    bodies: u64,
    /// Whether the drain has processed its events.
    materialized: bool,
    work_packages: BTreeMap<String, String>,
    last_failure_class: Option<&'static str>,
}

/// Requests of one client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Account {
    reads: u64,
    writes: u64,
}

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub(super) faults: Faults,
}

impl Shared {
    pub(super) fn new(deployment: Deployment, faults: Faults) -> Self {
        let inner = Inner::new(deployment, &faults);
        Self {
            inner: Mutex::new(inner),
            faults,
        }
    }

    /// The state. A handler that panicked leaves it usable: every change is a single step.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state behind the lock.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) deployment: Deployment,
    pub(super) terminal_failed: u64,
    pub(super) business_rule_rejected: u64,
    faults: Faults,
    redeploys: u64,
    /// How often the gate had read when the last run posted its first event.
    reads_at_last_run: Option<u64>,
    health_503_left: u64,
    seen: BTreeSet<String>,
    missions: BTreeMap<String, Mission>,
    last_failure_class: Option<&'static str>,
    clients: BTreeMap<String, Account>,
}

impl Inner {
    fn new(deployment: Deployment, faults: &Faults) -> Self {
        let counts = crate::rehearsal::flyctl::RowCounts::in_health(faults);
        Self {
            deployment,
            terminal_failed: counts.terminal_failed,
            business_rule_rejected: counts.business_rule_rejected,
            faults: faults.clone(),
            redeploys: 0,
            reads_at_last_run: None,
            health_503_left: u64::from(faults.contains(&Fault::Saas503Once)),
            seen: BTreeSet::new(),
            missions: BTreeMap::new(),
            last_failure_class: None,
            clients: BTreeMap::new(),
        }
    }

    /// Whether this `/health/` request is the one that is answered with 503.
    pub(super) fn takes_503(&mut self) -> bool {
        let takes = self.health_503_left > 0;
        self.health_503_left = self.health_503_left.saturating_sub(1);
        takes
    }

    pub(super) fn count(&mut self, client: &str, read: bool) {
        let account = self.clients.entry(client.to_owned()).or_default();
        if read {
            account.reads += 1;
        } else {
            account.writes += 1;
        }
    }

    pub(super) fn redeploy(&mut self) {
        self.redeploys += 1;
        let deployment = &mut self.deployment;
        std::mem::swap(&mut deployment.git_sha, &mut deployment.next_git_sha);
        std::mem::swap(
            &mut deployment.build_timestamp,
            &mut deployment.next_build_timestamp,
        );
    }

    /// Accepts an event, unless it is already known or too large.
    pub(super) fn take_event(&mut self, event: &Event) -> Fate {
        if self.is_deployed_meanwhile(event) {
            self.redeploy();
        }
        if self.is_too_large(&event.mission) {
            return Fate::TooLarge;
        }
        if !self.seen.insert(event.id.clone()) {
            return Fate::Duplicate;
        }
        let mission = self.missions.entry(event.mission.clone()).or_default();
        mission.events += 1;
        mission.materialized = false;
        mission.apply(event);
        Fate::Accepted
    }

    /// Whether somebody redeploys at this event: the last run is in progress, and the gate has
    /// looked since it began, so it can be determined that the change did not happen between two
    /// runs.
    fn is_deployed_meanwhile(&mut self, event: &Event) -> bool {
        let asked_for = self.faults.contains(&Fault::RedeployMidProtocol);
        if !asked_for || self.redeploys > 0 || !event.mission.contains(LAST_RUN) {
            return false;
        }
        let reads = self
            .accounts_of_the_gate()
            .map(|account| account.reads)
            .sum();
        let before = *self.reads_at_last_run.get_or_insert(reads);
        reads >= before + ONE_LOOK
    }

    fn accounts_of_the_gate(&self) -> impl Iterator<Item = &Account> {
        let gate = |client: &str| client == "gate" || client.starts_with("gate/");
        let clients = self.clients.iter();
        clients.filter_map(move |(client, account)| gate(client).then_some(account))
    }

    /// Accepts a body; false if it is too large.
    pub(super) fn take_body(&mut self, mission: &str) -> bool {
        if self.is_too_large(mission) {
            return false;
        }
        self.missions.entry(mission.to_owned()).or_default().bodies += 1;
        true
    }

    fn is_too_large(&mut self, mission: &str) -> bool {
        let too_large =
            self.faults.contains(&Fault::Teamspace413) && mission.starts_with(TEAMSPACE);
        if too_large {
            self.last_failure_class = Some("payload_too_large");
        }
        too_large
    }

    /// A mission's current state. The drain processes its events right afterwards, so a client that
    /// waits for them to be materialized has to ask again.
    pub(super) fn look_at(&mut self, name: &str) -> Option<Value> {
        let found = self.missions.get(name)?.describe(name, &self.faults);
        self.drain(name);
        Some(found)
    }

    fn drain(&mut self, name: &str) {
        let teamspace = name.starts_with(TEAMSPACE);
        let Some(mission) = self.missions.get_mut(name) else {
            return;
        };
        if mission.materialized || mission.events == 0 {
            return;
        }
        if teamspace && self.faults.contains(&Fault::TeamspaceMaterialize) {
            return;
        }
        if teamspace && self.faults.contains(&Fault::TeamspaceDrain) {
            if mission.last_failure_class.is_none() {
                self.business_rule_rejected += 1;
            }
            let class = Some("DrainMaterializationRejected:business_rule");
            mission.last_failure_class = class;
            self.last_failure_class = class;
            return;
        }
        mission.materialized = true;
    }

    /// Teamspace's pulse: totals over all its missions.
    pub(super) fn pulse(&self) -> Value {
        let missions = self
            .missions
            .iter()
            .filter(|(name, _)| name.starts_with(TEAMSPACE));
        let (mut count, mut events, mut materialized) = (0_u64, 0_u64, 0_u64);
        for (_, mission) in missions {
            count += 1;
            events += mission.events;
            materialized += u64::from(mission.materialized);
        }
        json!({
            "status": "ok",
            "missions": count,
            "events": events,
            "materialized": materialized,
            "last_failure_class": self.last_failure_class,
        })
    }

    /// The final state, for assertions.
    pub(super) fn report(&self) -> Value {
        let reads: u64 = self.clients.values().map(|account| account.reads).sum();
        let writes: u64 = self.clients.values().map(|account| account.writes).sum();
        let by_gate: u64 = self
            .accounts_of_the_gate()
            .map(|account| account.writes)
            .sum();
        let clients: Map<String, Value> = self
            .clients
            .iter()
            .map(|(name, account)| {
                let account = json!({"reads": account.reads, "writes": account.writes});
                (name.clone(), account)
            })
            .collect();
        let missions: Map<String, Value> = self
            .missions
            .iter()
            .map(|(name, mission)| (name.clone(), mission.describe(name, &self.faults)))
            .collect();
        json!({
            "git_sha": self.deployment.git_sha,
            "redeploys": self.redeploys,
            "terminal_failed": self.terminal_failed,
            "business_rule_rejected": self.business_rule_rejected,
            "requests": reads + writes,
            "reads": reads,
            "writes": writes,
            "writes_by_gate": by_gate,
            "by_client": clients,
            "missions": missions,
        })
    }
}

impl Mission {
    fn apply(&mut self, event: &Event) {
        match event.kind.as_str() {
            "MissionCreated" => {
                for name in ["WP01", "WP02", "WP03"] {
                    self.work_packages
                        .entry(name.to_owned())
                        .or_insert_with(|| "planned".to_owned());
                }
            }
            "WPStatusChanged" => {
                let to = event.payload.get("to").and_then(Value::as_str);
                if let (Some(wp), Some(to)) = (&event.wp, to) {
                    self.work_packages.insert(wp.clone(), to.to_owned());
                }
            }
            _ => {}
        }
    }

    fn describe(&self, name: &str, faults: &Faults) -> Value {
        let stalled = faults.contains(&Fault::TeamspaceMaterialize) && name.starts_with(TEAMSPACE);
        json!({
            "mission": name,
            "materialized": self.materialized,
            "work_packages": self.work_packages,
            "events": self.events,
            "bodies": self.bodies,
            // How long the oldest event has been waiting for the drain, by the server's own clock.
            "pending_age_seconds": if stalled { 75 } else { 0 },
            "last_failure_class": self.last_failure_class,
        })
    }
}
