//! Which files a program needs in order to run: its executable, the targets of links and of a
//! script's first line, and the installations that contain these. Looks at files, never changes
//! one.

use std::collections::BTreeSet;
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};

/// How far links and interpreters are followed.
const FAR: usize = 8;

/// The operator's private directories: never shown whole merely because a tool is in one.
#[derive(Debug, Clone)]
pub(in crate::world::live) struct Private<'a>(pub(in crate::world::live) Vec<&'a Utf8Path>);

impl Private<'_> {
    /// Whether showing this directory would show a private one.
    fn shows(&self, directory: &Utf8Path) -> bool {
        let shared = [
            "", "/", "/home", "/root", "/tmp", "/var", "/run", "/mnt", "/srv", "/opt",
        ];
        shared.contains(&directory.as_str())
            || self.0.iter().any(|private| {
                // `.local` contains key rings, `.cargo` a token for the registry.
                let below = [".local", ".local/share", ".config", ".cache", ".cargo"];
                private.starts_with(directory)
                    || below.iter().any(|name| directory == private.join(name))
            })
    }
}

/// What the directories of `PATH` are installed in.
pub(in crate::world::live) fn operators_tools(
    path: &str,
    private: &Private<'_>,
) -> BTreeSet<Utf8PathBuf> {
    let directories = path.split(':').map(Utf8Path::new);
    let there = directories.filter(|directory| directory.is_absolute() && directory.is_dir());
    let mut tools = BTreeSet::new();
    for directory in there {
        let shown = shown_of(directory, private);
        let of_the_system = ["/usr", "/bin", "/sbin"].map(|root| directory.starts_with(root));
        if shown.as_deref() == Some(directory) && !of_the_system.contains(&true) {
            tools.extend(linked_from(directory, path, private));
        }
        tools.extend(shown);
    }
    tools
}

/// What the links in a directory with programs lead to: what pipx and uv put there are links.
fn linked_from(directory: &Utf8Path, path: &str, private: &Private<'_>) -> BTreeSet<Utf8PathBuf> {
    const MOST: usize = 256;
    let entries = directory.read_dir_utf8().into_iter().flatten().flatten();
    let links = entries.take(MOST).map(camino::Utf8DirEntry::into_path);
    links
        .filter(|file| file.is_symlink() && file.is_file())
        .flat_map(|link| needed_by(&link, path, private))
        .collect()
}

/// What an executable file needs to run.
pub(in crate::world::live) fn needed_by(
    executable: &Utf8Path,
    path: &str,
    private: &Private<'_>,
) -> BTreeSet<Utf8PathBuf> {
    let mut needed = BTreeSet::new();
    let mut rest = vec![executable.to_owned()];
    for _ in 0..FAR {
        let Some(file) = rest.pop() else { break };
        let Some(directory) = file.parent() else {
            continue;
        };
        match shown_of(directory, private) {
            Some(shown) => needed.insert(shown),
            None => needed.insert(file.clone()),
        };
        if let Ok(target) = file.read_link_utf8() {
            rest.push(directory.join(target));
        } else if let Some(interpreter) = interpreter(&file, path) {
            rest.push(interpreter);
        }
        rest.extend(base_of_environment(directory));
    }
    needed
}

/// The directory to show for one with programs: the installation that contains it, if that shows
/// nothing private; or else the directory itself; none if even that would.
fn shown_of(directory: &Utf8Path, private: &Private<'_>) -> Option<Utf8PathBuf> {
    let installed = matches!(
        directory.file_name(),
        Some("bin" | "sbin" | "shims" | "libexec")
    );
    let above = directory.parent().filter(|_| installed);
    above
        .into_iter()
        .chain([directory])
        .find(|shown| !private.shows(shown))
        .map(Utf8Path::to_owned)
}

/// The program that the first line of a script names.
fn interpreter(file: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    const LONGEST: u64 = 512;
    let mut start = Vec::new();
    let opened = std::fs::File::open(file).ok()?;
    opened.take(LONGEST).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_whitespace();
    let program = Utf8Path::new(words.next()?);
    if program.file_name() != Some("env") {
        return Some(program.to_owned());
    }
    let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    let mut directories = path
        .split(':')
        .map(|directory| Utf8Path::new(directory).join(name));
    directories.find(|file| file.is_file())
}

/// The interpreter that a virtual environment was created from.
fn base_of_environment(bin: &Utf8Path) -> Option<Utf8PathBuf> {
    let text = std::fs::read_to_string(bin.parent()?.join("pyvenv.cfg")).ok()?;
    let home = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == "home").then(|| value.trim().to_owned())
    })?;
    let python = Utf8PathBuf::from(home).join("python3");
    python.is_file().then_some(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_in_the_home_shows_what_it_is_installed_in_and_no_more() {
        let private = Private(vec![
            Utf8Path::new("/home/al"),
            Utf8Path::new("/state/runs/1"),
        ]);
        for (directory, shown) in [
            ("/home/al/.pyenv/shims", Some("/home/al/.pyenv")),
            ("/home/al/venv/bin", Some("/home/al/venv")),
            ("/home/al/.local/bin", Some("/home/al/.local/bin")),
            ("/home/al/.cargo/bin", Some("/home/al/.cargo/bin")),
            ("/home/al/bin", Some("/home/al/bin")),
            ("/home/al", None),
            ("/state/runs/1/bin", Some("/state/runs/1/bin")),
            ("/state", None),
            ("/opt/python/bin", Some("/opt/python")),
            ("/opt/bin", Some("/opt/bin")),
            ("/root/bin", Some("/root/bin")),
        ] {
            let found = shown_of(Utf8Path::new(directory), &private);
            assert_eq!(found.as_deref().map(Utf8Path::as_str), shown, "{directory}");
        }
    }
}
