//! Runs one program to its end: pipes, time limit, orphaned child processes, observations.

use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::watch;

use super::live_world::LiveWorld;
use super::observe::Observer;
use super::prepare::Prepared;
use super::process;
use crate::model::SubtaskId;
use crate::world::{Finished, ProcessIdentity, Program, WorldError};

/// Runs a program on behalf of a subtask.
pub(super) async fn run(
    world: &LiveWorld,
    by: &SubtaskId,
    program: &Program,
) -> Result<Finished, WorldError> {
    // Held to the end: where nothing can be mounted, two programs would need the same path.
    let _moving = world
        .sandboxes
        .alone(program.sandbox.as_deref(), &world.operator)
        .await;
    let mut prepared = Prepared::new(world, by, program)?;
    let observer = Observer::start(world, program.watch.as_deref()).await?;
    let begun = Instant::now();
    let (mut group, pipes) = prepared.start(world)?;
    let stopped = group.ended();
    let end = async {
        let ended = group.end(program.limit).await;
        (ended, begun.elapsed())
    };
    // In the background: the remaining output of an abandoned program is kept as well.
    let drain = |suffix| prepared.drain(world, suffix);
    let stdout = drain("out").all(pipes.stdout, stopped.clone());
    let stderr = drain("err").all(pipes.stderr, stopped.clone());
    let (stdout, stderr) = (world.groups.beside(stdout), world.groups.beside(stderr));
    let ((ended, elapsed), stdout, stderr, (), observations) = tokio::join!(
        end,
        stdout,
        stderr,
        feed(pipes.stdin, program.stdin.clone(), stopped.clone()),
        observer.until(stopped.clone()),
    );
    let ended = ended.map_err(|error| WorldError::Processes {
        reason: format!("`{}`: {error}", prepared.name),
    })?;
    let stderr = stderr.ok_or(WorldError::Interrupted)??;
    prepared.left_its_sandbox(ended, &stderr).await?;
    let leftovers = group.leftovers();
    let leftovers = process::seen(&leftovers, world).await?;
    let identities = leftovers.iter().map(|process| process.identity);
    world
        .groups
        .remember(identities.collect::<Vec<ProcessIdentity>>());
    prepared.clear();
    Ok(Finished {
        ended,
        stdout: stdout.ok_or(WorldError::Interrupted)??,
        stderr,
        elapsed,
        leftovers,
        observations: observations?,
        confined: prepared.confined,
    })
}

/// Writes standard input; a program that does not read it is no error.
async fn feed(pipe: Option<ChildStdin>, text: Option<String>, mut ended: watch::Receiver<bool>) {
    let (Some(mut pipe), Some(text)) = (pipe, text) else {
        return;
    };
    let write = async {
        let _not_read = pipe.write_all(text.as_bytes()).await;
        let _not_read = pipe.shutdown().await;
    };
    tokio::select! {
        () = write => {}
        _ = ended.wait_for(|ended| *ended) => {}
    }
}
