//! Which directory a process's `HOME` is: compared by device and inode, not by its spelling,
//! because a link, an extra slash or another root may or may not lead to the same directory.

use std::os::unix::fs::MetadataExt as _;

use camino::Utf8Path;
#[cfg(any(test, not(target_os = "linux")))]
use camino::Utf8PathBuf;

use super::Places;

/// More directories above one another than this are no path.
const MOST_LEVELS: usize = 256;

/// A directory wherever it is reached from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id(u64, u64);

fn id(path: &str) -> Option<Id> {
    let seen = std::fs::metadata(path).ok()?;
    seen.is_dir().then(|| Id(seen.dev(), seen.ino()))
}

/// The process's home as a symbolic path, if it is in one of the places; or else as a path without
/// links, if it can be resolved.
pub(super) fn named(places: &Places, pid: u32, home: &str) -> String {
    let Some(reached) = Reached::of(pid, home) else {
        return tidy(home);
    };
    let roots: Vec<(Id, &Utf8Path)> = places
        .roots()
        .filter_map(|(_, path)| Some((id(path.as_str())?, path)))
        .collect();
    let (way, names) = (reached.way(), reached.names());
    let mut up = way;
    let mut below: Option<Id> = None;
    for level in 0..MOST_LEVELS {
        let Some(here) = id(&up).filter(|here| Some(*here) != below) else {
            break;
        };
        if let Some((_, root)) = roots.iter().find(|(one, _)| *one == here) {
            let rest = names.len().saturating_sub(level);
            return names[rest..]
                .iter()
                .fold((*root).to_owned(), |path, name| path.join(name))
                .into_string();
        }
        below = Some(here);
        up.push_str("/..");
    }
    format!("/{}", names.join("/"))
}

/// A directory that was found, and stays the same whatever becomes of its name.
struct Reached {
    #[cfg(target_os = "linux")]
    held: std::os::fd::OwnedFd,
    #[cfg(not(target_os = "linux"))]
    path: Utf8PathBuf,
}

#[cfg(target_os = "linux")]
impl Reached {
    /// As the process itself would find it: below its own root, which may be another one.
    fn of(pid: u32, home: &str) -> Option<Self> {
        use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |path: &str| openat(CWD, path, flags, Mode::empty()).ok();
        if !home.starts_with('/') {
            let held = open(&format!("/proc/{pid}/cwd/{home}"))?;
            return Some(Self { held });
        }
        let root = open(&format!("/proc/{pid}/root"));
        // Absolute links are resolved against the root of the process.
        let inside = root
            .and_then(|root| openat2(root, home, flags, Mode::empty(), ResolveFlags::IN_ROOT).ok());
        let held = inside.or_else(|| open(home))?;
        Some(Self { held })
    }

    fn way(&self) -> String {
        use std::os::fd::AsRawFd as _;
        format!("/proc/self/fd/{}", self.held.as_raw_fd())
    }

    fn names(&self) -> Vec<String> {
        let path = std::fs::read_link(self.way()).unwrap_or_default();
        names(&path.to_string_lossy())
    }
}

#[cfg(not(target_os = "linux"))]
impl Reached {
    fn of(_pid: u32, home: &str) -> Option<Self> {
        let path = Utf8Path::new(home).canonicalize_utf8().ok()?;
        Some(Self { path })
    }

    fn way(&self) -> String {
        self.path.to_string()
    }

    fn names(&self) -> Vec<String> {
        names(self.path.as_str())
    }
}

fn names(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.map(str::to_owned).collect()
}

/// A path that does not exist, without redundant parts.
fn tidy(path: &str) -> String {
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", names(path).join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_the_directory_and_not_its_spelling() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap();
        let real = Utf8PathBuf::from_path_buf(real).unwrap();
        let at = |below: &str| real.join(below);
        std::fs::create_dir_all(at("home/of-1")).unwrap();
        std::fs::create_dir_all(at("elsewhere/home")).unwrap();
        for (link, to) in [
            ("link", at("home")),
            ("home/of-2", at("elsewhere/home")),
            ("to-1", "link/of-1".into()),
        ] {
            std::os::unix::fs::symlink(to, at(link)).unwrap();
        }
        // The place itself is known by a path with a link in it.
        let roots = [
            at("run"),
            at("workspace"),
            at("state"),
            at("cache"),
            at("link"),
        ];
        let [run, workspace, state, cache, home] = roots;
        let places = Places::new(run, workspace, state, cache, home);
        let own = std::process::id();
        for (spelled, expected) in [
            ("home", "link"),
            ("home/", "link"),
            ("link//.", "link"),
            ("home/of-1/..", "link"),
            ("home/of-1", "link/of-1"),
            ("to-1/", "link/of-1"),
            ("elsewhere/../home//of-1/", "link/of-1"),
            ("home/of-2", "elsewhere/home"),
            ("home-of-another", "home-of-another"),
            ("home/gone//x/", "home/gone/x"),
        ] {
            let named = named(&places, own, at(spelled).as_str());
            assert_eq!(named, at(expected), "{spelled}");
        }
    }
}
