//! A disk below a directory that is held open: its operations, and the effect of links.

use std::os::unix::fs::symlink;

use super::*;
use crate::store::disk::append_all;

/// A run's directory, another one, and a file in that.
fn stage() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let (run, other) = (directory.path().join("run"), directory.path().join("other"));
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("mine"), "mine").unwrap();
    (directory, run, other)
}

fn untouched(other: &Path) -> bool {
    std::fs::read_dir(other).unwrap().count() == 1
        && std::fs::read_to_string(other.join("mine")).unwrap() == "mine"
}

#[test]
fn it_does_what_a_disk_does() {
    let (_kept, run, _) = stage();
    let disk = HeldDisk::open(&run).unwrap();
    disk.make_dirs(&run.join("a/b")).unwrap();
    let file = disk.create(&run.join("a/b/x")).unwrap();
    append_all(&*file, b"one").unwrap();
    append_all(&*disk.open(&run.join("a/b/x")).unwrap(), b" two").unwrap();
    assert_eq!(disk.read(&run.join("a/b/x"), 99).unwrap(), b"one two");
    disk.rename(&run.join("a/b/x"), &run.join("a/y")).unwrap();
    disk.link(&run.join("a/y"), &run.join("z")).unwrap();
    let taken = disk.rename_new(&run.join("a/y"), &run.join("z"));
    assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    disk.rename_new(&run.join("a/y"), &run.join("a/b/w"))
        .unwrap();
    let names = |path: &Path| {
        let listed = disk.list(path).unwrap();
        listed.into_iter().map(|one| one.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&run), ["a", "z"]);
    assert_eq!(names(&run.join("a/b")), ["w"]);
    assert_eq!(disk.size(&run.join("z")).unwrap(), 7);
    disk.make_read_only(&run.join("a/b")).unwrap();
    disk.sync_dir(&run.join("a")).unwrap();
    disk.sync_dir(&run).unwrap();
    disk.remove(&run.join("z")).unwrap();
    assert!(!disk.is_taken(&run.join("z")).unwrap());
    disk.remove_dir_all(&run.join("a")).unwrap();
    disk.remove_dir_all(&run.join("a")).unwrap();
    assert_eq!(names(&run), [""; 0]);
}

#[test]
fn a_directory_that_became_a_link_leads_nowhere() {
    let (_kept, run, other) = stage();
    let disk = HeldDisk::open(&run).unwrap();
    disk.make_dirs(&run.join("logs/a")).unwrap();
    std::fs::rename(run.join("logs"), run.join("real")).unwrap();
    symlink(&other, run.join("logs")).unwrap();
    let inside = run.join("logs/new");
    let mine = run.join("logs/mine");
    let tries: [(&str, io::Result<()>); 12] = [
        ("make_dirs", disk.make_dirs(&run.join("logs/new/x"))),
        ("make_dir", disk.make_dir(&inside)),
        ("create", disk.create(&inside).map(drop)),
        ("create_file", disk.create_file(&inside).map(drop)),
        ("open", disk.open(&mine).map(drop)),
        ("reader", disk.reader(&mine).map(drop)),
        ("list", disk.list(&run.join("logs")).map(drop)),
        ("rename", disk.rename(&run.join("real"), &inside)),
        ("link", disk.link(&run.join("real"), &inside)),
        ("remove", disk.remove(&mine)),
        ("read only", disk.make_read_only(&mine)),
        ("remove all", disk.remove_dir_all(&mine)),
    ];
    for (name, tried) in tries {
        let kind = tried.unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::PermissionDenied, "{name}");
    }
    assert!(untouched(&other));
}

#[test]
fn a_root_that_was_moved_away_is_still_the_one_that_is_held() {
    let (kept, run, other) = stage();
    let disk = HeldDisk::open(&run).unwrap();
    std::fs::rename(&run, kept.path().join("moved")).unwrap();
    symlink(&other, &run).unwrap();
    disk.write_new(&run.join("x"), b"x").unwrap();
    assert!(untouched(&other));
    assert!(kept.path().join("moved/x").is_file());
}

#[test]
fn a_link_in_the_place_of_a_file_is_neither_written_nor_read() {
    let (_kept, run, other) = stage();
    let disk = HeldDisk::open(&run).unwrap();
    symlink(other.join("mine"), run.join("x")).unwrap();
    assert!(disk.create(&run.join("x")).is_err());
    assert!(disk.open(&run.join("x")).is_err());
    assert!(disk.reader(&run.join("x")).is_err());
    assert!(disk.make_read_only(&run.join("x")).is_err());
    nix::unistd::mkfifo(&run.join("pipe"), Mode::S_IRWXU).unwrap();
    assert!(disk.open(&run.join("pipe")).is_err());
    assert!(disk.create(&run.join("../other/new")).is_err());
    assert!(untouched(&other));
}

#[test]
fn removing_follows_no_link_and_is_stopped_by_no_mode() {
    let (_kept, run, other) = stage();
    let disk = HeldDisk::open(&run).unwrap();
    disk.make_dirs(&run.join("a/b/c")).unwrap();
    symlink(&other, run.join("a/b/link")).unwrap();
    disk.write_new(&run.join("a/b/c/x"), b"x").unwrap();
    for below in ["a/b/c", "a/b", "a"] {
        let none = Permissions::from_mode(0o000);
        std::fs::set_permissions(run.join(below), none).unwrap();
    }
    disk.remove_dir_all(&run.join("a")).unwrap();
    assert!(untouched(&other));
    symlink(&other, run.join("a")).unwrap();
    assert!(disk.remove_dir_all(&run.join("a")).is_err());
    assert!(untouched(&other));
}
