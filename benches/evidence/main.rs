//! What evidence costs, side by side with what people use instead, in one run: the log of a whole
//! rehearsal, its bundle, and logs of 1000 MB. Prints ratios and bars, asserts nothing: a busy
//! machine is no defect.
//!
//! `cargo bench --bench evidence -- 200 FILE` takes 200 MB of logs, and a bundle that is there.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark makes files, starts programs, reads the clock and prints"
)]

mod disk;
mod logs;
mod measure;
mod ours;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use canary_gate::store::disk::OsDisk;
use canary_gate::store::{Limits, unpack};
use measure::{Measured, gate, memory, of_rounds, own, ratio, run, shell, within};

const ROUNDS: usize = 5;

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let first = args.next();
    if first.as_deref() == Some(measure::PART) {
        let part = args.next().unwrap();
        return ours::perform(&part, &args.map(PathBuf::from).collect::<Vec<_>>());
    }
    let megabytes = first.and_then(|arg| arg.parse().ok()).unwrap_or(1000);
    let dir = tempfile::tempdir().unwrap();
    let recorded = args
        .next()
        .map_or_else(|| rehearsal(dir.path()), PathBuf::from);
    let scene = Scene::set(dir.path(), recorded, megabytes);
    println!("{megabytes} MB of logs, {} secrets", logs::SECRETS);
    let peaks = [
        ("bundling", scene.bundling()),
        ("capture", scene.capture()),
        ("gate verify", scene.verifying()),
        ("gate reproduce", scene.reproducing()),
        ("journal", scene.journal()),
    ];
    for (what, peak) in peaks {
        memory(what, peak);
    }
}

/// The bundle of a whole rehearsal.
fn rehearsal(dir: &Path) -> PathBuf {
    let bundle = dir.join("rehearsal.tar.gz");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    command.args(["rehearse", "--yes", "--bundle"]).arg(&bundle);
    run(command.env("XDG_STATE_HOME", dir.join("state")));
    bundle
}

/// What all of it works on.
struct Scene {
    dir: PathBuf,
    recorded: PathBuf,
    run: PathBuf,
    logs: PathBuf,
    /// One file of all logs, for what reads a stream.
    stream: PathBuf,
    megabytes: usize,
}

impl Scene {
    fn set(dir: &Path, recorded: PathBuf, megabytes: usize) -> Self {
        let unpacked = dir.join("unpacked");
        unpack(&OsDisk, &recorded, &unpacked, |_| true, Limits::default()).unwrap();
        let (logs, stream) = (dir.join("logs"), dir.join("stream.log"));
        logs::write(&logs, megabytes);
        shell("cat \"$1\"/* > \"$2\"", &[&logs, &stream]);
        Self {
            dir: dir.to_owned(),
            run: unpacked.join("data"),
            recorded,
            logs,
            stream,
            megabytes,
        }
    }

    fn bundle(&self) -> PathBuf {
        self.dir.join("bundle.tar.gz")
    }

    fn sums(&self) -> PathBuf {
        self.dir.join("sums")
    }

    fn bundling(&self) -> u64 {
        let to = self.bundle();
        let ours = own("bundle", &[&self.recorded, &self.run, &self.logs, &to]);
        std::fs::write(self.sums(), &ours.printed).unwrap();
        let other = self.dir.join("other.tar.gz");
        let tar = "cd \"$1\" && tar czf \"$2\" unpacked/data logs";
        let theirs = shell(tar, &[&self.dir, &other]);
        let what = format!("bundle, {} MB", self.megabytes);
        ratio(&what, ours.took, "tar czf", theirs, 3.0);
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        within("its size", size(&to), "tar czf", size(&other));
        std::fs::remove_file(other).unwrap();
        ours.peak
    }

    /// All of it as one program's output, against `cat` into a file from the same pipe.
    fn capture(&self) -> u64 {
        let root = self.dir.join("captured");
        let other = self.dir.join("other.log");
        let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..3 {
            let cat = shell("cat \"$1\" | cat > \"$2\"", &[&self.stream, &other]);
            std::fs::remove_file(&other).unwrap();
            let own = own("capture", &[&self.stream, &root]);
            std::fs::remove_dir_all(&root).unwrap();
            ours.push(own.took);
            theirs.push(cat);
            peak = peak.max(own.peak);
        }
        let what = "capture, redacted and digested";
        let ours = of_rounds(ours);
        ratio(what, ours, "cat into a file", of_rounds(theirs), 0.8);
        let secrets: Vec<String> = (0..logs::SECRETS).map(logs::secret).collect();
        // One expression of all secrets is what sed is fastest with.
        let script = format!(
            "cat \"$1\" | LC_ALL=C sed -E 's/{}/‹secret›/g' | tee \"$2\" | sha256sum",
            secrets.join("|")
        );
        let sed = shell(&script, &[&self.stream, &other]);
        ratio(what, ours, "sed and sha256sum", sed, 3.0);
        std::fs::remove_file(other).unwrap();
        peak
    }

    fn verifying(&self) -> u64 {
        let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
        for _ in 0..3 {
            theirs.push(shell("sha256sum -c \"$1\"", &[&self.sums()]));
            let Measured { took, peak: at, .. } = gate("verify", &self.bundle());
            ours.push(took);
            peak = peak.max(at);
        }
        ratio(
            "gate verify of this bundle",
            of_rounds(ours),
            "sha256sum -c",
            of_rounds(theirs),
            2.0,
        );
        peak
    }

    fn reproducing(&self) -> u64 {
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|_| gate("reproduce", &self.recorded))
            .collect();
        let took = of_rounds(rounds.iter().map(|one| one.took).collect());
        measure::below("gate reproduce of a rehearsal", took, 150.0);
        rounds.iter().map(|one| one.peak).max().unwrap()
    }

    fn journal(&self) -> u64 {
        let to = self.dir.join("journal");
        let (mut records, mut took, mut peak) = (0.0, Vec::new(), 0);
        for _ in 0..ROUNDS {
            // What other parts have written is not this one's to wait for.
            shell("sync", &[]);
            let own = own("journal", &[&self.run, &to]);
            std::fs::remove_dir_all(&to).unwrap();
            let numbers: Vec<f64> = own
                .printed
                .split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect();
            let [count, written, sealed, waited] = numbers[..] else {
                panic!("{}", own.printed);
            };
            records = count;
            took.push((written + sealed, sealed, waited));
            peak = peak.max(own.peak);
        }
        took.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (all, sealed, waited) = took[took.len() / 2];
        let what = format!(
            "journal of {records:.0} records, {sealed:.1} ms the seal, {waited:.1} ms the disk's syncs"
        );
        measure::below(&what, Duration::from_secs_f64(all / 1e3), 25.0);
        peak
    }
}
