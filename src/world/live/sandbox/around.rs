//! Gives a program its mounts where nothing can be mounted: writable directories are moved while
//! the program runs, and moved back afterwards.

use camino::{Utf8Path, Utf8PathBuf};

use crate::world::live::environment::Places;
use crate::world::{Place, Sandbox};

/// What was moved; goes back when this is dropped.
#[derive(Debug, Default)]
pub(in crate::world::live) struct Around {
    /// From, to.
    moved: Vec<(Utf8PathBuf, Utf8PathBuf)>,
}

/// Where a mount is found by moving: beside itself, called as the mount's own last part.
pub(in crate::world::live) fn beside(place: &Place, at: &str) -> String {
    let parent = place
        .as_str()
        .rsplit_once('/')
        .map_or("", |(parent, _)| parent);
    let name = Utf8Path::new(at).file_name().unwrap_or("mounted");
    format!("{parent}/{name}")
}

impl Around {
    /// Moves what a sandbox mounts writable.
    ///
    /// # Errors
    /// The system's; what was moved is back then.
    pub(in crate::world::live) fn of(sandbox: &Sandbox, places: &Places) -> std::io::Result<Self> {
        let mut around = Self::default();
        for mount in sandbox.mounts.iter().filter(|mount| mount.writable) {
            let from = places.path(&mount.place);
            let to = places.path(&Place::new(beside(&mount.place, &mount.at)));
            if from == to {
                continue;
            }
            if to.symlink_metadata().is_ok() {
                let told = format!("`{to}` is in the way");
                return Err(std::io::Error::new(std::io::ErrorKind::AlreadyExists, told));
            }
            std::fs::rename(&from, &to)?;
            around.moved.push((from, to));
        }
        Ok(around)
    }

    /// The sandbox's mounts as they are found by moving.
    pub(in crate::world::live) fn found(sandbox: &Sandbox) -> Sandbox {
        let mut found = sandbox.clone();
        for mount in &mut found.mounts {
            mount.at = if mount.writable {
                beside(&mount.place, &mount.at)
            } else {
                mount.place.as_str().to_owned()
            };
        }
        found
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        for (from, to) in self.moved.drain(..).rev() {
            // If a program removed it, there is nothing to move back.
            let _gone = std::fs::rename(to, from);
        }
    }
}
