//! Decides everything about a program before it starts: which file, which environment, which
//! sandbox.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::timeout;

use self::made::{
    make_directories, make_report, make_writable, note_index_settings, unused_log_name,
};
use self::setting::Setting;
use super::common::is_executable;
use super::drain::Drain;
use super::group::{AFTER_KILL, Group};
use super::index_settings::Netrc;
use super::live_world::LiveWorld;
use super::platform::{self, Confining, Held, Pipes, Start};
use super::sandbox::toolchains;
use super::sandbox::{Around, OWN_NETRC, OWN_TEMPORARY, Private, View, Wanted, inside};
use crate::model::SubtaskId;
use crate::world::{Captured, Confined, Ended, EnvBase, Place, Program, WorldError};

mod made;
mod reading_git;
mod setting;

/// A program with everything decided but not yet started.
pub(super) struct Prepared {
    pub(super) name: String,
    executable: Utf8PathBuf,
    arguments: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: Utf8PathBuf,
    temporary: Utf8PathBuf,
    stdin: bool,
    /// Name of the log files, without the last part.
    log: String,
    /// What keeps it in, when something does.
    confining: Option<Confining>,
    /// The sandbox in force, if one was requested.
    pub(super) confined: Option<Confined>,
    /// What was moved for it; goes back with this.
    _around: Around,
}

impl Prepared {
    pub(super) fn new(
        world: &LiveWorld,
        by: &SubtaskId,
        program: &Program,
    ) -> Result<Self, WorldError> {
        let named = program.argv.first().map(|text| world.places.expand(text));
        let Some(name) = named.filter(|name| !name.is_empty()) else {
            return Err(WorldError::ProgramNotFound {
                program: String::new(),
            });
        };
        for variable in &program.pass {
            if let Some(value) = world.operator.env.get(variable) {
                world.redactor.add_passed(variable, value);
            }
        }
        let asked = program
            .sandbox
            .iter()
            .flat_map(|sandbox| &sandbox.toolchains);
        toolchains::learn_secrets(asked, &world.operator, &world.redactor);
        let log = unused_log_name(world, by, &name);
        let temporary = world.places.run().join("tmp").join(&log);
        let cwd = world.places.path(&program.cwd);
        make_directories(world, &name, &cwd, &temporary)?;
        make_report(world, program)?;
        let setting = Setting::of(world, program, &name, &temporary)?;
        let mut env = setting.env(world, program);
        let netrc = setting.netrc(program, &mut env);
        if program.base == EnvBase::Installer {
            note_index_settings(world, &env, &netrc);
        }
        let path = setting.plain_path(world, program);
        let executable = locate(&name, &cwd, &path)?;
        let arguments = program.argv.iter().skip(1);
        let arguments = arguments.map(|text| setting.told(world, text)).collect();
        let mut prepared = Self {
            confined: setting.confined(),
            _around: setting.around(world, &name)?,
            confining: None,
            executable,
            arguments,
            env,
            cwd,
            temporary,
            stdin: program.stdin.is_some(),
            log,
            name,
        };
        prepared.confine(world, program, &setting, netrc)?;
        Ok(prepared)
    }

    /// Puts it into its sandbox, or where its mounts were moved to.
    fn confine(
        &mut self,
        world: &LiveWorld,
        program: &Program,
        setting: &Setting<'_>,
        netrc: Netrc,
    ) -> Result<(), WorldError> {
        let Some(sandbox) = &setting.sandbox else {
            return Ok(());
        };
        let executable = std::mem::take(&mut self.executable);
        self.cwd = Utf8PathBuf::from(setting.told(world, program.cwd.as_str()));
        if self.cwd == world.places.run() && setting.mounts() {
            // It does not see the run's own directory.
            self.cwd = Utf8PathBuf::from(OWN_TEMPORARY);
        }
        self.executable = inside(sandbox, &world.places, &executable);
        let Some(enforcer) = setting.enforcer else {
            return Ok(());
        };
        let refused = |reason: String| WorldError::NotStarted {
            program: self.name.clone(),
            reason: format!("its sandbox: {reason}"),
        };
        make_writable(world, sandbox)?;
        let private = setting.private(world);
        let mut view = View::of(&Wanted {
            sandbox,
            places: &world.places,
            home: &world.operator.home,
            private: &Private(private.iter().map(Utf8PathBuf::as_path).collect()),
            executable: &executable,
            env: &self.env,
            arguments: &self.arguments,
            toolchains: toolchains::shown(sandbox.toolchains.iter(), &world.operator),
        })
        .map_err(refused)?;
        setting.own_directories(&mut view);
        if let Some(text) = netrc.text {
            view.file(OWN_NETRC.into(), text);
        }
        let mut command = vec![self.executable.to_string()];
        command.append(&mut self.arguments);
        let confining = platform::confine(enforcer, &view, &self.cwd, &command);
        self.confining = Some(confining.map_err(|error| refused(error.to_string()))?);
        self.cwd = Utf8PathBuf::from("/");
        Ok(())
    }

    pub(super) fn drain(&self, world: &LiveWorld, suffix: &str) -> Drain {
        let place = Place::run(&format!("logs/{}.{suffix}", self.log));
        Drain::new(&world.redactor, world.places.run().to_owned(), place)
    }

    pub(super) fn start(&mut self, world: &LiveWorld) -> Result<(Group, Pipes), WorldError> {
        let (executable, arguments, keeps) = match &mut self.confining {
            Some(own) => (
                &own.executable,
                &own.arguments,
                std::mem::take(&mut own.keeps),
            ),
            None => (&self.executable, &self.arguments, Vec::new()),
        };
        let start = Start {
            executable,
            arguments,
            env: &self.env,
            cwd: &self.cwd,
            stdin: self.stdin,
            keeps: &keeps,
        };
        let groups = std::sync::Arc::clone(&world.groups);
        Group::start(&start, self.temporary.to_string(), groups)
            .map_err(|error| self.not_started(&error))
    }

    fn not_started(&self, error: &std::io::Error) -> WorldError {
        let reason = match error.kind() {
            // The file exists: it was found a moment ago.
            std::io::ErrorKind::NotFound => "the interpreter it names is not there".to_owned(),
            _ => error.to_string(),
        };
        WorldError::NotStarted {
            program: self.name.clone(),
            reason,
        }
    }

    /// Waits until nothing of the sandbox is left, and determines whether the program was started
    /// in it at all: the exit code of the sandbox mechanism must not be taken for the program's.
    ///
    /// # Errors
    /// It was not started.
    pub(super) async fn left_its_sandbox(
        &mut self,
        ended: Ended,
        stderr: &Captured,
    ) -> Result<(), WorldError> {
        let status = self.confining.as_mut().and_then(|own| own.status.take());
        let Some(status) = status else {
            return Ok(());
        };
        let told = told_by(status);
        if let Some(first) = told.first_process {
            gone(first).await;
        }
        if matches!(ended, Ended::Code(_)) && !told.has_exit_code {
            let reason = format!("its sandbox: {}", stderr.last_lines(1));
            return Err(WorldError::NotStarted {
                program: self.name.clone(),
                reason,
            });
        }
        Ok(())
    }

    /// Removes the directory for temporary files when nothing is in it.
    pub(super) fn clear(&self) {
        let _in_use = std::fs::remove_dir(&self.temporary);
    }
}

/// What bubblewrap told of the program.
struct Told {
    /// The first process in the sandbox; it ends last if the sandbox has a process namespace.
    first_process: Option<u32>,
    has_exit_code: bool,
}

fn told_by(mut status: File) -> Told {
    let mut text = String::new();
    // Nobody writes any more to what has no end yet.
    let _all_there_is = status.read_to_string(&mut text);
    let values = || {
        serde_json::Deserializer::from_str(&text)
            .into_iter::<serde_json::Value>()
            .filter_map(Result::ok)
    };
    let pid = values().find_map(|value| value.get("child-pid")?.as_u64());
    Told {
        first_process: pid.and_then(|pid| u32::try_from(pid).ok()),
        has_exit_code: values().any(|value| value.get("exit-code").is_some()),
    }
}

/// Waits for the end of a process, so that no part of the sandbox is reported as left behind.
async fn gone(pid: u32) {
    if let Ok(Some(held)) = Held::open(pid) {
        let _still_there = timeout(AFTER_KILL, held.ended()).await;
        platform::reap(pid);
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
