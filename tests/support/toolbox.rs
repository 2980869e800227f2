//! A machine that has only some tools.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::model::SubtaskId;
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::Redactor;

/// A world whose `PATH` holds stand-ins first, and below them only the named real tools.
pub(crate) fn world(
    root: &Utf8Path,
    run: &str,
    stand_ins: &[(&str, &str)],
    real: &[&str],
) -> LiveWorld {
    let bin = root.join(run).join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    for (name, script) in stand_ins {
        std::fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut env: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| {
            ["PIP_", "UV_", "SSL_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .collect();
    let machines = std::env::var("PATH").unwrap();
    for name in real {
        let found = machines
            .split(':')
            .map(|directory| Utf8Path::new(directory).join(name));
        let found = found.into_iter().find(|path| path.is_file()).unwrap();
        // A script, not a link: some are shims that go by their own path.
        let text = format!("#!/bin/sh\nPATH='{machines}' exec '{found}' \"$@\"\n");
        std::fs::write(bin.join(name), text).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    env.insert("PATH".into(), bin.to_string());
    let operator = Operator {
        env,
        home: root.join("home"),
        cwd: root.to_owned(),
    };
    let places = Places::new(
        root.join(run),
        root.join("workspace"),
        root.join("state"),
        root.join("cache"),
        root.join("home"),
    );
    LiveWorld::new(operator, places, Arc::new(Redactor::new()))
}

pub(crate) fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
    (directory, root)
}

pub(crate) fn by() -> SubtaskId {
    SubtaskId::new("setup")
}
