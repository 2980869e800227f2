//! The operator as the process finds them, and the gate they ask for with its parameters.
#![expect(
    clippy::disallowed_methods,
    reason = "the operator's environment and files are read once, here"
)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use zeroize::Zeroizing;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use crate::gate::{Gate, Overrides, SetError, variable_name};
use crate::model::{Diagnostics, Look};
use crate::report::{Style, of_gate_file};
use crate::world::live::{Operator, environment};

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
    let env: BTreeMap<String, String> = environment()
        .into_iter()
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
    let gate = read_gate(args.gate.as_deref(), console)?;
    set(gate, args, operator, console)
}

/// Where runs are kept, as far as it can be told without a gate: what else the settings hold is
/// looked at once there is one.
pub(super) fn state_of(
    args: &GateArgs,
    operator: &Operator,
    console: &Console,
) -> Result<Utf8PathBuf, Exit> {
    const NAME: &str = "state_dir";
    let mut found = Overrides::default();
    if let Some(path) = &args.config {
        let text = read_text(path, console)?;
        // What is wrong with it is reported with its places later.
        let table = text.parse::<toml::Table>().unwrap_or_default();
        let given = table.get(NAME).and_then(toml::Value::as_str);
        found
            .settings
            .extend(given.map(|given| (NAME.to_owned(), given.to_owned())));
    }
    let variable = operator.var(&variable_name(NAME));
    found
        .settings
        .extend(variable.map(|given| (NAME.to_owned(), given.to_owned())));
    let set = Overrides::from_assignments(&args.set).map_err(|error| refuse(&error, console))?;
    Ok(settings(operator, &found.then(set)).state)
}

/// Sets a gate's parameters: file, then environment, then `--set`.
pub(super) fn set(
    mut gate: Gate,
    args: &GateArgs,
    operator: &Operator,
    console: &Console,
) -> Result<(Gate, Overrides), Exit> {
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

/// A key's file. Its text is wiped from memory when it goes.
pub(super) struct KeyFile {
    pub(super) text: Zeroizing<String>,
    /// Whether its permissions let others than its owner read it.
    pub(super) others_can_read: bool,
}

/// Reads a file of keys.
pub(super) fn key_file(path: &Path) -> std::io::Result<KeyFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let text = Zeroizing::new(text_of(path)?);
    let mode = std::fs::metadata(path)?.permissions().mode();
    Ok(KeyFile {
        text,
        others_can_read: mode & 0o044 != 0,
    })
}

/// Says why a parameter cannot be set.
pub(super) fn refuse(error: &SetError, console: &Console) -> Exit {
    if let SetError::Gate(diagnostics) = error {
        console.note("with these parameters the gate file is invalid:");
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
    for line in of_gate_file(diagnostics) {
        console.command(&line);
    }
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

/// Whether there is a directory.
pub(super) fn is_directory(path: &Utf8Path) -> bool {
    path.is_dir()
}

/// Writes a file that must not be there yet.
pub(super) fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
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
