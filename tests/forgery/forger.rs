//! A forger: has a bundle in parts on the table, changes what he likes, and makes chain,
//! commitment, seal, reports, subject, lists and manifest anew, as the program would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use canary_gate::journal::{Folded, read};
use canary_gate::session::RecordedGate;
use canary_gate::store::disk::OsDisk;
use canary_gate::store::{Content, Limits, NoScan, Part, Summed, open, pack, sha256_hex};
use serde_json::{Value, json};

const JOURNAL: &str = "data/journal.jsonl";

/// A bundle in parts.
#[derive(Clone)]
pub(crate) struct Forger {
    pub(crate) top: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What the records say, in order.
    pub(crate) records: Vec<Value>,
    pub(crate) manifest: Value,
}

impl Forger {
    pub(crate) fn of(bundle: &Path) -> Self {
        let opened = open(&OsDisk, bundle, |_| true, Limits::default()).unwrap();
        let text = |name: &str| String::from_utf8(opened.kept[name].clone()).unwrap();
        let record = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["record"].clone()
        };
        Self {
            records: text(JOURNAL).lines().map(record).collect(),
            manifest: serde_json::from_str(&text("manifest.json")).unwrap(),
            top: opened.top,
            files: opened.kept,
        }
    }

    /// The first record.
    pub(crate) fn header(&mut self) -> &mut Value {
        &mut self.records[0]["header"]
    }

    /// Replaces a text wherever it stands in the records.
    pub(crate) fn replace(&mut self, from: &str, to: &str) {
        let text = serde_json::to_string(&self.records).unwrap();
        assert!(text.contains(from), "`{from}` is nowhere");
        self.records = serde_json::from_str(&text.replace(from, to)).unwrap();
    }

    /// The records of this kind.
    pub(crate) fn events(&mut self, kind: &str) -> impl Iterator<Item = &mut Value> {
        let records = self.records.iter_mut();
        let events = records.filter_map(|record| record.get_mut("event"));
        events.filter(move |event| event["event"] == kind)
    }

    /// Makes everything anew, reports too.
    pub(crate) fn whole(mut self, to: &Path) -> PathBuf {
        let folded = self.folded();
        let table = self.table();
        let gate = RecordedGate::of_run(&OsDisk, table.path()).unwrap();
        self.files
            .retain(|name, _| !name.starts_with("data/reports/"));
        for (name, bytes) in gate.reports(&folded).unwrap() {
            self.files.insert(format!("data/reports/{name}"), bytes);
        }
        let verdict = serde_json::to_value(folded.verdict()).unwrap();
        self.manifest["verdict"] = verdict;
        self.manifest["run"] = folded.header.run.clone().into();
        self.manifest["format"] = folded.header.format.into();
        self.top = format!("{}-{}", folded.header.gate.name, folded.header.run);
        if folded.header.format >= 2 {
            self.manifest["subject"] = serde_json::to_value(gate.subject(&folded)).unwrap();
        } else if let Some(manifest) = self.manifest.as_object_mut() {
            manifest.shift_remove("subject");
        }
        self.listed(to)
    }

    /// Makes chain, commitment, seal and lists anew, and leaves reports and subject as they are.
    pub(crate) fn listed(mut self, to: &Path) -> PathBuf {
        let (journal, head) = self.chained(&self.commitment());
        self.files.insert(JOURNAL.into(), journal);
        self.manifest["head"] = head.into();
        self.packed(to)
    }

    /// Makes the lists anew, and leaves the journal as it is.
    pub(crate) fn packed(mut self, to: &Path) -> PathBuf {
        let listed = self.summed(|_| true);
        let list: String = lines(&listed);
        self.manifest["sums"] = sha256_hex(list.as_bytes()).into();
        self.manifest["files"] = serde_json::to_value(listed).unwrap();
        let manifest = serde_json::to_string_pretty(&self.manifest).unwrap() + "\n";
        self.files.insert("manifest-sha256.txt".into(), list.into());
        self.files.insert("manifest.json".into(), manifest.into());
        let part = |(name, bytes)| Part {
            name: format!("{}/{name}", self.top),
            content: Content::Bytes(bytes),
        };
        let parts = self.files.into_iter().map(part).collect();
        pack(&OsDisk, parts, to, &mut NoScan).unwrap();
        to.to_owned()
    }

    fn summed(&self, wanted: impl Fn(&str) -> bool) -> Vec<Summed> {
        let data = self
            .files
            .iter()
            .filter(|(name, _)| name.starts_with("data/"));
        let data = data.filter(|(name, _)| wanted(name));
        let sum = |(name, bytes): (&String, &Vec<u8>)| Summed {
            path: name.clone(),
            bytes: bytes.len() as u64,
            sha256: sha256_hex(bytes),
        };
        data.map(sum).collect()
    }

    fn commitment(&self) -> Value {
        let files = self.summed(|name| name != JOURNAL);
        json!({"files": files.len(), "sha256": sha256_hex(lines(&files).as_bytes())})
    }

    fn chained(&self, commitment: &Value) -> (Vec<u8>, String) {
        let (mut text, mut prev) = (String::new(), "0".repeat(64));
        for (seq, record) in self.records.iter().enumerate() {
            let mut record = record.clone();
            if record.get("committed").is_some() {
                record["committed"] = commitment.clone();
            }
            if record.get("sealed").is_some() {
                record["sealed"]["digest"] = prev.clone().into();
            }
            let body = format!(r#"{{"seq":{seq},"prev":"{prev}","record":{record}"#);
            prev = sha256_hex(body.as_bytes());
            text.extend([body.as_str(), ",\"sum\":\"", &prev, "\"}\n"]);
        }
        (text.into_bytes(), prev)
    }

    /// Gate file and journal as they lie in a run's directory.
    fn table(&self) -> tempfile::TempDir {
        let table = tempfile::tempdir().unwrap();
        let (journal, _) = self.chained(&self.commitment());
        std::fs::write(table.path().join("journal.jsonl"), journal).unwrap();
        let gate = &self.files["data/gate.toml"];
        std::fs::write(table.path().join("gate.toml"), gate).unwrap();
        table
    }

    fn folded(&self) -> Folded {
        read(self.table().path()).unwrap()
    }
}

fn lines(files: &[Summed]) -> String {
    let line = |file: &Summed| format!("{}  {}\n", file.sha256, file.path);
    files.iter().map(line).collect()
}
