//! `uv-sync`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome};
use crate::verb::programs::must_succeed;
use crate::verb::{Act, Ctx, Declares, Field, Input, OnMachine, VerbError};
use crate::verbs::canary::harness;
use crate::world::{EnvBase, FileSeen, ListFiles, Place, Program, Sandbox};

/// Makes a project's locked environment with `uv sync`; the lock must not change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UvSync {
    /// Directory of the project in the workspace.
    pub project: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for UvSync {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Checkout(self.project.clone())]
    }

    fn writes_checkouts(&self) -> bool {
        true
    }

    fn on_machine(&self) -> OnMachine {
        OnMachine::Made(&["lock_sha256"])
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all(["lock_sha256: text", "environment: text"]))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["uv"]
    }

    fn changes_machine(&self) -> Option<String> {
        Some(format!("fill the environment of `{}`", self.project))
    }
}

#[async_trait]
impl Act for UvSync {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let project = Place::workspace(&self.project);
        let before = lock_of(ctx, &project).await?;
        let mut program = Program::new(["uv", "sync", "--frozen", "--color", "never"]);
        program.base = EnvBase::Installer;
        program.cwd = project.clone();
        program.limit = ctx.limit();
        // The home is thrown away, an interpreter that uv had to fetch need not be.
        program.env.insert(
            "UV_PYTHON_INSTALL_DIR".to_owned(),
            format!("{}/python", Place::CACHE),
        );
        program.sandbox = Some(Box::new(Sandbox {
            processes: false,
            // Its lock may name packages in the checkouts beside it.
            readable: vec![Place::workspace("")],
            ..harness::sandbox(&program, &project, None)
        }));
        must_succeed(ctx, program).await?;
        let after = lock_of(ctx, &project).await?;
        if before.sha256 != after.sha256 {
            let finding = Finding::new(format!("`uv sync` changed `{}`", after.path))
                .seen(format!("before: {}", before.sha256))
                .seen(format!("after: {}", after.sha256));
            return Ok(Outcome::Error(
                finding.remedy("restore the lock, then resume"),
            ));
        }
        let environment = project.join(".venv");
        ctx.publish(
            &self.publish,
            json!({"lock_sha256": after.sha256, "environment": environment}),
        );
        Ok(Outcome::passed(format!(
            "synced, lock {} unchanged",
            &after.sha256[..after.sha256.len().min(12)]
        )))
    }
}

async fn lock_of(ctx: &Ctx, project: &Place) -> Result<FileSeen, VerbError> {
    let files = ListFiles {
        root: project.clone(),
        include: vec!["uv.lock".to_owned()],
    };
    ctx.list(files).await?.pop().ok_or_else(|| {
        let finding = Finding::new(format!("`{project}` has no uv.lock"));
        VerbError::error(
            finding.remedy("check out the harness there, or set `workspace`, then resume"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};
    use crate::world::Response;

    fn lock(sha256: &str) -> Response {
        Response::Files(vec![FileSeen {
            path: Place::workspace("e2e/uv.lock"),
            bytes: 1,
            sha256: sha256.into(),
            modified: jiff::Timestamp::UNIX_EPOCH,
        }])
    }

    async fn verdict(world: Scripted) -> Verdict {
        let verb = UvSync {
            project: "e2e".into(),
            publish: "synced".into(),
        };
        verb.act(&world.ctx())
            .await
            .unwrap_or_else(VerbError::outcome)
            .verdict()
    }

    #[tokio::test]
    async fn the_lock_must_be_there_and_stay_as_it_is() {
        let sync = |code| ended(code, "", "error: no network\n");
        let same = Scripted::new()
            .answer(lock("a"))
            .run("uv sync --frozen", sync(0))
            .answer(lock("a"));
        assert_eq!(verdict(same).await, Verdict::Passed);
        let changed = Scripted::new()
            .answer(lock("a"))
            .run("uv sync", sync(0))
            .answer(lock("b"));
        assert_eq!(verdict(changed).await, Verdict::Error);
        let failed = Scripted::new().answer(lock("a")).run("uv sync", sync(2));
        assert_eq!(verdict(failed).await, Verdict::Error);
        let missing = Scripted::new().answer(Response::Files(vec![]));
        assert_eq!(verdict(missing).await, Verdict::Error);
    }
}
