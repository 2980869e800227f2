//! The operator as the process finds them, and the gate they ask for with its parameters.
#![expect(
    clippy::disallowed_methods,
    reason = "the operator's environment and files are read once, here"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use crate::gate::{Diagnostics, Gate, Look, Overrides, SetError};
use crate::report::Style;
use crate::world::live::Operator;

/// The largest gate file, template or configuration that is read, in bytes. A gate of ten
/// thousand subtasks has two million.
const LARGEST: u64 = 16 << 20;

/// The program's own settings.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Directory that holds the checkouts.
    pub(super) workspace: Utf8PathBuf,
    /// Directory that holds runs and attempts.
    pub(super) state: Utf8PathBuf,
    /// The gate's own download cache.
    pub(super) cache: Utf8PathBuf,
}

/// The operator's environment, as this process got it. Variables that are not UTF-8 are left out.
pub(super) fn of_process() -> Result<Operator, String> {
    let utf8 = |text: std::ffi::OsString| text.into_string().ok();
    let env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((utf8(name)?, utf8(value)?)))
        .collect();
    let cwd = std::env::current_dir().map_err(|error| format!("no working directory: {error}"))?;
    let cwd = Utf8PathBuf::from_path_buf(cwd)
        .map_err(|path| format!("`{}` is not UTF-8", path.display()))?;
    let home = env
        .get("HOME")
        .filter(|home| !home.is_empty())
        .ok_or("HOME is not set")?;
    Ok(Operator {
        home: Utf8PathBuf::from(home),
        env,
        cwd,
    })
}

/// Directories from settings, else from the XDG variables, else below HOME.
pub(super) fn settings(operator: &Operator, overrides: &Overrides) -> Settings {
    let given = |name: &str| {
        overrides
            .settings
            .get(name)
            .map(|path| operator.cwd.join(path))
    };
    let xdg = |name: &str, below: &str| {
        let base = operator
            .var(name)
            .map_or_else(|| operator.home.join(below), Utf8PathBuf::from);
        base.join("gate")
    };
    Settings {
        workspace: given("workspace").unwrap_or_else(|| operator.cwd.clone()),
        state: given("state_dir").unwrap_or_else(|| xdg("XDG_STATE_HOME", ".local/state")),
        cache: xdg("XDG_CACHE_HOME", ".cache"),
    }
}

/// Reads the gate and sets its parameters: file, then environment, then `--set`. Whatever is
/// wrong is printed before anything runs.
pub(super) fn gate(
    args: &GateArgs,
    operator: &Operator,
    console: &Console,
) -> Result<(Gate, Overrides), Exit> {
    let mut gate = read_gate(args.gate.as_deref(), console)?;
    let overrides = overrides(args, operator, &gate, console)?;
    gate.set(&overrides.parameters)
        .map_err(|error| refuse(&error, console))?;
    Ok((gate, overrides))
}

fn overrides(
    args: &GateArgs,
    operator: &Operator,
    gate: &Gate,
    console: &Console,
) -> Result<Overrides, Exit> {
    let config = match &args.config {
        None => Overrides::default(),
        Some(path) => {
            let text = read_text(path, console)?;
            let name = path.display().to_string();
            gate.read_config(&name, &text)
                .map_err(|error| diagnose(&error, console))?
        }
    };
    let environment = gate
        .read_environment(&operator.env)
        .map_err(|error| refuse(&error, console))?;
    let set = Overrides::from_assignments(&args.set).map_err(|error| refuse(&error, console))?;
    Ok(config.then(environment).then(set))
}

fn read_gate(path: Option<&Path>, console: &Console) -> Result<Gate, Exit> {
    let Some(path) = path else {
        return Gate::built_in().map_err(|error| diagnose(&error, console));
    };
    let text = read_text(path, console)?;
    let directory = path.parent().unwrap_or(Path::new("")).to_owned();
    let template = move |name: &str| {
        // A template is a file beside the gate file, never somewhere else.
        let plain = Utf8Path::new(name)
            .components()
            .all(|part| matches!(part, camino::Utf8Component::Normal(_)));
        plain.then(|| text_of(&directory.join(name)).ok()).flatten()
    };
    Gate::load(&path.display().to_string(), &text, &template)
        .map_err(|error| diagnose(&error, console))
}

fn read_text(path: &Path, console: &Console) -> Result<String, Exit> {
    text_of(path).map_err(|error| {
        console.fail(
            Exit::Usage,
            &format!("cannot read `{}`: {error}", path.display()),
        )
    })
}

/// A file's text. One that has no end, such as a device, is refused like one that is too large.
fn text_of(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        let told = format!("it holds more than {} MiB", LARGEST >> 20);
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, told));
    }
    Ok(text)
}

/// Says why a parameter cannot be set.
pub(super) fn refuse(error: &SetError, console: &Console) -> Exit {
    if let SetError::Gate(diagnostics) = error {
        console.note("with these parameters the gate is not sound:");
        return diagnose(diagnostics, console);
    }
    console.fail(Exit::Usage, &error.to_string())
}

fn diagnose(diagnostics: &Diagnostics, console: &Console) -> Exit {
    let look = Look {
        color: console.style() == Style::Ansi,
        ..Look::default()
    };
    console.note(diagnostics.render(look).trim_end());
    console.fail(
        Exit::Usage,
        &format!(
            "{} problems in the gate file; nothing ran",
            diagnostics.len()
        ),
    )
}

/// Opens the file for `--events`.
pub(super) fn create(path: &Path) -> Result<std::fs::File, std::io::Error> {
    std::fs::File::create(path)
}

/// Whether a file can be written here later, over what may be there.
pub(super) fn can_be_written(what: &str, path: &Path) -> Result<(), String> {
    let cannot = |why: String| {
        Err(format!(
            "cannot write {what} to `{}`: {why}",
            path.display()
        ))
    };
    if path.is_dir() {
        return cannot("it is a directory; name a file in it".to_owned());
    }
    match missing_parent(path) {
        Some(parent) => cannot(format!("there is no directory `{}`", parent.display())),
        None => Ok(()),
    }
}

fn missing_parent(path: &Path) -> Option<&Path> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    parent.filter(|parent| !parent.is_dir())
}

/// Whether a file can be made here later: nothing is overwritten.
pub(super) fn can_be_made(path: &Path) -> Result<(), String> {
    if path.exists() {
        return Err(format!(
            "`{}` is there already; nothing is overwritten",
            path.display()
        ));
    }
    match missing_parent(path) {
        Some(parent) => Err(format!(
            "cannot write `{}`: there is no directory `{}`",
            path.display(),
            parent.display()
        )),
        None => Ok(()),
    }
}
