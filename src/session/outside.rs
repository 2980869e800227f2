//! Directories of this machine that do not belong to a run but appear in program output: the home
//! of whoever rehearses, the account's home, those of tools outside the system. They get symbolic
//! paths like others, so that no bundle shows where a machine keeps its files.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::world::live::{Operator, Places};

/// Token of the home directory of whoever rehearses.
const REHEARSER: &str = "‹rehearser›";
/// Token of the home directory that the system knows for the account, where `HOME` is another.
const ACCOUNT: &str = "‹account›";

/// Directories that are the same on every machine of a kind, or named by their content.
const EVERYWHERE: [&str; 9] = [
    "/usr",
    "/bin",
    "/sbin",
    "/nix/store",
    "/run/current-system",
    "/snap",
    "/opt/homebrew",
    "/Library",
    "/System",
];

/// The same places, and these directories among them.
pub(super) fn with_outside(
    places: Places,
    operator: &Operator,
    rehearser: Option<&Utf8Path>,
) -> Places {
    let account = nix::unistd::User::from_uid(nix::unistd::geteuid());
    let account = account.ok().flatten();
    let account = account.and_then(|user| Utf8PathBuf::from_path_buf(user.dir).ok());
    let homes = [
        (REHEARSER, rehearser.map(Utf8Path::to_owned)),
        (ACCOUNT, account),
    ];
    let homes = homes
        .into_iter()
        .filter_map(|(token, path)| Some((token, path?)));
    let tools = operator.path();
    let tools = tools.iter().map(|directory| prefix(directory));
    let mut places = places;
    for (token, path) in homes {
        if is_new(&places, &path) {
            places = places.with(token, path);
        }
    }
    let mut number = 0;
    for path in tools {
        if is_new(&places, &path) {
            number += 1;
            places = places.with(&format!("‹tools:{number}›"), path);
        }
    }
    places
}

/// What a directory with programs belongs to: `/opt/python` for `/opt/python/bin`.
fn prefix(directory: &Utf8Path) -> Utf8PathBuf {
    let of_a_prefix = matches!(directory.file_name(), Some("bin" | "sbin" | "shims"));
    let above = directory.parent().filter(|above| depth(above) >= 2);
    match above {
        Some(above) if of_a_prefix => above.to_owned(),
        _ => directory.to_owned(),
    }
}

/// Whether it reveals something of this machine that no place hides already. A directory directly
/// below the root is too short: it is part of other paths.
fn is_new(places: &Places, path: &Utf8Path) -> bool {
    let below = |root: &Utf8Path| path.starts_with(root);
    path.is_absolute()
        && (depth(path) >= 2 || path == "/root")
        && path.is_dir()
        && !EVERYWHERE.iter().any(|root| below(Utf8Path::new(root)))
        && !places.roots().any(|(_, root)| below(root))
}

fn depth(path: &Utf8Path) -> usize {
    let normal = |part: &Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    path.components().filter(normal).count()
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the directories are looked at, so they must be there"
)]
mod tests {
    use super::*;

    fn places(root: &Utf8Path) -> Places {
        Places::new(
            root.join("run"),
            root.join("work"),
            root.join("state"),
            root.join("cache"),
            root.join("home"),
        )
    }

    #[test]
    fn homes_and_tools_that_the_system_does_not_bring_are_places() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        let root = Utf8PathBuf::from_path_buf(real).unwrap();
        for below in ["python/bin", "home/bin", "outer/shims", "more"] {
            std::fs::create_dir_all(root.join(below)).unwrap();
        }
        let path = ["python/bin", "home/bin", "outer/shims", "more", "gone/bin"];
        let path = path.map(|below| root.join(below).into_string());
        let operator = Operator {
            env: [(
                "PATH".to_owned(),
                format!("/usr/bin:/bin:{}", path.join(":")),
            )]
            .into(),
            home: root.join("home"),
            cwd: root.clone(),
        };
        let places = with_outside(places(&root), &operator, Some(&root.join("outer")));
        let expanded = |text: &str| places.expand(text);
        assert_eq!(expanded("‹rehearser›/shims"), path[2]);
        assert_eq!(expanded("‹tools:1›/bin"), path[0]);
        assert_eq!(expanded("‹tools:2›"), path[3]);
        assert_eq!(expanded("‹tools:3›"), "‹tools:3›");
    }

    #[test]
    fn a_prefix_is_never_the_root_of_everything() {
        for (directory, expected) in [
            ("/opt/python/bin", "/opt/python"),
            ("/opt/bin", "/opt/bin"),
            ("/home/me/.pyenv/shims", "/home/me/.pyenv"),
            ("/home/me/tools", "/home/me/tools"),
        ] {
            assert_eq!(prefix(Utf8Path::new(directory)), expected);
        }
    }
}
