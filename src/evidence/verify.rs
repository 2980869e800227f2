//! Checks whether a bundle is intact, and whether its journal gives what the bundle states. Trusts
//! nothing that is written beside the journal; never runs anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::EvidenceError;
use super::anchors::anchors_hold;
use super::attest::Signature;
use super::bundle::{blobs_of, check_blob, committed_to, top};
use super::judged::{read_journal, subject_of_journal};
use super::listed::{data, files, kept, manifest, script};
use super::records::{logs, requests_and_answers};
use crate::gate::digest_of;
use crate::journal::{Canonical, FILE, Folded, canonical};
use crate::model::Verdict;
use crate::model::escape::one_line;
use crate::model::subject::Subject;
use crate::store::disk::Disk;
use crate::store::manifest::{Manifest, Summed, TEMPLATES};
use crate::store::{Limits, Opened, open, sha256_hex};

/// Renders all reports of a run from its journal, by file name.
pub type Render<'a> = &'a dyn Fn(&Folded) -> Result<BTreeMap<String, Vec<u8>>, String>;

/// Name of the signature check.
pub(super) const SIGNATURE: &str = "signature";

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    /// The bundle's file name, size and digest.
    pub archive: Summed,
    /// Id of the run, from the journal.
    pub run: Option<String>,
    /// The verdict that the journal gives.
    pub verdict: Option<Verdict>,
    /// Version of the journal's format.
    pub format: Option<u32>,
    /// The journal's head: it covers every record and, from format 2 on, every file.
    pub head: Option<String>,
    /// What the verdict applies to, from the journal and the gate file.
    pub subject: Option<Subject>,
    /// Whether it was a dry run, whose verdict covers only what it did not leave out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Number of records.
    pub records: usize,
    /// Number of files below `data/`.
    pub files: usize,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// Who signed it.
    pub signature: Signature,
    /// Revision of the flake, from the journal.
    #[serde(skip)]
    pub flake: Option<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: &'static str,
    /// What does not hold; none if the check passed.
    pub fault: Option<String>,
    /// Why it was skipped, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

impl Verified {
    /// Whether no check failed.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.checks.iter().all(|check| check.fault.is_none())
    }

    /// Compares the journal's head with one that is known from elsewhere.
    pub fn must_have_head(&mut self, known: &str) {
        let same = self.head.as_deref() == Some(known.trim().to_lowercase().as_str());
        let head = self.head.as_deref().unwrap_or("not readable");
        self.checks.push(Check {
            name: "head",
            fault: (!same).then(|| format!("the journal's head is {head}, not the one given")),
            left_out: None,
        });
    }

    /// The verdict as text, which states if it is not a verdict on a release.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let end = if self.dry_run { " of a dry run" } else { "" };
        let words = format!("{}{end}", self.verdict?);
        // A journal of format 1 does not know its world, and is rendered as it was then.
        let subject = self.subject.as_ref().filter(|one| one.format >= 2);
        Some(subject.map_or_else(|| words.clone(), |subject| subject.in_words(&words)))
    }

    /// Whether only the signature check failed.
    fn lacks_signature_alone(&self) -> bool {
        let mut faults = self.checks.iter().filter(|check| check.fault.is_some());
        faults.all(|check| check.name == SIGNATURE)
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}", self.archive.sha256, self.archive.path)?;
        for check in &self.checks {
            match (&check.fault, &check.left_out) {
                (Some(fault), _) => writeln!(f, "  BROKEN  {}: {}", check.name, one_line(fault))?,
                (None, Some(why)) => writeln!(f, "  -       {}: not checked, {why}", check.name)?,
                (None, None) => writeln!(f, "  ok      {}", check.name)?,
            }
        }
        let Some(words) = self.in_words().filter(|_| self.intact()) else {
            if self.lacks_signature_alone() {
                return write!(f, "intact, but {}", one_line(&self.signature.to_string()));
            }
            return f.write_str("NOT INTACT");
        };
        for (what, which) in self.subject.iter().flat_map(Subject::lines) {
            writeln!(f, "  {what:<10} {}", one_line(&which))?;
        }
        if let Some(head) = &self.head {
            writeln!(f, "  {:<10} {head}", "head")?;
        }
        writeln!(
            f,
            "intact: verdict {words}, {} records, {} files",
            self.records, self.files
        )?;
        f.write_str(&one_line(&self.signature.to_string()))
    }
}

/// Checks a bundle: names and digests of all files, the hash chain, the seal, the verdict and, with
/// `render`, the reports.
///
/// # Errors
/// If it cannot be read at all, or is not a bundle.
pub fn verify(
    disk: &dyn Disk,
    path: &Path,
    render: Option<Render<'_>>,
    limits: Limits,
) -> Result<Verified, EvidenceError> {
    Ok(verify_opened(&open_to_verify(disk, path, limits)?, render))
}

/// Reads a bundle once, and keeps everything that [`verify_opened`] checks.
///
/// # Errors
/// As [`verify`].
pub fn open_to_verify(
    disk: &dyn Disk,
    path: &Path,
    limits: Limits,
) -> Result<Opened, EvidenceError> {
    Ok(open(disk, path, |name| !is_bulk(name), limits)?)
}

/// Checks a bundle that was read with [`open_to_verify`].
#[must_use]
pub fn verify_opened(opened: &Opened, render: Option<Render<'_>>) -> Verified {
    examine(opened, read_journal(opened).as_ref(), render)
}

/// The same of a bundle whose journal was read with [`read_journal`].
pub(crate) fn examine(
    opened: &Opened,
    journal: Result<&Folded, &String>,
    render: Option<Render<'_>>,
) -> Verified {
    let judged = |folded: &Folded| subject_of_journal(opened, folded);
    let mut checks = Checks::default();
    let manifest = checks.value("manifest", manifest(opened));
    if let Some(manifest) = &manifest {
        checks.of("files and digests", files(opened, manifest));
    }
    checks.of("verify.sh", script(opened));
    let chained = |folded| Ok((folded, chain(opened, folded)?));
    let journal = journal.map_err(String::clone).and_then(chained);
    let journal = checks.value("chain of records", journal);
    if let Some((folded, chain)) = &journal {
        let captured = requests_and_answers(opened, folded);
        let captured = checks.value("requests and answers", captured);
        checks.of("seal", seal(folded, chain, manifest.as_ref()));
        checks.commitment(folded, opened);
        checks.of("gate and run", names(opened, folded, manifest.as_ref()));
        let said = manifest.as_ref().map(|manifest| &manifest.subject);
        checks.of("subject", subject(folded, &judged(folded), said));
        checks.of("verdict", verdict(folded, manifest.as_ref()));
        checks.of("gate file", gate(opened, folded));
        checks.of("blobs", blobs(opened, folded));
        if let Some(captured) = &captured {
            checks.of("logs", logs(opened, captured));
        }
        checks.of("facts", facts(folded));
        checks.of("heads that were posted", anchors_hold(folded));
        checks.reports(opened, folded, render);
    }
    let head = journal.as_ref().map(|(_, chain)| chain.head.clone());
    let folded = journal.as_ref().map(|(folded, _)| *folded);
    let header = folded.map(|folded| &folded.header);
    Verified {
        run: header.map(|header| header.run.clone()),
        flake: header.and_then(|header| header.flake.clone()),
        verdict: folded.map(Folded::verdict),
        format: header.map(|header| header.format),
        head,
        subject: folded.map(judged),
        dry_run: folded.is_some_and(|folded| folded.asked().dry_run),
        records: folded.map_or(0, |folded| folded.lines.len()),
        files: data(&opened.files).count(),
        archive: opened.archive.clone(),
        checks: checks.0,
        signature: Signature::Unsigned,
    }
}

/// What only its digest is needed of; templates belong to the gate file.
pub(crate) fn is_bulk(name: &str) -> bool {
    name.starts_with("data/blobs/")
        || (name.starts_with("data/files/") && !name.starts_with(TEMPLATES))
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn of(&mut self, name: &'static str, held: Result<(), String>) {
        self.value(name, held);
    }

    fn value<T>(&mut self, name: &'static str, held: Result<T, String>) -> Option<T> {
        let (value, fault) = match held {
            Ok(value) => (Some(value), None),
            Err(fault) => (None, Some(fault)),
        };
        self.0.push(Check {
            name,
            fault,
            left_out: None,
        });
        value
    }

    fn commitment(&mut self, folded: &Folded, opened: &Opened) {
        const NAME: &str = "commitment to all files";
        if folded.header.format >= 2 {
            let files: Vec<Summed> = data(&opened.files).cloned().collect();
            return self.of(NAME, committed_to(folded, &files));
        }
        self.0.push(Check {
            name: NAME,
            fault: None,
            left_out: Some("because a journal of format 1 makes none".to_owned()),
        });
    }

    fn reports(&mut self, opened: &Opened, folded: &Folded, render: Option<Render<'_>>) {
        match render {
            Some(render) => self.of("reports", reports(opened, folded, render)),
            None => self.0.push(Check {
                name: "reports",
                fault: None,
                left_out: Some("because nothing here can make them".to_owned()),
            }),
        }
    }
}

/// The canonical form of a bundle's journal, which is the form it has.
fn chain(opened: &Opened, folded: &Folded) -> Result<Canonical, String> {
    let chain = canonical(&folded.lines).map_err(|error| error.to_string())?;
    if chain.text.as_bytes() != kept(opened, &format!("data/{FILE}"))? {
        return Err("its records are not in the plan's order".to_owned());
    }
    Ok(chain)
}

fn seal(folded: &Folded, chain: &Canonical, manifest: Option<&Manifest>) -> Result<(), String> {
    let sealed = folded.sealed.as_ref().ok_or("the journal is not sealed")?;
    let prev = folded.lines.last().map(|line| line.prev.as_str());
    if prev != Some(sealed.digest.as_str()) {
        return Err("it was made over other records".to_owned());
    }
    match manifest {
        Some(manifest) if manifest.head != chain.head => {
            Err("the manifest names another journal".to_owned())
        }
        _ => Ok(()),
    }
}

/// Who looks at the manifest or the directory alone sees the gate and the run of the journal.
fn names(opened: &Opened, folded: &Folded, manifest: Option<&Manifest>) -> Result<(), String> {
    let header = &folded.header;
    if let Some(manifest) = manifest {
        let (run, gate) = (&header.run, &header.gate.name);
        for (what, said, is) in [("run", &manifest.run, run), ("gate", &manifest.gate, gate)] {
            if said != is {
                return Err(format!("the manifest names another {what}"));
            }
        }
    }
    let top = top(folded).map_err(|error| error.to_string())?;
    if opened.top == top {
        return Ok(());
    }
    Err(format!("it lies in `{}`, not in `{top}`", opened.top))
}

/// From format 2 on, journal and manifest state what the verdict applies to, and must agree.
fn subject(
    folded: &Folded,
    judged: &Subject,
    said: Option<&Option<Subject>>,
) -> Result<(), String> {
    if folded.header.format >= 2 && folded.circumstances().is_none() {
        return Err("the journal does not say in which world it was made".to_owned());
    }
    if judged.gate.name != folded.header.gate.name {
        return Err("the gate file has another name".to_owned());
    }
    match said {
        Some(Some(said)) if said != judged => {
            Err("the manifest is on another subject than the journal".to_owned())
        }
        _ => Ok(()),
    }
}

fn verdict(folded: &Folded, manifest: Option<&Manifest>) -> Result<(), String> {
    let recomputed = folded.verdict();
    let said = folded
        .sealed
        .as_ref()
        .map(|sealed| ("the seal", sealed.verdict));
    let said = said
        .into_iter()
        .chain(manifest.map(|one| ("the manifest", one.verdict)));
    for (who, verdict) in said {
        if verdict != recomputed {
            return Err(format!(
                "{who} says `{verdict}`, the records give `{recomputed}`"
            ));
        }
    }
    Ok(())
}

fn gate(opened: &Opened, folded: &Folded) -> Result<(), String> {
    let run = folded.gate();
    let text = String::from_utf8_lossy(kept(opened, "data/gate.toml")?);
    let included = |name: &str| {
        let text = opened.kept.get(&format!("{TEMPLATES}{name}"))?;
        String::from_utf8(text.clone()).ok()
    };
    if digest_of(&text, &included) != run.sha256 {
        return Err("it is not the one that was run".to_owned());
    }
    let there: BTreeMap<&str, String> = opened
        .kept
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix(TEMPLATES)?, sha256_hex(text))))
        .collect();
    for (name, sha256) in &run.templates {
        if there.get(name.as_str()) != Some(sha256) {
            return Err(format!("its template `{name}` is not the one that was run"));
        }
    }
    let stray = |name: &&&str| !run.templates.contains_key(**name);
    match there.keys().find(stray) {
        Some(stray) if !run.templates.is_empty() => {
            Err(format!("it has no template `{stray}`, and one is there"))
        }
        _ => Ok(()),
    }
}

fn blobs(opened: &Opened, folded: &Folded) -> Result<(), String> {
    let mut there = BTreeSet::new();
    for file in &opened.files {
        check_blob(&file.path, &file.sha256).map_err(|error| error.to_string())?;
        there.extend(file.path.strip_prefix("data/blobs/").map(str::to_owned));
    }
    let referred = blobs_of(folded).map_err(|error| error.to_string())?;
    if let Some(missing) = referred.difference(&there).next() {
        return Err(format!("`{missing}` is missing"));
    }
    match there.difference(&referred).next() {
        Some(stray) => Err(format!("no record refers to `{stray}`")),
        None => Ok(()),
    }
}

/// Checks that facts are published once, and each points to a recorded request.
fn facts(folded: &Folded) -> Result<(), String> {
    let facts = folded.facts().map_err(|error| error.to_string())?;
    for fact in facts.iter() {
        let Some(n) = fact.source.exchange else {
            continue;
        };
        let made = |course: &crate::journal::Course| course.exchanges.contains_key(&n);
        if n > 0 && !folded.course(&fact.source.by).is_some_and(made) {
            return Err(format!(
                "`{}` points to request {n} of `{}`, which was not made",
                fact.name, fact.source.by
            ));
        }
    }
    Ok(())
}

fn reports(opened: &Opened, folded: &Folded, render: Render<'_>) -> Result<(), String> {
    let made = render(folded)?;
    let there: BTreeMap<&str, &[u8]> = opened
        .kept
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix("data/reports/")?, bytes.as_slice())))
        .collect();
    let names: BTreeSet<&str> = made
        .keys()
        .map(String::as_str)
        .chain(there.keys().copied())
        .collect();
    for name in names {
        match (made.get(name), there.get(name)) {
            (Some(made), Some(there)) if made == there => {}
            (Some(_), Some(_)) => return Err(format!("`{name}` is not what the journal gives")),
            (Some(_), None) => return Err(format!("`{name}` is missing")),
            _ => return Err(format!("`{name}` is none that the journal gives")),
        }
    }
    Ok(())
}
