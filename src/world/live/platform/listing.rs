//! Linux: lists processes from `/proc`, and reads of each only what is needed: a sweep lists a
//! thousand of them while they end, and waits for the listing.

use std::path::Path;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{Mode, OFlags, fstat, openat, readlinkat};

use super::linux::{parse, pids};
use super::types::Stat;
use crate::world::{ProcessIdentity, ProcessSeen};

/// A process of the kernel's, among the flags in `/proc/PID/stat`.
const OF_THE_KERNEL: u64 = 0x0020_0000;
/// Large enough for what is read of nearly all processes.
const PIECE: usize = 16 * 1024;

/// Running processes, all or those with the given ids. The environment is read, and ownership
/// determined beyond the owner of their files, only for those that matter by program and arguments.
///
/// # Errors
/// If the system lists none.
pub(in crate::world::live) fn look(
    asked: Option<&[u32]>,
    matters: &dyn Fn(&ProcessSeen) -> bool,
) -> std::io::Result<Vec<ProcessSeen>> {
    let all = asked.map_or_else(|| pids("/proc"), <[u32]>::to_vec);
    if all.is_empty() && asked.is_none() {
        return Err(std::io::Error::other("`/proc` lists no process"));
    }
    let mut looking = Looking {
        user: rustix::process::geteuid().as_raw(),
        matters,
        buffer: Vec::with_capacity(PIECE),
    };
    Ok(all.into_iter().filter_map(|pid| looking.at(pid)).collect())
}

struct Looking<'a> {
    user: u32,
    matters: &'a dyn Fn(&ProcessSeen) -> bool,
    /// What was read last.
    buffer: Vec<u8>,
}

/// The content of `/proc/PID/stat`.
struct Brief {
    stat: Stat,
    name: String,
}

impl Looking<'_> {
    /// A process; none if it does not exist, has ended, or belongs to the kernel.
    fn at(&mut self, pid: u32) -> Option<ProcessSeen> {
        // Everything is read below this one directory: it stays that of the same process, even if
        // its pid is reused.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let path = format!("/proc/{pid}");
        let directory = rustix::fs::open(path, flags, Mode::empty()).ok()?;
        let brief = self.brief(&directory)?;
        self.read(&directory, "cmdline")?;
        let argv = texts(&self.buffer);
        let program = executable(&directory)
            // Not readable for another user's process, or the file was deleted or replaced.
            .or_else(|| file_name(argv.first()?))
            .unwrap_or(brief.name);
        let mut seen = ProcessSeen {
            identity: ProcessIdentity {
                pid,
                started: brief.stat.started,
            },
            parent: brief.stat.parent,
            ours: fstat(&directory).ok()?.st_uid == self.user,
            ancestor: false,
            program,
            argv,
            home: None,
        };
        if (self.matters)(&seen) {
            seen.ours = self.real_user(&directory)? == self.user;
            seen.home = self.variable(&directory, "HOME");
        }
        Some(seen)
    }

    fn brief(&mut self, directory: &OwnedFd) -> Option<Brief> {
        self.read(directory, "stat")?;
        let text = String::from_utf8_lossy(&self.buffer);
        let stat = parse(&text).filter(|stat| !stat.ended)?;
        let (before, rest) = text.rsplit_once(')')?;
        let flags: u64 = rest.split_ascii_whitespace().nth(6)?.parse().ok()?;
        let (_, name) = before.split_once('(')?;
        (flags & OF_THE_KERNEL == 0).then(|| Brief {
            stat,
            name: name.to_owned(),
        })
    }

    /// Who started it, also of one that may not be dumped, whose files are root's.
    fn real_user(&mut self, directory: &OwnedFd) -> Option<u32> {
        self.read(directory, "status")?;
        let text = String::from_utf8_lossy(&self.buffer);
        let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }

    /// A variable in the environment that it was started with.
    fn variable(&mut self, directory: &OwnedFd, name: &str) -> Option<String> {
        // Another user's cannot be read.
        self.read(directory, "environ")?;
        let entries = self.buffer.split(|byte| *byte == 0);
        entries
            .filter_map(|entry| std::str::from_utf8(entry).ok())
            .filter_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
            .find(|value| !value.is_empty())
            .map(str::to_owned)
    }

    /// Reads one of its files to the end.
    fn read(&mut self, directory: &OwnedFd, name: &str) -> Option<()> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat(directory.as_fd(), name, flags, Mode::empty()).ok()?;
        self.buffer.clear();
        loop {
            self.buffer.reserve(PIECE);
            let room = rustix::buffer::spare_capacity(&mut self.buffer);
            if rustix::io::read(&file, room).ok()? == 0 {
                return Some(());
            }
        }
    }
}

/// Arguments as the system stores them, each ended by a zero byte; an empty one counts. If a
/// process has overwritten them with its title, the remaining ones are meaningless.
fn texts(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    let mut parts = bytes.split(|byte| *byte == 0);
    let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
    let Some(first) = parts.next().filter(|_| !bytes.is_empty()) else {
        return Vec::new();
    };
    let mut all = vec![text(first)];
    if parts.clone().any(|part| !part.is_empty()) {
        all.extend(parts.map(text));
    } else if parts.clone().count() == 1 {
        all.push(String::new());
    }
    all
}

/// File name of the program that it runs.
fn executable(directory: &OwnedFd) -> Option<String> {
    let path = readlinkat(directory, "exe", Vec::new()).ok()?;
    let name = file_name(&path.to_string_lossy())?;
    Some(name.trim_end_matches(" (deleted)").to_owned()).filter(|name| !name.is_empty())
}

fn file_name(path: &str) -> Option<String> {
    let name = Path::new(path).file_name()?;
    Some(name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_argument_is_one_and_a_title_has_none() {
        let cases: &[(&[u8], &[&str])] = &[
            (b"", &[]),
            (b"python3\0-c\0x\0", &["python3", "-c", "x"]),
            (b"python3\0-c\0x\0\0", &["python3", "-c", "x", ""]),
            (b"bash\0", &["bash"]),
            (b"bash\0\0", &["bash", ""]),
            (b"nginx: master\0\0\0\0\0\0", &["nginx: master"]),
            (b"no zero at the end", &["no zero at the end"]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(
                texts(bytes),
                *expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn this_test_is_seen_as_the_system_tells_it() {
        let own = std::process::id();
        let all = look(None, &|seen| seen.identity.pid == own).unwrap();
        let seen = all.iter().find(|seen| seen.identity.pid == own).unwrap();
        let arguments: Vec<String> = std::env::args().collect();
        assert_eq!(seen.argv, arguments);
        assert!(seen.ours);
        assert_eq!(
            seen.home,
            std::env::var("HOME").ok().filter(|home| !home.is_empty())
        );
        let program = std::env::current_exe().unwrap();
        assert_eq!(
            Some(seen.program.as_str()),
            program.file_name().unwrap().to_str()
        );
        let one = look(Some(&[own]), &|_| false).unwrap();
        assert_eq!(one[0].identity, seen.identity);
        assert_eq!(one[0].home, None, "it was not asked for");
    }
}
