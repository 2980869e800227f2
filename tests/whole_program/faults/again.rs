//! Every rehearsal is proved: its bundle is intact, and gives the same bytes on what is, as far
//! as one machine can tell, another machine.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::shown::not_shown;

/// Time zone, language, umask: each rehearsal's turn is decided by its length.
const ELSEWHERE: [(&str, &str, &str); 4] = [
    ("UTC", "C", "022"),
    ("Asia/Kathmandu", "de_DE.UTF-8", "077"),
    ("America/St_Johns", "tr_TR.UTF-8", "000"),
    ("Pacific/Kiritimati", "C.UTF-8", "027"),
];

/// Runs the gate over a bundle with another home, directory, time zone, language, umask and host
/// name, with no network and no program on PATH.
pub(crate) fn elsewhere(turn: usize, arguments: &[&str], bundle: &Path) -> Output {
    let (zone, language, umask) = ELSEWHERE[turn % ELSEWHERE.len()];
    let home = tempfile::TempDir::with_prefix("elsewhere-").unwrap();
    let gate = assert_cmd::cargo::cargo_bin!("gate");
    let apart = cut_off();
    let script = r#"umask "$1"; shift; PATH=/nonexistent; exec "$@""#;
    let (program, mut words) = apart
        .split_first()
        .map_or(("/bin/sh", Vec::new()), |(a, b)| {
            (*a, b.iter().copied().chain(["/bin/sh"]).collect())
        });
    words.extend(["-c", script, "sh", umask]);
    Command::new(program)
        .args(words)
        .arg(gate)
        .args(arguments)
        .arg(bundle)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env("TZ", zone)
        .env("LANG", language)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What cuts a process off from network and host name, where this user may do that.
fn cut_off() -> &'static [&'static str] {
    const APART: [&str; 4] = ["unshare", "--net", "--uts", "--map-root-user"];
    let can = Command::new(APART[0])
        .args(&APART[1..])
        .arg("true")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if can.is_ok_and(|status| status.success()) {
        &APART
    } else {
        let what = "bundles reproduced away from the network and this host's name";
        not_shown(what, &format!("`{}` has to work", APART.join(" ")));
        &[]
    }
}

/// Rehearsals pass without it. nextest prints what this one says; see `.config/nextest.toml`.
#[test]
fn bundles_are_reproduced_away_from_the_network() {
    let _said = cut_off();
}

/// Directories of this machine that have no business in a bundle: homes, and those of tools that
/// the system does not bring.
fn directories_of_this_machine() -> Vec<String> {
    let account = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap();
    let homes = [std::env::home_dir(), account.map(|user| user.dir)];
    let path = std::env::var_os("PATH").unwrap();
    let system = [
        "/usr",
        "/bin",
        "/sbin",
        "/nix/store",
        "/snap",
        "/run/current-system",
    ];
    let tools = std::env::split_paths(&path)
        .filter(|path| !system.iter().any(|root| path.starts_with(root)))
        .collect::<Vec<_>>();
    let all = homes.into_iter().flatten().chain(tools);
    all.filter(|path| path.components().count() > 1)
        .map(|path| path.display().to_string())
        .collect()
}

/// Asserts that a bundle does not say where this machine keeps its things.
fn names_no_path(bundle: &Path) {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(bundle).unwrap();
    flate2::read::MultiGzDecoder::new(file)
        .read_to_end(&mut bytes)
        .unwrap();
    for directory in directories_of_this_machine() {
        let whole = format!("{}[/\"'\\s:]", regex::escape(&directory));
        let found = regex::bytes::Regex::new(&whole);
        if let Some(found) = found.unwrap().find(&bytes) {
            let around = found.start().saturating_sub(300)..(found.end() + 100).min(bytes.len());
            panic!(
                "{directory} in it: {}",
                String::from_utf8_lossy(&bytes[around])
            );
        }
    }
}

/// Asserts that a bundle is reproduced byte for byte, and names no path of this machine.
pub(crate) fn reproduced(turn: usize, bundle: &Path) {
    names_no_path(bundle);
    let output = elsewhere(turn, &["reproduce"], bundle);
    let told = String::from_utf8_lossy(&output.stdout);
    let kept = told.contains("\nreproduced byte for byte: sha256:");
    assert!(
        output.status.success() && kept,
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
