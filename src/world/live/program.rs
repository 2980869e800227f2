//! Runs one program to its end: environment, pipes, time limit, leftovers, observations.

use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::watch;

use super::drain::Drain;
use super::environment::Environment;
use super::group::Group;
use super::observe::Observer;
use super::platform::{Pipes, Start};
use super::{LiveWorld, process};
use crate::gate::SubtaskId;
use crate::world::{EnvBase, Finished, Place, ProcessIdentity, Program, WorldError};

/// Runs a program on behalf of a subtask.
pub(super) async fn run(
    world: &LiveWorld,
    by: &SubtaskId,
    program: &Program,
) -> Result<Finished, WorldError> {
    let prepared = Prepared::new(world, by, program)?;
    let observer = Observer::start(world, program.watch.as_deref()).await?;
    let begun = Instant::now();
    let (mut group, pipes) = prepared.start(world)?;
    let stopped = group.ended();
    let end = async {
        let ended = group.end(program.limit).await;
        (ended, begun.elapsed())
    };
    // Beside: what a program that is given up says to the end is kept as well.
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
        stderr: stderr.ok_or(WorldError::Interrupted)??,
        elapsed,
        leftovers,
        observations: observations?,
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

/// A program with everything decided but not yet started.
struct Prepared {
    name: String,
    executable: Utf8PathBuf,
    arguments: Vec<String>,
    env: std::collections::BTreeMap<String, String>,
    cwd: Utf8PathBuf,
    temporary: Utf8PathBuf,
    stdin: bool,
    /// Name of the log files, without the last part.
    log: String,
}

impl Prepared {
    fn new(world: &LiveWorld, by: &SubtaskId, program: &Program) -> Result<Self, WorldError> {
        let mut argv = program.argv.iter().map(|text| world.places.expand(text));
        let Some(name) = argv.next().filter(|name| !name.is_empty()) else {
            return Err(WorldError::ProgramNotFound {
                program: String::new(),
            });
        };
        for variable in &program.pass {
            if let Some(value) = world.operator.env.get(variable) {
                world.redactor.add_passed(variable, value);
            }
        }
        let log = unused_log_name(world, by, &name);
        let temporary = world.places.run().join("tmp").join(&log);
        let tools = world.tools();
        let environment = Environment {
            operator: &world.operator,
            places: &world.places,
            tools: &tools,
            temporary: &temporary,
        };
        let env = environment.of(program);
        if program.base == EnvBase::Installer {
            link_uv_configuration(world, &environment);
        }
        let cwd = world.places.path(&program.cwd);
        let path = env.get("PATH").map(String::as_str).unwrap_or_default();
        let prepared = Self {
            executable: locate(&name, &cwd, path)?,
            arguments: argv.collect(),
            env,
            cwd,
            temporary,
            stdin: program.stdin.is_some(),
            log,
            name,
        };
        prepared.make_directories(world)?;
        Ok(prepared)
    }

    fn make_directories(&self, world: &LiveWorld) -> Result<(), WorldError> {
        let home = world.places.run().join("home");
        for directory in [&home, &self.temporary] {
            std::fs::create_dir_all(directory)
                .map_err(|error| super::file_error("make", directory.as_str(), &error))?;
        }
        if self.cwd.is_dir() {
            return Ok(());
        }
        Err(WorldError::NotStarted {
            program: self.name.clone(),
            reason: format!("its working directory `{}` is not there", self.cwd),
        })
    }

    fn drain(&self, world: &LiveWorld, suffix: &str) -> Drain {
        let place = Place::run(&format!("logs/{}.{suffix}", self.log));
        Drain::new(&world.redactor, world.places.path(&place), place)
    }

    fn start(&self, world: &LiveWorld) -> Result<(Group, Pipes), WorldError> {
        let start = Start {
            executable: &self.executable,
            arguments: &self.arguments,
            env: &self.env,
            cwd: &self.cwd,
            stdin: self.stdin,
        };
        let groups = std::sync::Arc::clone(&world.groups);
        Group::start(&start, self.temporary.to_string(), groups)
            .map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> WorldError {
        let reason = match error.kind() {
            // The file is there: it was found a moment ago.
            std::io::ErrorKind::NotFound => "the interpreter it names is not there".to_owned(),
            _ => error.to_string(),
        };
        WorldError::NotStarted {
            program: self.name.clone(),
            reason,
        }
    }

    /// Removes the directory for temporary files when nothing is in it.
    fn clear(&self) {
        let _in_use = std::fs::remove_dir(&self.temporary);
    }
}

/// A log name that no earlier start of the same run has used.
fn unused_log_name(world: &LiveWorld, by: &SubtaskId, program: &str) -> String {
    let program = Utf8Path::new(program).file_name().unwrap_or("program");
    loop {
        let name = format!("{by}-{}-{program}", world.next_number(by));
        let logs = world.places.run().join("logs");
        let used = ["out", "err"]
            .iter()
            .any(|suffix| logs.join(format!("{name}.{suffix}")).exists());
        if !used {
            return name;
        }
    }
}

/// Lets uv find the operator's own configuration where it looks for the user's.
fn link_uv_configuration(world: &LiveWorld, environment: &Environment<'_>) {
    let Some(target) = environment.uv_configuration() else {
        return;
    };
    let link = world.places.run().join("home/.config/uv/uv.toml");
    if let Some(directory) = link.parent()
        && std::fs::create_dir_all(directory).is_ok()
    {
        // There already, from the program before.
        let _there = std::os::unix::fs::symlink(target, link);
    }
}

/// The executable file that a name means.
fn locate(name: &str, cwd: &Utf8Path, path: &str) -> Result<Utf8PathBuf, WorldError> {
    let not_found = || WorldError::ProgramNotFound {
        program: name.to_owned(),
    };
    if name.contains('/') {
        let file = cwd.join(name);
        return if is_executable(&file) {
            Ok(file)
        } else if file.exists() {
            Err(not_executable(name, &file))
        } else {
            Err(not_found())
        };
    }
    let candidates = || {
        path.split(':')
            .map(|directory| Utf8Path::new(directory).join(name))
    };
    if let Some(found) = candidates().find(|file| is_executable(file)) {
        return Ok(found);
    }
    match candidates().find(|file| file.is_file()) {
        Some(file) => Err(not_executable(name, &file)),
        None => Err(not_found()),
    }
}

fn not_executable(name: &str, file: &Utf8Path) -> WorldError {
    WorldError::NotStarted {
        program: name.to_owned(),
        reason: format!("`{file}` is not an executable file, or not for this user"),
    }
}

/// Whether this user may execute the file.
pub(super) fn is_executable(file: &Utf8Path) -> bool {
    file.is_file()
        && nix::unistd::access(file.as_std_path(), nix::unistd::AccessFlags::X_OK).is_ok()
}
