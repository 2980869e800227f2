//! What the service's machines run, as `flyctl status --json` tells it. Pure.
//!
//! Two machines on two images are a deploy under way. A stopped machine counts like a running one,
//! because a request may start it; a destroyed one, or somebody's console, serves nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Finding, read_json};
use crate::verb::{Ctx, VerbError};

/// The machine group in which Fly runs what a deploy does first.
const RELEASE_COMMAND: &str = "fly_app_release_command";
/// The machine group of consoles that somebody opened.
const CONSOLE: &str = "fly_app_console";

/// What the app's machines run; all of them the same image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Deployment {
    /// `registry/repository:tag@digest`.
    pub(in crate::verbs) image: String,
    /// Number of the app's release; changes with every deploy and every change of its settings.
    pub(in crate::verbs) release: Option<u64>,
    pub(in crate::verbs) machines: Vec<Machine>,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Machine {
    pub(in crate::verbs) id: String,
    /// Its process group, such as `app` or `worker`.
    pub(in crate::verbs) group: String,
    /// `started`, `stopped` and so on.
    pub(in crate::verbs) state: String,
    pub(in crate::verbs) image: String,
}

/// The deployment in the fact that `remote-count` published.
///
/// # Errors
/// If it was not asked to keep one.
pub(in crate::verbs) fn before_of(ctx: &Ctx, fact: &str) -> Result<Deployment, VerbError> {
    ctx.fact_as(&format!("{fact}.deployment"))
}

/// An answer that is not what flyctl prints, with its first line.
fn unexpected(app: &str, what: String, text: &str) -> VerbError {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty()).unwrap_or("nothing");
    let first: String = first.chars().take(200).collect();
    VerbError::error(
        Finding::new(what)
            .seen(format!("it begins: {first}"))
            .remedy(format!(
                "run `flyctl status -a {app} --json` by hand: if it prints a notice or another \
                 shape, update flyctl (`gate doctor` says which one is used), then resume"
            )),
    )
}

impl Deployment {
    /// Reads flyctl's status of an app.
    ///
    /// # Errors
    /// Blocked while a deploy is under way; an error when it cannot be told what a machine runs.
    pub(super) fn read(app: &str, text: &str) -> Result<Self, VerbError> {
        let unknown = |what: String| unexpected(app, what, text);
        let status = read_json(text)
            .map_err(|error| unknown(format!("flyctl's status of `{app}` is not JSON: {error}")))?;
        let machines = status["Machines"]
            .as_array()
            .ok_or_else(|| unknown(format!("flyctl's status of `{app}` lists no machines")))?;
        let machines = machines
            .iter()
            .filter(|machine| serves(machine))
            .map(|machine| {
                Machine::read(machine).map_err(|what| unknown(format!("`{app}`: {what}")))
            })
            .collect::<Result<Vec<Machine>, VerbError>>()?;
        let Some(image) = machines.first().map(|machine| machine.image.clone()) else {
            return Err(unknown(format!(
                "flyctl lists no machine of `{app}` that could serve"
            )));
        };
        let deployment = Self {
            image,
            release: status["Version"].as_u64(),
            machines,
        };
        deployment.must_be_settled(app)?;
        Ok(deployment)
    }

    fn must_be_settled(&self, app: &str) -> Result<(), VerbError> {
        let mut images: BTreeMap<&str, Vec<&Machine>> = BTreeMap::new();
        for machine in &self.machines {
            images.entry(&machine.image).or_default().push(machine);
        }
        let releasing =
            |machine: &&Machine| machine.group == RELEASE_COMMAND || machine.state == "replacing";
        let under_way: Vec<&Machine> = self.machines.iter().filter(releasing).collect();
        let what = if images.len() > 1 {
            format!("the machines of `{app}` run {} images", images.len())
        } else if let Some(machine) = under_way.first() {
            format!("machine {} of `{app}` is part of a deploy", machine.id)
        } else {
            return Ok(());
        };
        let mut finding = Finding::new(what).remedy(
            "a deploy is under way: wait until it is through, then resume; a machine that it left \
             behind has to be updated or destroyed by its owner",
        );
        finding.seen = self.machines.iter().map(Machine::told).collect();
        Err(VerbError::blocked(finding))
    }

    /// How this differs from what was deployed before, one line each; none where nothing was
    /// deployed in between.
    pub(in crate::verbs) fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.image != before.image {
            changes.push(format!("image was {}, is {}", before.image, self.image));
        }
        if let (Some(old), Some(new)) = (before.release, self.release)
            && old != new
        {
            changes.push(format!("release was v{old}, is v{new}"));
        }
        changes
    }
}

impl Machine {
    fn read(machine: &Value) -> Result<Self, String> {
        let text = |place: &str| {
            let text = machine.pointer(place).and_then(Value::as_str);
            text.filter(|text| !text.is_empty())
        };
        let id = text("/id").ok_or("flyctl names a machine without its id")?;
        let part = |name: &str| {
            text(&format!("/image_ref/{name}"))
                .ok_or_else(|| format!("flyctl names no {name} of the image of machine {id}"))
        };
        let (registry, repository) = (part("registry")?, part("repository")?);
        // Without its digest an image cannot be told from another one of the same tag.
        let (tag, digest) = (part("tag")?, part("digest")?);
        Ok(Self {
            image: format!("{registry}/{repository}:{tag}@{digest}"),
            group: group_of(machine).to_owned(),
            state: text("/state").unwrap_or("unknown").to_owned(),
            id: id.to_owned(),
        })
    }

    fn told(&self) -> String {
        let Self {
            id,
            group,
            state,
            image,
        } = self;
        let group = if group.is_empty() { "no group" } else { group };
        format!("machine {id} ({group}, {state}): {image}")
    }
}

fn group_of(machine: &Value) -> &str {
    let place = "/config/metadata/fly_process_group";
    let group = machine.pointer(place).and_then(Value::as_str);
    group.unwrap_or_default()
}

/// Whether a machine serves somebody, or may at any time.
fn serves(machine: &Value) -> bool {
    let stopped = matches!(machine["state"].as_str(), Some("stopped" | "suspended"));
    match group_of(machine) {
        CONSOLE => false,
        RELEASE_COMMAND if stopped => false,
        _ => machine["state"] != "destroyed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Verdict;

    fn machine(id: &str, tag: &str) -> Value {
        json!({"id": id, "state": "started",
            "image_ref": {"registry": "r", "repository": "app", "tag": tag, "digest": format!("sha256:{tag}")},
            "config": {"metadata": {"fly_process_group": "app"}}})
    }

    fn with(mut machine: Value, place: &str, value: impl Into<Value>) -> Value {
        *machine.pointer_mut(place).unwrap() = value.into();
        machine
    }

    fn read(machines: &[Value]) -> Result<Deployment, VerbError> {
        let status = json!({"Version": 212, "Machines": machines});
        Deployment::read("app", &status.to_string())
    }

    fn verdict(machines: &[Value]) -> Verdict {
        match read(machines) {
            Ok(_) => Verdict::Passed,
            Err(trouble) => trouble.outcome().verdict(),
        }
    }

    const STATE: &str = "/state";
    const GROUP: &str = "/config/metadata/fly_process_group";
    const DIGEST: &str = "/image_ref/digest";

    #[test]
    fn machines_of_one_image_are_a_deployment_whatever_their_group_or_state() {
        let all = [
            machine("1", "a"),
            with(machine("2", "a"), GROUP, "worker"),
            with(machine("3", "a"), STATE, "stopped"),
            with(machine("4", "a"), STATE, "starting"),
        ];
        let deployment = read(&all).unwrap();
        assert_eq!(deployment.image, "r/app:a@sha256:a");
        assert_eq!(deployment.machines.len(), 4);
        assert_eq!(deployment.release, Some(212));
    }

    #[test]
    fn two_images_are_a_deploy_under_way() {
        for other in [
            machine("2", "b"),
            with(machine("2", "b"), STATE, "stopped"),
            with(machine("2", "b"), STATE, "suspended"),
            with(machine("2", "b"), STATE, "created"),
            with(machine("2", "b"), GROUP, "worker"),
            with(machine("2", "a"), DIGEST, "sha256:other"),
            with(machine("2", "b"), DIGEST, "sha256:a"),
            with(machine("2", "a"), STATE, "replacing"),
            with(machine("2", "a"), GROUP, RELEASE_COMMAND),
        ] {
            let all = [machine("1", "a"), other.clone()];
            let trouble = read(&all).unwrap_err().outcome();
            assert_eq!(trouble.verdict(), Verdict::Blocked, "{other}");
            let seen = &trouble.finding().unwrap().seen;
            assert!(seen.len() == 2 && seen[1].contains("machine 2"), "{seen:?}");
        }
    }

    #[test]
    fn what_serves_nobody_does_not_count() {
        for other in [
            with(machine("2", "b"), STATE, "destroyed"),
            with(machine("2", "b"), GROUP, CONSOLE),
            with(
                with(machine("2", "b"), GROUP, RELEASE_COMMAND),
                STATE,
                "stopped",
            ),
        ] {
            let all = [machine("1", "a"), other.clone()];
            assert_eq!(verdict(&all), Verdict::Passed, "{other}");
        }
        assert_eq!(
            verdict(&[with(machine("1", "a"), STATE, "destroyed")]),
            Verdict::Error
        );
        assert_eq!(verdict(&[]), Verdict::Error);
    }

    #[test]
    fn an_image_that_cannot_be_told_is_an_error() {
        for place in ["registry", "repository", "tag", "digest"] {
            let place = format!("/image_ref/{place}");
            for value in [json!(""), Value::Null] {
                let all = [machine("1", "a"), with(machine("2", "a"), &place, value)];
                assert_eq!(verdict(&all), Verdict::Error, "{place}");
            }
        }
        for text in [
            "",
            "[]",
            "{}",
            r#"{"Machines": null}"#,
            r#"{"Machines": [{}]}"#,
        ] {
            let outcome = Deployment::read("app", text).unwrap_err().outcome();
            assert_eq!(outcome.verdict(), Verdict::Error, "{text}");
        }
    }

    #[test]
    fn what_is_no_status_is_shown_with_its_first_line_and_a_remedy() {
        for (text, what) in [
            ("\n  Update available 0.3.1 -> 0.3.2\n{}", "is not JSON"),
            (
                r#"{"Machines": [], "Machines": null}"#,
                "`Machines` appears twice",
            ),
            ("null", "lists no machines"),
        ] {
            let outcome = Deployment::read("app", text).unwrap_err().outcome();
            let finding = outcome.finding().unwrap();
            assert!(finding.what.contains(what), "{finding:?}");
            let first = text.trim().lines().next().unwrap();
            assert_eq!(finding.seen, [format!("it begins: {first}")]);
            assert!(finding.remedy.as_ref().unwrap().contains("update flyctl"));
        }
    }

    #[test]
    fn another_image_or_release_is_a_change_and_another_machine_is_none() {
        let before = read(&[machine("1", "a"), machine("2", "a")]).unwrap();
        let scaled = read(&[machine("1", "a"), machine("3", "a"), machine("4", "a")]).unwrap();
        assert_eq!(scaled.changes_since(&before), Vec::<String>::new());
        let deployed = read(&[machine("1", "b")]).unwrap();
        let changes = deployed.changes_since(&before);
        assert_eq!(changes, ["image was r/app:a@sha256:a, is r/app:b@sha256:b"]);
        let mut released = before.clone();
        released.release = Some(213);
        assert_eq!(
            released.changes_since(&before),
            ["release was v212, is v213"]
        );
        released.release = None;
        assert!(released.changes_since(&before).is_empty());
    }
}
