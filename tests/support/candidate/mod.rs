//! What the tests of the candidate share: wheels, an index that serves them, an operator's machine.

pub(crate) mod machine;
pub(crate) mod shelf;
pub(crate) mod stage;

use camino::Utf8Path;

use shelf::Entry;

pub(crate) const MAIN: &str = "import sys\ndef main():\n    print('  ___\\n / banner')\n    if sys.argv[1:] == ['--version']:\n        print('spec-kitty-cli version VERSION')\n    else:\n        print('{\"ok\": false, \"auth_present\": false, \"foreground\": {\"package_version\": \"VERSION\"}}')\n        sys.exit(2)\n";

/// The candidate as a wheel.
pub(crate) fn cli(version: &'static str) -> Entry {
    let mut entry = Entry::new("spec-kitty-cli", version)
        .requires("spec-kitty-events>=5.1.0")
        .file("specify_cli/__init__.py", "")
        .file("specify_cli/main.py", MAIN.replace("VERSION", version))
        .file("specify_cli/sync/__init__.py", "")
        .file("specify_cli/sync/owner.py", "import spec_kitty_events\n")
        .file("specify_cli/sync/preflight.py", "");
    entry.script = Some("spec-kitty = specify_cli.main:main");
    entry
}

pub(crate) fn events(version: &'static str) -> Entry {
    Entry::new("spec-kitty-events", version).file("spec_kitty_events/__init__.py", "")
}

pub(crate) fn copy(from: &Utf8Path, to: &Utf8Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
