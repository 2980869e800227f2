//! The end of a run: what was run, the reports, the seal, the bundle. No evidence, no pass.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rerun::RecordedGate;
use super::shared_report::SharedReport;
use super::{Options, RunDirectory, SessionError, journalled};
use crate::evidence::{Bundled, EvidenceError, RedactorScan, Spec, bundle_of, commitment};
use crate::journal::{self, BLOBS, FILE, Folded, Journal, Sealed};
use crate::model::{SubtaskId, Verdict};
use crate::report::{self, Evidence};
use crate::store::Content;
use crate::store::disk::{Disk, Kind, OsDisk, append_all};
use crate::store::sha256_hex;
use crate::world::live::Isolation;
use crate::world::redact::{Redactor, Scope};
use crate::world::{
    Effect, FileFailure, Place, ReadFile, Receipt, Response, World, WorldError, WriteFile,
};

/// Places in the run directory that are no part of its bundle, or have a place of their own there.
const NOT_FILES: [&str; 10] = [
    "home",
    "tmp",
    BLOBS,
    FILE,
    "gate.toml",
    "bundle",
    "report.json",
    "report.md",
    "report.html",
    "report.junit.xml",
];

/// Stores the isolation of the run's programs, and the gate file with its templates, in the run
/// directory, so that the run can be reported, resumed and replayed without its original files.
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
        if options.corrected {
            keep_earlier(world, &path, &text).await?;
        }
        write(world, path, text, options.resume.is_some()).await?;
    }
    Ok(())
}

/// A file that is replaced by a corrected one stays beside it, under its digest.
async fn keep_earlier(world: &dyn World, path: &Place, text: &str) -> Result<(), SessionError> {
    let read = ReadFile {
        path: path.clone(),
        limit: u64::from(u32::MAX),
    };
    let by = SubtaskId::whole_run();
    let Ok(Response::Text(earlier)) = world.perform(&by, Effect::ReadFile(read)).await else {
        return Ok(());
    };
    if earlier == text {
        return Ok(());
    }
    let digest = &sha256_hex(earlier.as_bytes())[..16];
    let beside = Place::run("earlier").join(&format!("{digest}-{}", path.file_name()));
    match write(world, beside, earlier, false).await {
        Err(WorldError::File {
            kind: FileFailure::AlreadyExists,
            ..
        }) => Ok(()),
        other => Ok(other?),
    }
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
    let written = world
        .perform(&SubtaskId::whole_run(), Effect::WriteFile(file))
        .await;
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
    /// Records how each process ended that a program had left behind and that still ran after the
    /// last subtask. A resumed run adds a file of its own.
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

    /// Reports, commitment, seal, bundle, in this order: each vouches for what was before it.
    pub(super) async fn conclude(
        &mut self,
        directory: &RunDirectory,
        redactor: &Arc<Redactor>,
    ) -> Option<Bundled> {
        self.name_subject(directory);
        self.write_reports(directory).await;
        let spec = self.gather(directory, redactor).await?;
        if !self.seal() {
            // A seal that may not be on disk guarantees nothing; without a bundle the run can be
            // resumed.
            return None;
        }
        self.bundle(directory, redactor, spec).await
    }

    /// Adds to the report what the verdict applies to, according to the records.
    fn name_subject(&mut self, directory: &RunDirectory) {
        let run = directory.path.as_std_path();
        let named = concluded(&OsDisk, self.journal, run);
        match named {
            Ok((folded, gate)) => {
                let subject = gate.subject(&folded);
                self.report.with(|report| report.subject = Some(subject));
            }
            Err(error) => self.incomplete(&error.to_string()),
        }
    }

    /// Puts together what goes into the bundle, and commits to it in the journal.
    async fn gather(&mut self, directory: &RunDirectory, redactor: &Arc<Redactor>) -> Option<Spec> {
        let (directory, redactor) = (directory.clone(), Arc::clone(redactor));
        let journal = self.journal.clone();
        let gathered = tokio::task::spawn_blocking(move || {
            gathered(&OsDisk, &journal, &directory, &redactor).map_err(|error| error.to_string())
        });
        let gathered = gathered
            .await
            .unwrap_or_else(|error| Err(error.to_string()));
        let gathered = match self.journal_failure.take() {
            Some(failure) => Err(failure),
            None => gathered,
        };
        gathered
            .inspect_err(|why| self.incomplete(&format!("there is no bundle: {why}")))
            .ok()
    }

    /// Writes the reports for people who look into the run directory.
    async fn write_reports(&mut self, directory: &RunDirectory) {
        let run = directory.path.as_std_path();
        let folded = journal::read(run).map_err(|error| error.to_string());
        if let Ok(folded) = &folded {
            let written = report::written(folded);
            self.report.with(|report| report.written = Some(written));
        }
        let told = self.report.take();
        let disk = self.journal.disk();
        let made = folded.and_then(|folded| {
            let gate = RecordedGate::of_run(&*disk, run).map_err(|error| error.to_string())?;
            let page = gate.page(&folded, &told, Evidence::RunDirectory)?;
            Ok((gate.markdown(&folded, &told), page))
        });
        let (markdown, page) = made.unwrap_or_else(|why| {
            self.incomplete(&why);
            (report::markdown(&told, None), String::new())
        });
        for (name, text) in [
            ("report.json", report::json(&told)),
            ("report.md", markdown),
            ("report.html", page),
        ] {
            if let Err(error) = write(self.world, Place::run(name), text, true).await {
                self.incomplete(&error.to_string());
            }
        }
    }

    /// Seals the journal with the verdict that its records give; returns whether that was done.
    fn seal(&mut self) -> bool {
        let sealed = self.journal.seal(self.verdict).err();
        let sealed = sealed.map(|error| error.to_string());
        let failure = self.journal_failure.take().or(sealed);
        if let Some(failure) = &failure {
            self.incomplete(failure);
        }
        failure.is_none()
    }

    /// Packs the run into one file that anyone can check and replay.
    async fn bundle(
        &mut self,
        directory: &RunDirectory,
        redactor: &Arc<Redactor>,
        spec: Spec,
    ) -> Option<Bundled> {
        let (directory, redactor) = (directory.clone(), Arc::clone(redactor));
        let disk = self.journal.disk();
        let passed = self.verdict == Verdict::Passed;
        let made = tokio::task::spawn_blocking(move || {
            let made =
                bundled(&*disk, &directory, &redactor, spec).map_err(|error| error.to_string())?;
            if passed {
                super::own_bundle::check(&*disk, &directory.bundle(&made))?;
            }
            Ok(made)
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

/// Names for a file of the run and of each resumed part of it.
fn names(what: &str) -> impl Iterator<Item = String> {
    (1..).map(move |number| match number {
        1 => format!("{what}.json"),
        _ => format!("{what}-{number}.json"),
    })
}

/// The journal as it will be with its seal, and the gate that it was started with.
fn concluded(
    disk: &dyn Disk,
    journal: &Journal,
    run: &Path,
) -> Result<(Folded, RecordedGate), EvidenceError> {
    journal.sync()?;
    let mut folded = journal::read_on(disk, run)?;
    let gate = RecordedGate::of_run(disk, run)?;
    // Reports and subject name the verdict, and their content is committed to before the seal.
    folded.sealed = Some(Sealed {
        verdict: folded.verdict(),
        digest: String::new(),
    });
    Ok((folded, gate))
}

/// The contents of the bundle of a run that has ended; its journal commits to them.
fn gathered(
    disk: &dyn Disk,
    journal: &Journal,
    directory: &RunDirectory,
    redactor: &Arc<Redactor>,
) -> Result<Spec, EvidenceError> {
    let run = directory.path.as_std_path();
    let (folded, gate) = concluded(disk, journal, run)?;
    let gate_file = disk
        .read(&run.join("gate.toml"), u64::from(u32::MAX))
        .map_err(EvidenceError::disk("read", run.join("gate.toml")))?;
    let reports = gate
        .reports(&folded)
        .map_err(|why| EvidenceError::Foreign {
            what: "the gate file",
            why,
        })?;
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
        subject: Some(gate.subject(&folded)),
        reports,
        files: files.found,
        ..Spec::default()
    };
    journal.commit(commitment(disk, spec.clone(), &folded)?)?;
    Ok(spec)
}

/// Writes the bundle of a sealed run beside its journal; a resumed run gets a separate one.
fn bundled(
    disk: &dyn Disk,
    directory: &RunDirectory,
    redactor: &Arc<Redactor>,
    spec: Spec,
) -> Result<Bundled, EvidenceError> {
    let run = directory.path.as_std_path();
    let folded = journal::read_on(disk, run)?;
    let to = directory.bundle_of(folded.epoch);
    disk.make_dirs(&run.join("bundle"))
        .map_err(EvidenceError::disk("make", run.join("bundle")))?;
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
                // A link or a socket cannot be shown.
                Kind::Other => {}
            }
        }
        Ok(())
    }

    /// Captured output was redacted while it was written. Files that a program wrote itself were
    /// kept unchanged, with their digest recorded; they are redacted here before they are packed.
    fn take(&mut self, path: &Path, name: String) -> Result<(), EvidenceError> {
        let content = if name.starts_with("logs/") {
            path.to_owned()
        } else {
            self.cleaned(path)?
        };
        self.found.insert(name, Content::File(content));
        Ok(())
    }

    /// Records how often each secret was redacted, by name: in the records, and in the files above,
    /// which is why this comes last. A resumed run adds a file of its own.
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
        let file = crate::store::disk::create_afresh(self.disk, &to)
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
