//! One bundle reproduced under twenty settings: another home, directory, user, umask, time zone,
//! language, host name, number of cores, clock; without network, without any program. The digests
//! are equal. What this machine does not let a test do is said, never passed over in silence.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::shim::wrong_clock;
use crate::shown::not_shown;
use crate::stage::{Canary, Stage, text};

const YEAR: i64 = 365 * 86_400;

/// Somewhere else, as far as one machine can tell.
#[derive(Default)]
struct Setting {
    what: &'static str,
    /// What the gate is started by.
    through: &'static [&'static str],
    umask: Option<&'static str>,
    variables: &'static [(&'static str, &'static str)],
    /// Seconds by which the clock is wrong.
    clock: i64,
    directory: Option<&'static str>,
}

const APART: &[&str] = &["unshare", "--net", "--uts", "--map-root-user"];
const NOBODY: &[&str] = &[
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

fn of(what: &'static str) -> Setting {
    Setting {
        what,
        ..Setting::default()
    }
}

fn through(what: &'static str, through: &'static [&'static str]) -> Setting {
    Setting {
        through,
        ..of(what)
    }
}

fn variables(what: &'static str, variables: &'static [(&'static str, &'static str)]) -> Setting {
    Setting {
        variables,
        ..of(what)
    }
}

fn settings() -> Vec<Setting> {
    let umask = |what, umask| Setting {
        umask: Some(umask),
        ..of(what)
    };
    let clock = |what, years: i64| Setting {
        clock: years * YEAR,
        ..of(what)
    };
    let directory = |what, directory| Setting {
        directory: Some(directory),
        ..of(what)
    };
    vec![
        of("as it is"),
        variables("a home that is not there", &[("HOME", "/nonexistent")]),
        variables("an empty home", &[("HOME", "")]),
        directory("in the root directory", "/"),
        directory("in a directory with another name", "a b ü/‹run›"),
        umask("umask 000", "000"),
        umask("umask 077", "077"),
        umask("umask 027", "027"),
        variables("a day ahead", &[("TZ", "Pacific/Kiritimati")]),
        variables("half an hour off", &[("TZ", "America/St_Johns")]),
        variables(
            "in Turkish",
            &[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")],
        ),
        variables("in no language", &[("LANG", "C"), ("LC_ALL", "POSIX")]),
        variables(
            "no programs",
            &[("PATH", "/nonexistent"), ("SHELL", "/bin/false")],
        ),
        through(
            "another host name",
            &[
                "unshare",
                "--uts",
                "--map-root-user",
                "sh",
                "-c",
                "hostname elsewhere && exec \"$@\"",
                "sh",
            ],
        ),
        through("one core", &["taskset", "--cpu-list", "0"]),
        through("another user", NOBODY),
        through("no network", &["unshare", "--net", "--map-root-user"]),
        clock("the year 2003", -23),
        clock("the year 2061", 35),
        Setting {
            umask: Some("077"),
            variables: &[
                ("HOME", "/nonexistent"),
                ("TZ", "Asia/Kathmandu"),
                ("LANG", "de_DE.UTF-8"),
            ],
            clock: 11 * YEAR,
            directory: Some("other"),
            ..through("everything else at once", APART)
        },
    ]
}

/// A bundle and a gate that every user can read.
struct Shared {
    directory: tempfile::TempDir,
    gate: PathBuf,
    bundle: PathBuf,
}

impl Shared {
    fn of(bundle: &Path) -> Self {
        let directory = tempfile::TempDir::with_prefix("same-").unwrap();
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        open(directory.path(), 0o755);
        let copy = |from: &Path, name: &str, mode| {
            let to = directory.path().join(name);
            std::fs::copy(from, &to).unwrap();
            open(&to, mode);
            to
        };
        let gate = copy(assert_cmd::cargo::cargo_bin!("gate"), "gate", 0o755);
        let bundle = copy(bundle, "b.tar.gz", 0o644);
        Self {
            directory,
            gate,
            bundle,
        }
    }

    /// The gate's words in a setting.
    fn reproduced(&self, setting: &Setting) -> Output {
        let here = self.directory.path();
        let at = here.join(setting.directory.unwrap_or("here"));
        let temporary = here.join("tmp");
        for path in [&at, &temporary] {
            std::fs::create_dir_all(path).unwrap();
        }
        std::fs::set_permissions(&temporary, PermissionsExt::from_mode(0o1777)).unwrap();
        let script = "umask \"$1\"; shift; exec \"$@\"";
        let mut words = vec![
            "/bin/sh",
            "-c",
            script,
            "sh",
            setting.umask.unwrap_or("022"),
        ];
        words.extend(setting.through);
        let mut command = Command::new("env");
        command
            .args(words)
            .arg("env")
            .args(
                setting
                    .variables
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .arg(&self.gate)
            .arg("reproduce")
            .arg(&self.bundle)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", here)
            .env("TMPDIR", temporary)
            .current_dir(at)
            .stdin(Stdio::null());
        if setting.clock != 0 {
            wrong_clock(&mut command, setting.clock);
        }
        command.output().unwrap()
    }
}

/// Whether this machine lets this user do that.
fn can(through: &[&str]) -> bool {
    let Some((program, arguments)) = through.split_first() else {
        return true;
    };
    let done = Command::new(program).args(arguments).arg("true").output();
    done.is_ok_and(|output| output.status.success())
}

#[test]
fn one_bundle_gives_the_same_bytes_under_twenty_settings() {
    let stage = Stage::new(Canary::Passes);
    assert_eq!(stage.run(stage.start()).code(), Some(0), "{}", stage.told());
    let shared = Shared::of(&stage.bundle().unwrap());
    let bytes = std::fs::read(&shared.bundle).unwrap();
    let expected = format!(
        "\nreproduced byte for byte: sha256:{}",
        canary_gate::store::sha256_hex(&bytes)
    );
    let settings = settings();
    assert_eq!(settings.len(), 20);
    let mut shown = 0;
    for setting in &settings {
        if !can(setting.through) {
            let remedy = format!("`{}` has to work", setting.through.join(" "));
            not_shown(&format!("the same bytes {}", setting.what), &remedy);
            continue;
        }
        let output = shared.reproduced(setting);
        let told = text(&output);
        let kept = output.status.success() && told.contains(&expected);
        assert!(kept, "{}: {told}", setting.what);
        shown += 1;
    }
    let told = format!(
        "{shown} of {} settings: {}",
        settings.len(),
        expected.trim()
    );
    let _seen = writeln!(std::io::stderr(), "{told}");
    // Only what needs another user or a name space of its own can be refused to a test.
    assert!(shown >= 16, "{told}");
}

/// The test above shows something: what it sets does reach the gate.
#[test]
fn a_setting_reaches_what_is_started_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let seen = directory.path().join("seen");
    std::fs::write(
        &seen,
        "#!/bin/sh\numask; id -u; date +%Y; nproc; uname -n; pwd; echo $HOME $TZ\n",
    )
    .unwrap();
    std::fs::set_permissions(&seen, PermissionsExt::from_mode(0o755)).unwrap();
    let mut shared = Shared::of(&seen);
    shared.gate = shared.directory.path().join("b.tar.gz");
    std::fs::set_permissions(&shared.gate, PermissionsExt::from_mode(0o755)).unwrap();
    let plain = text(&shared.reproduced(&of("as it is")));
    for setting in settings().iter().filter(|setting| can(setting.through)) {
        let told = text(&shared.reproduced(setting));
        let differs = told != plain;
        // What this script cannot tell: language, network, which programs there are.
        let silent = [
            "as it is",
            "in Turkish",
            "in no language",
            "no programs",
            "no network",
        ];
        let alone = std::thread::available_parallelism().unwrap().get() == 1;
        let expected = !(silent.contains(&setting.what) || alone && setting.what == "one core");
        assert!(differs || !expected, "{}: {told}", setting.what);
    }
}
