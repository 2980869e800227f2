//! What a run leaves behind: what was run, the reports, the seal, the bundle. No evidence, no pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rerun::RecordedGate;
use super::{Options, RunDirectory, SessionError, SharedReport, journalled, whole_run};
use crate::evidence::{Bundled, Content, EvidenceError, RedactorScan, Spec, bundle_of};
use crate::gate::Verdict;
use crate::journal::disk::{Disk, Kind, OsDisk, append_all};
use crate::journal::{self, BLOBS, FILE, Journal};
use crate::report;
use crate::world::live::Isolation;
use crate::world::redact::{Redactor, Scope};
use crate::world::{Effect, FileFailure, Place, Receipt, World, WorldError, WriteFile};

/// Places in the run directory that are no part of its bundle, or have a place of their own there.
const NOT_FILES: [&str; 8] = [
    "home",
    "tmp",
    BLOBS,
    FILE,
    "gate.toml",
    "bundle",
    "report.json",
    "report.md",
];

/// What keeps the run's programs apart, and the gate file with its templates, go into the run
/// directory, so that the run can be told, resumed and replayed without what it was started from.
pub(super) async fn keep_what_was_run(
    world: &dyn World,
    options: &Options,
    isolation: &Isolation,
) -> Result<(), SessionError> {
    let isolation = serde_json::to_string_pretty(isolation).unwrap_or_default();
    let mut files = vec![(Place::run("isolation.json"), isolation)];
    files.push((Place::run("gate.toml"), options.gate.source.text.clone()));
    for (name, text) in &options.gate.templates {
        files.push((Place::run("templates").join(name), text.clone()));
    }
    for (path, text) in files {
        write(world, path, text, options.resume.is_some()).await?;
    }
    Ok(())
}

async fn write(
    world: &dyn World,
    path: Place,
    text: String,
    replace: bool,
) -> Result<(), WorldError> {
    let file = WriteFile {
        path,
        text,
        replace,
    };
    let written = world.perform(&whole_run(), Effect::WriteFile(file)).await;
    written.map(drop)
}

/// The end of a run.
pub(super) struct Conclusion<'r> {
    pub(super) world: &'r dyn World,
    pub(super) journal: &'r Journal,
    pub(super) journal_failure: &'r journalled::Failure,
    pub(super) report: &'r mut SharedReport,
    /// The verdict so far: incomplete evidence makes it worse, nothing makes it better.
    pub(super) verdict: Verdict,
}

impl Conclusion<'_> {
    /// How each ended that a program had left behind and that was still there after the last
    /// one. A resumed run adds a file of its own.
    pub(super) async fn keep_receipts(&mut self, receipts: &[Receipt]) {
        if receipts.is_empty() {
            return;
        }
        let text = serde_json::to_string_pretty(receipts).unwrap_or_default();
        for name in names("leftovers") {
            match write(self.world, Place::run(&name), text.clone(), false).await {
                Err(WorldError::File {
                    kind: FileFailure::AlreadyExists,
                    ..
                }) => {}
                Err(error) => return self.incomplete(&error.to_string()),
                Ok(()) => return,
            }
        }
    }

    /// Reports, seal, bundle, in this order: each vouches for what was before it.
    pub(super) async fn conclude(
        &mut self,
        directory: &RunDirectory,
        redactor: &Arc<Redactor>,
    ) -> Option<Bundled> {
        self.write_reports().await;
        if !self.seal() {
            // A seal that may not be on the disk vouches for nothing; without a bundle the run is
            // gone on with.
            return None;
        }
        self.bundle(directory, redactor).await
    }

    /// Writes the reports for people who look into the run directory.
    async fn write_reports(&mut self) {
        let told = self.report.take();
        for (name, text) in [
            ("report.json", report::json(&told)),
            ("report.md", report::markdown(&told)),
        ] {
            if let Err(error) = write(self.world, Place::run(name), text, true).await {
                self.incomplete(&error.to_string());
            }
        }
    }

    /// Seals the journal with the verdict that its records give; says whether that was done.
    fn seal(&mut self) -> bool {
        let sealed = self.journal.seal(self.verdict).err();
        let sealed = sealed.map(|error| error.to_string());
        let failure = self.journal_failure.take().or(sealed);
        if let Some(failure) = &failure {
            self.incomplete(failure);
        }
        failure.is_none()
    }

    /// Makes the run one file that anyone can check and replay.
    async fn bundle(
        &mut self,
        directory: &RunDirectory,
        redactor: &Arc<Redactor>,
    ) -> Option<Bundled> {
        let (directory, redactor) = (directory.clone(), Arc::clone(redactor));
        let made = tokio::task::spawn_blocking(move || {
            bundled(&OsDisk, &directory, &redactor).map_err(|error| error.to_string())
        });
        let made = made.await.unwrap_or_else(|error| Err(error.to_string()));
        match made {
            Ok(bundled) => Some(bundled),
            Err(why) => {
                self.incomplete(&format!("there is no bundle: {why}"));
                None
            }
        }
    }

    fn incomplete(&mut self, why: &str) {
        self.report.unrecorded(why);
        self.verdict = self.verdict.max(Verdict::Error);
    }
}

/// Names for a file of the run's and of each part that goes on with it.
fn names(what: &str) -> impl Iterator<Item = String> {
    (1..).map(move |number| match number {
        1 => format!("{what}.json"),
        _ => format!("{what}-{number}.json"),
    })
}

/// Writes the bundle of a sealed run beside its journal; a resumed run gets one of its own.
fn bundled(
    disk: &dyn Disk,
    directory: &RunDirectory,
    redactor: &Arc<Redactor>,
) -> Result<Bundled, EvidenceError> {
    let run = directory.path.as_std_path();
    let folded = journal::read_on(disk, run)?;
    let gate_file = disk
        .read(&run.join("gate.toml"), u64::from(u32::MAX))
        .map_err(EvidenceError::disk("read", run.join("gate.toml")))?;
    let gate = RecordedGate::of_run(disk, run)?;
    let reports = gate
        .reports(&folded)
        .map_err(|why| EvidenceError::Foreign {
            what: "the gate file",
            why,
        })?;
    let to = directory.bundle_of(folded.epoch);
    disk.make_dirs(&run.join("bundle"))
        .map_err(EvidenceError::disk("make", run.join("bundle")))?;
    let mut files = Files {
        disk,
        redactor,
        clean: run.join("tmp/clean"),
        found: BTreeMap::new(),
    };
    files.below(run, "")?;
    files.redactions(run)?;
    let spec = Spec {
        run_dir: run.to_owned(),
        gate_file,
        reports,
        files: files.found,
        ..Spec::default()
    };
    let mut scan = RedactorScan::new(Arc::clone(redactor), Scope::Everything);
    bundle_of(disk, &folded, spec, to.as_std_path(), &mut scan)
}

/// The run's files, cleared of secrets and paths.
struct Files<'r> {
    disk: &'r dyn Disk,
    redactor: &'r Arc<Redactor>,
    clean: PathBuf,
    found: BTreeMap<String, Content>,
}

impl Files<'_> {
    fn below(&mut self, directory: &Path, name: &str) -> Result<(), EvidenceError> {
        let listed = self
            .disk
            .list(directory)
            .map_err(EvidenceError::disk("list", directory))?;
        for entry in listed {
            if name.is_empty() && NOT_FILES.contains(&entry.name.as_str()) {
                continue;
            }
            let path = directory.join(&entry.name);
            let below = if name.is_empty() {
                entry.name.clone()
            } else {
                format!("{name}/{}", entry.name)
            };
            match entry.kind {
                Kind::Dir => self.below(&path, &below)?,
                Kind::File => self.take(&path, below)?,
                // A link or a socket is nothing that can be shown.
                Kind::Other => {}
            }
        }
        Ok(())
    }

    /// Captured output was cleaned as it came. What a program wrote itself was kept as it is,
    /// its digest on record; what goes out is cleaned here.
    fn take(&mut self, path: &Path, name: String) -> Result<(), EvidenceError> {
        let content = if name.starts_with("logs/") {
            path.to_owned()
        } else {
            self.cleaned(path)?
        };
        self.found.insert(name, Content::File(content));
        Ok(())
    }

    /// How often each secret was hidden, by name: in what was recorded, and in the files above,
    /// which is why it comes last. A resumed run adds a file of its own.
    fn redactions(&mut self, run: &Path) -> Result<(), EvidenceError> {
        let text = serde_json::to_string_pretty(&self.redactor.counts()).unwrap_or_default();
        let free = |name: &String| !self.found.contains_key(name);
        let Some(name) = { names("redactions") }.find(free) else {
            return Ok(());
        };
        let path = run.join(&name);
        self.disk
            .write_new(&path, text.as_bytes())
            .map_err(EvidenceError::disk("write", &path))?;
        self.found.insert(name, Content::File(path));
        Ok(())
    }

    fn cleaned(&self, path: &Path) -> Result<PathBuf, EvidenceError> {
        use std::io::Read;
        const PIECE: usize = 64 * 1024;
        let to = self.clean.join(self.found.len().to_string());
        self.disk
            .make_dirs(&self.clean)
            .map_err(EvidenceError::disk("make", &self.clean))?;
        let mut from = self
            .disk
            .reader(path)
            .map_err(EvidenceError::disk("read", path))?;
        let file = crate::journal::disk::create_afresh(self.disk, &to)
            .map_err(EvidenceError::disk("make", &to))?;
        let mut stream = self.redactor.stream(Scope::Everything);
        let mut piece = vec![0; PIECE];
        let mut out = Vec::new();
        loop {
            let read = from
                .read(&mut piece)
                .map_err(EvidenceError::disk("read", path))?;
            if read == 0 {
                stream.finish(&mut out);
            } else {
                stream.push(&piece[..read], &mut out);
            }
            append_all(&*file, &out).map_err(EvidenceError::disk("write", &to))?;
            out.clear();
            if read == 0 {
                return Ok(to);
            }
        }
    }
}
