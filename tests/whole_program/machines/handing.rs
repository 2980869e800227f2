//! `gate run --resume BUNDLE --only …` on a machine that has nothing but the bundle and the
//! checkouts: what it refuses, and that it is refused for its reason.

use super::runner::Keys;
use super::world::{Machine, Outside, proved};

const BLOCKERS: &str = "WP01,WP02,WP03";

fn resumed(
    machine: &Machine<'_>,
    bundle: &std::path::Path,
    more: &[&str],
) -> (Option<i32>, String) {
    let bundle = bundle.display().to_string();
    let arguments = [&["--resume", bundle.as_str()], more].concat();
    machine.run(&mut machine.gate(&arguments))
}

#[test]
fn only_what_was_given_whole_and_is_the_same_goes_on() {
    let outside = Outside::new(&[]);
    let first = outside.machine();
    let bundle = first.path("handed/bundle.tar.gz");
    let (ann, ben) = (Keys::new(), Keys::new());
    let (signs, trusts, other) = (
        first.path("ann"),
        first.path("ann.pub"),
        first.path("ben.pub"),
    );
    std::fs::write(&signs, &ann.private).unwrap();
    std::fs::write(&trusts, &ann.public).unwrap();
    std::fs::write(&other, &ben.public).unwrap();
    let mut begin = first.gate(&["--only", BLOCKERS, "--sign", signs.to_str().unwrap()]);
    let (code, told) = first.run(begin.arg("--bundle").arg(&bundle));
    assert_eq!(code, Some(0), "{told}");

    let machine = outside.machine();
    let damaged = machine.path("handed/damaged.tar.gz");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let at = bytes.len() / 3;
    bytes[at] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let (code, told) = resumed(&machine, &damaged, &["--only", "WP04"]);
    assert!(matches!(code, Some(1 | 4)), "{told}");
    assert!(!machine.path("state/runs").exists(), "{told}");

    // Signed by nobody who is trusted, or not at all.
    let key = |path: &std::path::Path| path.display().to_string();
    let (code, told) = resumed(
        &machine,
        &bundle,
        &["--only", "WP04", "--key", &key(&other)],
    );
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("signature: "), "{told}");
    let unsigned = machine.path("handed/unsigned.tar.gz");
    std::fs::copy(&bundle, &unsigned).unwrap();
    let (code, told) = resumed(
        &machine,
        &unsigned,
        &["--only", "WP04", "--key", &key(&trusts)],
    );
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("there is no attestation"), "{told}");
    assert!(!machine.path("state/runs").exists(), "{told}");

    // What it depends on must have passed in that run.
    let (code, told) = resumed(&machine, &bundle, &["--only", "WP06"]);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("depends on `T017`"), "{told}");
    assert!(told.contains("it has not passed in that run"), "{told}");

    // And it must be what it was.
    let readme = machine.path("workspace/spec-kitty/README.md");
    let before = std::fs::read(&readme).unwrap();
    std::fs::write(&readme, "another\n").unwrap();
    let (code, told) = resumed(&machine, &bundle, &["--only", "WP04"]);
    assert_eq!(code, Some(4), "{told}");
    assert!(
        told.contains("has no valid result") && told.contains("checkout `spec-kitty`"),
        "{told}"
    );
    std::fs::write(&readme, before).unwrap();

    // The run is here by now, has gone on, and goes on again.
    let handed = machine.path("handed/again.tar.gz");
    let handed_name = handed.display().to_string();
    let trusted = key(&trusts);
    let more = [
        "--only",
        "WP04",
        "--bundle",
        &handed_name,
        "--key",
        &trusted,
    ];
    let (code, told) = resumed(&machine, &bundle, &more);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("made anew on this machine: T009 T010"),
        "{told}"
    );
    proved(&handed);
    assert_eq!(
        outside.issues().iter().map(|(_, counts)| *counts).max(),
        Some([0, 0, 0])
    );
    drop((first, machine));
    outside.end();
}
