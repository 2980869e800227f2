//! Decides everything about a program before it starts: which file, which environment, which
//! sandbox.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::timeout;

use super::common::is_executable;
use super::drain::Drain;
use super::environment::Environment;
use super::group::{AFTER_KILL, Group};
use super::index_settings::{self, IndexSettings, Netrc};
use super::live_world::LiveWorld;
use super::plain;
use super::platform::{self, Confining, Held, Pipes, Start};
use super::sandbox::toolchains;
use super::sandbox::{
    Around, Enforcer, OWN_HOME, OWN_NETRC, OWN_TEMPORARY, Private, View, Wanted, in_force, inside,
};
use crate::model::SubtaskId;
use crate::store::disk::Disk;
use crate::world::strand;
use crate::world::{
    Captured, Confined, Confinement, Ended, EnvBase, Place, Program, Sandbox, WorldError,
};

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

/// What of a program depends on its sandbox.
struct Setting<'w> {
    enforcer: Option<&'w Enforcer>,
    /// The sandbox as it is carried out: by moving instead of mounting.
    sandbox: Option<Sandbox>,
    /// The run's home and the program's temporary directory, on this machine.
    home: Utf8PathBuf,
    temporary: Utf8PathBuf,
    has_runs_home: bool,
}

impl<'w> Setting<'w> {
    fn of(
        world: &'w LiveWorld,
        program: &Program,
        name: &str,
        temporary: &Utf8Path,
    ) -> Result<Self, WorldError> {
        let asked = program.sandbox.as_deref();
        let enforcer =
            match asked {
                Some(_) => world.sandboxes.enforcer(&world.operator).map_err(|why| {
                    WorldError::NotStarted {
                        program: name.to_owned(),
                        reason: why.to_string(),
                    }
                })?,
                None => None,
            };
        let mounts = enforcer.is_some_and(|found| found.kind == Confinement::Bubblewrap);
        let home = world.places.run().join("home");
        let listed = asked.into_iter().flat_map(|sandbox| {
            let listed = sandbox.writable.iter().chain(&sandbox.readable);
            listed.map(|place| world.places.path(place))
        });
        Ok(Self {
            has_runs_home: listed.into_iter().any(|path| home.starts_with(path)),
            enforcer,
            sandbox: asked.map(|sandbox| {
                if mounts {
                    sandbox.clone()
                } else {
                    Around::found(sandbox)
                }
            }),
            home,
            temporary: temporary.to_owned(),
        })
    }

    /// Whether it runs where mounts can be made.
    fn mounts(&self) -> bool {
        self.enforcer
            .is_some_and(|found| found.kind == Confinement::Bubblewrap)
    }

    fn confined(&self) -> Option<Confined> {
        let sandbox = self.sandbox.as_ref()?;
        Some(in_force(sandbox, self.enforcer))
    }

    /// A text of the effect in the form that the program needs.
    fn told(&self, world: &LiveWorld, text: &str) -> String {
        match &self.sandbox {
            Some(sandbox) => world.places.expand(&sandbox.inside(text)),
            None => world.places.expand(text),
        }
    }

    fn env(&self, world: &LiveWorld, program: &Program) -> BTreeMap<String, String> {
        let tools = world.tools();
        let own_home = self.mounts() && !self.has_runs_home;
        // Programs that see the machine's processes may leave some behind, which are identified by
        // it.
        let own_temporary = self.mounts() && !self.sees_processes();
        let environment = Environment {
            operator: &world.operator,
            places: &world.places,
            tools: &tools,
            temporary: if own_temporary {
                Utf8Path::new(OWN_TEMPORARY)
            } else {
                &self.temporary
            },
            home: if own_home {
                Utf8Path::new(OWN_HOME)
            } else {
                &self.home
            },
            sandbox: self.sandbox.as_ref(),
        };
        environment.of(program)
    }

    /// The operator's logins for the configured indexes, if they can be passed without a file. Code
    /// that is built or installed gets no other login.
    fn netrc(&self, program: &Program, env: &mut BTreeMap<String, String>) -> Netrc {
        if program.base != EnvBase::Installer || !self.mounts() {
            return Netrc::default();
        }
        let Some(path) = env.remove("NETRC") else {
            return Netrc::default();
        };
        let netrc = Netrc::for_indexes(&std::fs::read_to_string(path).unwrap_or_default(), env);
        if netrc.text.is_some() {
            env.insert("NETRC".to_owned(), OWN_NETRC.to_owned());
        }
        netrc
    }

    /// `PATH` on this machine.
    fn plain_path(&self, world: &LiveWorld, program: &Program) -> String {
        let tools = world.tools();
        let environment = Environment {
            operator: &world.operator,
            places: &world.places,
            tools: &tools,
            temporary: &self.temporary,
            home: &self.home,
            sandbox: None,
        };
        environment.of(program).remove("PATH").unwrap_or_default()
    }

    fn sees_processes(&self) -> bool {
        self.sandbox
            .as_ref()
            .is_some_and(|sandbox| sandbox.processes)
    }

    fn around(&self, world: &LiveWorld, name: &str) -> Result<Around, WorldError> {
        let Some(sandbox) = self.sandbox.as_ref().filter(|_| !self.mounts()) else {
            return Ok(Around::default());
        };
        Around::of(sandbox, &world.places).map_err(|error| WorldError::NotStarted {
            program: name.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Directories that are not shown merely because a tool is in them.
    fn private(&self, world: &LiveWorld) -> Vec<Utf8PathBuf> {
        // Tools are installed in `‹tools:1›`: that is to be shown.
        let roots = world.places.roots();
        let roots = roots.filter(|(token, _)| !token.starts_with("‹tools:"));
        let roots = roots.map(|(_, path)| path.to_owned());
        let own = [&world.operator.home, &self.home].map(Clone::clone);
        let sandbox = self.sandbox.iter().flat_map(|sandbox| &sandbox.mounts);
        let mounted = sandbox.map(|mount| world.places.path(&mount.place));
        roots.chain(own).chain(mounted).collect()
    }

    /// The directories it needs besides those its sandbox lists.
    fn own_directories(&self, view: &mut View) {
        if self.sees_processes() || !self.mounts() {
            view.bind(self.temporary.clone(), self.temporary.clone(), true);
        }
    }
}

/// bubblewrap's report on the program.
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

/// Creates the file for a program's report. A file left there by an earlier attempt is discarded.
fn make_report(world: &LiveWorld, program: &Program) -> Result<(), WorldError> {
    let sandbox = program.sandbox.as_deref();
    let Some(report) = sandbox.and_then(|sandbox| sandbox.report.as_ref()) else {
        return Ok(());
    };
    let below = report.as_str().strip_prefix(Place::RUN).unwrap_or_default();
    let below = Utf8Path::new(below.trim_start_matches('/'));
    plain::empty_below(world.places.run(), below)
        .map_err(|error| super::common::file_error("make", report.as_str(), &error))
}

/// Creates the missing directories of the run that a program may change.
fn make_writable(world: &LiveWorld, sandbox: &Sandbox) -> Result<(), WorldError> {
    let run = world.places.run();
    let own = sandbox.writable.iter();
    let own = own.filter(|place| place.as_str().starts_with(Place::RUN));
    for path in own.map(|place| world.places.path(place)) {
        if path.symlink_metadata().is_err() {
            let held = world.held.below(run);
            held.and_then(|disk| disk.make_dirs(path.as_std_path()))
                .map_err(|error| super::common::file_error("make", path.as_str(), &error))?;
        }
    }
    Ok(())
}

fn make_directories(
    world: &LiveWorld,
    name: &str,
    cwd: &Utf8Path,
    temporary: &Utf8Path,
) -> Result<(), WorldError> {
    let home = world.places.run().join("home");
    for directory in [home.as_path(), temporary] {
        let held = world.held.below(world.places.run());
        held.and_then(|disk| disk.make_dirs(directory.as_std_path()))
            .map_err(|error| super::common::file_error("make", directory.as_str(), &error))?;
    }
    if cwd.is_dir() {
        return Ok(());
    }
    Err(WorldError::NotStarted {
        program: name.to_owned(),
        reason: format!("its working directory `{cwd}` is not there"),
    })
}

/// A log name that no earlier start of the same run has used.
fn unused_log_name(world: &LiveWorld, by: &SubtaskId, program: &str) -> String {
    let program = Utf8Path::new(program).file_name().unwrap_or("program");
    // Concurrent branches of a subtask are counted separately, so that the same run gives the same
    // names whichever branch comes first.
    let by = strand::current().map_or_else(
        || by.clone(),
        |branch| SubtaskId::new(format!("{by}-{branch}")),
    );
    loop {
        let name = format!("{by}-{}-{program}", world.next_number(&by));
        let logs = world.places.run().join("logs");
        let used = ["out", "err"]
            .iter()
            .any(|suffix| logs.join(format!("{name}.{suffix}")).exists());
        if !used {
            return name;
        }
    }
}

/// Writes down which of the operator's settings reach installers and which do not, by name; what
/// they log in with becomes a secret.
fn note_index_settings(world: &LiveWorld, env: &BTreeMap<String, String>, netrc: &Netrc) {
    for password in netrc
        .passwords
        .iter()
        .chain(&index_settings::passwords(env))
    {
        world.redactor.add_passed("index login", password);
    }
    let mut named = index_settings::of(&world.operator).named;
    named.leave_out_logins(netrc.left_out);
    let path = world.places.run().join(IndexSettings::NOTED);
    let Ok(text) = serde_json::to_string_pretty(&named) else {
        return;
    };
    if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return;
    }
    // Written beside and renamed: another branch may read it. Without it the evidence lacks names.
    let beside = format!("{path}.{}", std::process::id());
    let _lost = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
}

/// The executable file that a name refers to.
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
