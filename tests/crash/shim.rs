//! A library preloaded into the gate, see `interpose.c`: the product has no hook for any of this.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where, beside the write of a record, the gate is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before it: what the record tells of was done, but is not on record.
    Before,
    /// In the middle of it.
    Torn,
    /// After it: what the record announces is not done.
    After,
}

/// How a disk lets a process down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    NoSpace,
    Io,
    NotPermitted,
    ShortWrite,
}

/// Every failure of so many operations: which one, how, and whether for good.
pub(crate) fn failures(operations: usize) -> Vec<(usize, Failure, bool)> {
    const HOW: [Failure; 4] = [
        Failure::NoSpace,
        Failure::Io,
        Failure::NotPermitted,
        Failure::ShortWrite,
    ];
    let once_and_for_good = |operation, how| [false, true].map(|good| (operation, how, good));
    let of_one = |operation| {
        HOW.into_iter()
            .flat_map(move |how| once_and_for_good(operation, how))
    };
    (1..=operations).flat_map(of_one).collect()
}

/// What is done to the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbance {
    /// Nothing; its file operations are counted.
    Count,
    /// `kill -9` at a record of its journal, counted from 1.
    Kill { moment: Moment, record: usize },
    /// A byte of each bundle is another on the disk than was written.
    Alter,
    /// An operation fails, counted from 1; for good, every later one does, too.
    Fail {
        operation: usize,
        how: Failure,
        for_good: bool,
    },
}

impl Disturbance {
    /// Applies it to a gate that is to be started. Counts below `directory`, and tells in a file
    /// what it met.
    pub(crate) fn apply(self, command: &mut Command, directory: &Path, told: &Path) {
        command
            .env("LD_PRELOAD", library())
            .env("GATE_SHIM_BELOW", directory)
            .env("GATE_SHIM_TOLD", told);
        match self {
            Self::Count => {
                command.env("GATE_SHIM_HOW", "count");
            }
            Self::Alter => {
                command.env("GATE_SHIM_HOW", "alter");
            }
            Self::Kill { moment, record } => {
                let how = match moment {
                    Moment::Before => "before",
                    Moment::Torn => "torn",
                    Moment::After => "after",
                };
                command
                    .env("GATE_SHIM_HOW", how)
                    .env("GATE_SHIM_AT", record.to_string());
            }
            Self::Fail {
                operation,
                how,
                for_good,
            } => {
                let (name, error) = match how {
                    Failure::NoSpace => ("fail", nix::libc::ENOSPC),
                    Failure::Io => ("fail", nix::libc::EIO),
                    Failure::NotPermitted => ("fail", nix::libc::EACCES),
                    Failure::ShortWrite => ("short", nix::libc::ENOSPC),
                };
                let last = if for_good { usize::MAX >> 1 } else { operation };
                command
                    .env("GATE_SHIM_HOW", name)
                    .env("GATE_SHIM_ERROR", error.to_string())
                    .env("GATE_SHIM_AT", operation.to_string())
                    .env("GATE_SHIM_LAST", last.to_string());
            }
        }
    }
}

/// Starts a program with a clock that is so many seconds wrong.
pub(crate) fn wrong_clock(command: &mut Command, seconds: i64) {
    command
        .env("LD_PRELOAD", library())
        .env("GATE_SHIM_CLOCK", seconds.to_string());
}

/// The library, made by the compiler that links Rust programs, too: once for each text of its
/// source, under a name that it has only when it is whole.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/interpose.c");
        let digest = canary_gate::store::sha256_hex(&std::fs::read(source).unwrap());
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = kept.join(format!("interpose-{digest}.so"));
        if library.exists() {
            return library;
        }
        let beside = tempfile::NamedTempFile::new_in(kept).unwrap();
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(beside.path())
            .args([source, "-ldl"])
            .output()
            .unwrap();
        let complaints = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{complaints}");
        // Another user has to read it.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(beside.path(), readable).unwrap();
        beside.persist(&library).unwrap();
        library
    })
}
