//! Looks at the world while a program runs: at its start, whenever a boundary file appears or
//! is replaced, and at its end. Looks only; touches nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};

use super::files::Desk;
use super::{LiveWorld, blocking, process};
use crate::world::process_rule::CompiledRule;
use crate::world::{HttpGet, ListFiles, Observation, Place, ProcessSeen, Watch, WorldError};

/// How often the boundary files are looked at although nothing was notified: notifications may
/// be lost, and there are none on some file systems.
const TICK: Duration = Duration::from_millis(200);

/// What tells one version of a boundary file from another.
type Version = (u64, u64, i64, i64);

/// Observes for one program; without a watch it does nothing.
pub(super) struct Observer<'a> {
    world: &'a LiveWorld,
    watching: Option<Watching<'a>>,
    seen: Vec<Observation>,
}

struct Watching<'a> {
    addresses: &'a [HttpGet],
    files: &'a [ListFiles],
    rule: CompiledRule,
    boundaries: Vec<(&'a Place, Utf8PathBuf)>,
    versions: BTreeMap<Utf8PathBuf, Version>,
    woken: mpsc::Receiver<()>,
    notifier: Option<RecommendedWatcher>,
}

impl<'a> Observer<'a> {
    /// Prepares, and takes the first observation before the program is started.
    pub(super) async fn start(
        world: &'a LiveWorld,
        wanted: Option<&'a Watch>,
    ) -> Result<Self, WorldError> {
        let watching = wanted
            .map(|wanted| Watching::new(world, wanted))
            .transpose()?;
        let mut observer = Self {
            world,
            watching,
            seen: Vec::new(),
        };
        observer.take(Some("start")).await?;
        Ok(observer)
    }

    /// Observes until the program has ended, and once more then.
    pub(super) async fn until(
        mut self,
        mut ended: watch::Receiver<bool>,
    ) -> Result<Vec<Observation>, WorldError> {
        loop {
            let Some(watching) = self.watching.as_mut() else {
                return Ok(Vec::new());
            };
            watching.follow();
            let over = tokio::select! {
                biased;
                _ = watching.woken.recv() => false,
                _ = ended.wait_for(|ended| *ended) => true,
                () = tokio::time::sleep(TICK) => false,
            };
            for boundary in watching.news() {
                self.take(boundary.file_name()).await?;
                self.settle(&boundary);
            }
            if over {
                self.take(Some("end")).await?;
                return Ok(self.seen);
            }
        }
    }

    /// A file that was still being written when it was noticed is the same boundary.
    fn settle(&mut self, boundary: &Utf8Path) {
        if let Some(watching) = self.watching.as_mut()
            && let (Some(known), Some(now)) =
                (watching.versions.get_mut(boundary), version(boundary))
            && known.0 == now.0
        {
            *known = now;
        }
    }

    async fn take(&mut self, boundary: Option<&str>) -> Result<(), WorldError> {
        let Some(watching) = self.watching.as_ref() else {
            return Ok(());
        };
        let at = jiff::Timestamp::now();
        let processes = process::list(&self.world.redactor).await?;
        let processes: Vec<ProcessSeen> = processes
            .into_iter()
            .filter(|process| watching.rule.matches(process))
            .collect();
        let mut files = Vec::new();
        for list in watching.files {
            let desk = Desk {
                places: self.world.places.clone(),
                redactor: Arc::clone(&self.world.redactor),
            };
            let list = list.clone();
            files.extend(blocking(move || desk.list(&list)).await??);
        }
        let mut answers = Vec::new();
        for address in watching.addresses {
            answers.push(
                self.world
                    .get(address)
                    .await
                    .map_err(|error| error.to_string()),
            );
        }
        self.seen.push(Observation {
            boundary: boundary.unwrap_or_default().to_owned(),
            at,
            processes,
            files,
            answers,
        });
        Ok(())
    }
}

impl<'a> Watching<'a> {
    fn new(world: &LiveWorld, wanted: &'a Watch) -> Result<Self, WorldError> {
        let rule = wanted
            .processes
            .compile()
            .map_err(|error| WorldError::Processes {
                reason: error.to_string(),
            })?;
        let boundaries: Vec<(&Place, Utf8PathBuf)> = wanted
            .boundaries
            .iter()
            .map(|place| (place, world.places.path(place)))
            .collect();
        let (wake, woken) = mpsc::channel(1);
        // Without notifications the tick alone has to do.
        let notifier = notify::recommended_watcher(move |_event| {
            // Full: it has been woken already.
            let _full = wake.try_send(());
        });
        Ok(Self {
            addresses: &wanted.addresses,
            files: &wanted.files,
            rule,
            versions: boundaries
                .iter()
                .filter_map(|(_, path)| Some((path.clone(), version(path)?)))
                .collect(),
            boundaries,
            woken,
            notifier: notifier.ok(),
        })
    }

    /// Watches the nearest directory that is there, for each boundary.
    fn follow(&mut self) {
        let Some(notifier) = self.notifier.as_mut() else {
            return;
        };
        for (_, path) in &self.boundaries {
            if let Some(directory) = path.ancestors().skip(1).find(|path| path.is_dir()) {
                let _not_watchable =
                    notifier.watch(directory.as_std_path(), RecursiveMode::NonRecursive);
            }
        }
    }

    /// Boundary files that appeared or changed since the last look, in the expected order.
    fn news(&mut self) -> Vec<Utf8PathBuf> {
        let mut news = Vec::new();
        for (_, path) in &self.boundaries {
            let now = version(path);
            if let Some(now) = now
                && self.versions.get(path) != Some(&now)
            {
                self.versions.insert(path.clone(), now);
                news.push(path.clone());
            }
        }
        news
    }
}

fn version(path: &Utf8Path) -> Option<Version> {
    let metadata = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file)?;
    Some((
        metadata.ino(),
        metadata.len(),
        metadata.mtime(),
        metadata.mtime_nsec(),
    ))
}
