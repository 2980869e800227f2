//! Files and directories that a program finds when it starts.

use std::collections::BTreeMap;

use camino::Utf8Path;

use crate::model::SubtaskId;
use crate::store::disk::Disk;
use crate::world::live::common::file_error;
use crate::world::live::index_settings::{self, IndexSettings, Netrc};
use crate::world::live::live_world::LiveWorld;
use crate::world::live::plain;
use crate::world::strand;
use crate::world::{Place, Program, Sandbox, WorldError};

/// Makes the file that a program reports to. What an earlier try left there does not count.
pub(super) fn make_report(world: &LiveWorld, program: &Program) -> Result<(), WorldError> {
    let sandbox = program.sandbox.as_deref();
    let Some(report) = sandbox.and_then(|sandbox| sandbox.report.as_ref()) else {
        return Ok(());
    };
    let below = report.as_str().strip_prefix(Place::RUN).unwrap_or_default();
    let below = Utf8Path::new(below.trim_start_matches('/'));
    plain::empty_below(world.places.run(), below)
        .map_err(|error| file_error("make", report.as_str(), &error))
}

/// Makes the directories of the run that a program may change and that are not there yet.
pub(super) fn make_writable(world: &LiveWorld, sandbox: &Sandbox) -> Result<(), WorldError> {
    let run = world.places.run();
    let own = sandbox.writable.iter();
    let own = own.filter(|place| place.as_str().starts_with(Place::RUN));
    for path in own.map(|place| world.places.path(place)) {
        if path.symlink_metadata().is_err() {
            let held = world.held.below(run);
            held.and_then(|disk| disk.make_dirs(path.as_std_path()))
                .map_err(|error| file_error("make", path.as_str(), &error))?;
        }
    }
    Ok(())
}

pub(super) fn make_directories(
    world: &LiveWorld,
    name: &str,
    cwd: &Utf8Path,
    temporary: &Utf8Path,
) -> Result<(), WorldError> {
    let home = world.places.run().join("home");
    for directory in [home.as_path(), temporary] {
        let held = world.held.below(world.places.run());
        held.and_then(|disk| disk.make_dirs(directory.as_std_path()))
            .map_err(|error| file_error("make", directory.as_str(), &error))?;
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
pub(super) fn unused_log_name(world: &LiveWorld, by: &SubtaskId, program: &str) -> String {
    let program = Utf8Path::new(program).file_name().unwrap_or("program");
    // What a subtask does at the same time counts on its own, so that the same run gives the same
    // names whoever comes first.
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
pub(super) fn note_index_settings(
    world: &LiveWorld,
    env: &BTreeMap<String, String>,
    netrc: &Netrc,
) {
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
    // Written beside and renamed: another strand may read it. Without it the evidence lacks names.
    let beside = format!("{path}.{}", std::process::id());
    let _lost = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
}
