//! What wakes the observer: the system's notifications, if available.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use notify::event::AccessKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How often is looked although nothing was notified: notifications may be lost, and there are
/// none on some file systems.
pub(super) const TICK: Duration = Duration::from_millis(200);

/// Why it looks.
#[derive(Debug)]
pub(super) enum Woken {
    /// Something happened in a watched directory.
    Files,
    /// The file of a program was opened.
    Program(String),
    /// It is time to look at everything.
    Time,
}

/// What wakes the observer, and what on this system does not.
pub(super) fn notifier(
    wake: mpsc::Sender<Woken>,
    programs: &[(String, Utf8PathBuf)],
) -> (Option<RecommendedWatcher>, Vec<String>) {
    let names: BTreeMap<std::path::PathBuf, String> = programs
        .iter()
        .map(|(name, file)| (file.clone().into_std_path_buf(), name.clone()))
        .collect();
    let tell = move |event: notify::Result<notify::Event>| {
        let woken = match event {
            Ok(event) => match event.paths.iter().find_map(|path| names.get(path)) {
                Some(name) => matches!(event.kind, EventKind::Access(AccessKind::Open(_)))
                    .then(|| Woken::Program(name.clone())),
                // Reading a file changes nothing.
                None => (!event.kind.is_access()).then_some(Woken::Files),
            },
            Err(_) => Some(Woken::Files),
        };
        if let Some(woken) = woken {
            // Full: the observer has already been woken.
            let _full = wake.try_send(woken);
        }
    };
    let mut without = vec!["a `kill` that is built into a shell: it is no program".to_owned()];
    let short = |why: &str| format!("programs that end within {} ms: {why}", TICK.as_millis());
    let mut watcher = match notify::recommended_watcher(tell) {
        Ok(watcher) => watcher,
        Err(error) => {
            // Without notifications the tick alone must suffice.
            without.push(short(&error.to_string()));
            return (None, without);
        }
    };
    if !cfg!(target_os = "linux") {
        without.push(short("this system does not tell that a file was opened"));
        return (Some(watcher), without);
    }
    for (name, file) in programs {
        if let Err(error) = watcher.watch(file.as_std_path(), RecursiveMode::NonRecursive) {
            without.push(short(&format!("`{name}`: {error}")));
        }
    }
    (Some(watcher), without)
}
