//! Observes the world while a program runs: at its start, whenever a checkpoint file appears or is
//! replaced, at its end, and on every notification in between. Only looks; touches nothing.

mod asking;
pub(super) mod clock;
mod shelf;
mod strangers;
mod terminal;
mod wake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{mpsc, watch};
use tokio::time::{Interval, MissedTickBehavior};

pub use clock::Clock;

use self::asking::{Asking, answers};
use self::clock::Steps;
use self::shelf::{Shelf, Version, fixed};
use self::strangers::Strangers;
use self::terminal::Terminal;
use self::wake::{TICK, Woken, notifier};
use super::common::blocking;
use super::files::Desk;
use super::live_world::LiveWorld;
use super::process;
use crate::store::sha256_hex;
use crate::world::process_rule::CompiledRule;
use crate::world::{FileSeen, FixedSeen, Incident, Noticed, Observation, Place, Watch, WorldError};

/// How often a just opened program is looked for, because for a moment the process does not show it
/// yet.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Observes for one program; without a watch it does nothing.
pub(super) struct Observer<'a> {
    world: &'a LiveWorld,
    watching: Option<Watching<'a>>,
    seen: Vec<Observation>,
}

struct Watching<'a> {
    wanted: &'a Watch,
    rule: CompiledRule,
    boundaries: Vec<(&'a Place, Utf8PathBuf)>,
    known: BTreeMap<Utf8PathBuf, Boundary>,
    shelf: Shelf,
    still: Shelf,
    fixed: BTreeMap<String, Vec<FileSeen>>,
    strangers: Strangers,
    terminal: Terminal,
    steps: Steps,
    noticed: Vec<Noticed>,
    woken: mpsc::Receiver<Woken>,
    notifier: Option<RecommendedWatcher>,
    /// Directories that need not be watched again until the next tick.
    watched: BTreeSet<Utf8PathBuf>,
    asking: Asking<'a>,
    // Continues over all notifications: a tick that was restarted by each of them would never come
    // while files change faster, and running programs would not be checked.
    tick: Interval,
    not_observable: Vec<String>,
}

/// Ticks from the next one on; missed ticks are skipped.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// A boundary file as it was last seen.
struct Boundary {
    version: Version,
    sha256: String,
    /// Whether it was a complete document; if not, it is still being written.
    whole: bool,
}

impl Boundary {
    fn of(path: &Utf8Path) -> Option<Self> {
        let version = Version::of(path)?;
        let bytes = std::fs::read(path).ok()?;
        Some(Self {
            version,
            sha256: sha256_hex(&bytes),
            whole: serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok(),
        })
    }
}

impl<'a> Observer<'a> {
    /// Prepares, and makes the first observation before the program is started.
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
        observer.take("start", None).await?;
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
            let (woken, over) = tokio::select! {
                biased;
                // None: there are no notifications here, and the tick must suffice.
                Some(woken) = watching.woken.recv() => (woken, false),
                // Checked with the last observation.
                _ = ended.wait_for(|ended| *ended) => (Woken::Files, true),
                () = watching.asking.next() => (Woken::Files, false),
                _ = watching.tick.tick() => {
                    // A directory that was replaced is watched again with the tick.
                    watching.watched.clear();
                    (Woken::Time, false)
                }
            };
            watching.notice(woken).await;
            for (path, document) in watching.news(&mut self.seen) {
                let name = path.file_name().unwrap_or_default();
                self.take(name, Some(document)).await?;
            }
            if over {
                self.take("end", None).await?;
                return Ok(self.seen);
            }
        }
    }

    async fn take(&mut self, boundary: &str, document: Option<String>) -> Result<(), WorldError> {
        let Some(watching) = self.watching.as_mut() else {
            return Ok(());
        };
        watching.notice(Woken::Time).await;
        let at = watching.steps.now();
        let processes = process::matching(self.world, &watching.rule).await?;
        let desk = || Desk {
            places: self.world.places.clone(),
            redactor: Arc::clone(&self.world.redactor),
            held: Arc::clone(&self.world.held),
        };
        let files = watching.files(desk(), at).await?;
        let fixed = watching.fixed(desk(), at).await?;
        let asked = watching.asking.take();
        let answers = answers(self.world, &watching.wanted.addresses).await;
        self.seen.push(Observation {
            boundary: boundary.to_owned(),
            at,
            document,
            processes,
            files,
            answers,
            asked,
            fixed,
            noticed: std::mem::take(&mut watching.noticed),
            not_observable: std::mem::take(&mut watching.not_observable),
        });
        Ok(())
    }
}

impl<'a> Watching<'a> {
    fn new(world: &'a LiveWorld, wanted: &'a Watch) -> Result<Self, WorldError> {
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
        let strangers = Strangers::new(
            &wanted.programs,
            Arc::clone(&world.groups),
            Arc::clone(&world.redactor),
            world.places.run().join("tmp"),
        );
        let (wake, woken) = mpsc::channel(64);
        let programs = strangers.files(&world.operator.path());
        let (notifier, mut not_observable) = notifier(wake, &programs);
        let (terminal, without) = Terminal::open();
        not_observable.extend(without);
        Ok(Self {
            wanted,
            rule,
            known: boundaries
                .iter()
                .filter_map(|(_, path)| Some((path.clone(), Boundary::of(path)?)))
                .collect(),
            boundaries,
            shelf: Shelf::default(),
            still: Shelf::default(),
            fixed: BTreeMap::new(),
            strangers,
            terminal,
            steps: Steps::new(Arc::clone(&world.clock)),
            noticed: Vec::new(),
            woken,
            notifier,
            watched: BTreeSet::new(),
            asking: Asking::new(world, wanted),
            tick: every(TICK),
            not_observable,
        })
    }

    async fn files(
        &mut self,
        desk: Desk,
        at: jiff::Timestamp,
    ) -> Result<Vec<FileSeen>, WorldError> {
        let mut taken = std::mem::take(&mut self.shelf);
        let lists = self.wanted.files.clone();
        let (taken, listed) = blocking(move || {
            let listed = taken.list(&desk, &lists, at);
            (taken, listed)
        })
        .await?;
        self.shelf = taken;
        let (files, noticed) = listed?;
        self.noticed.extend(noticed);
        Ok(files)
    }

    /// Digests of what has to stay the same.
    async fn fixed(
        &mut self,
        desk: Desk,
        at: jiff::Timestamp,
    ) -> Result<Vec<FixedSeen>, WorldError> {
        let mut still = std::mem::take(&mut self.still);
        let wanted = self.wanted.fixed.clone();
        let (still, listed) = blocking(move || {
            let list = |one: crate::world::Fixed| {
                let (files, _changes) = still.list(&desk, &one.files, at)?;
                Ok((one.name, files))
            };
            let listed: Result<Vec<_>, WorldError> = wanted.into_iter().map(list).collect();
            (still, listed)
        })
        .await?;
        self.still = still;
        let mut seen = Vec::new();
        for (name, files) in listed? {
            seen.push(fixed(&name, &files, self.fixed.get(&name)));
            self.fixed.insert(name, files);
        }
        Ok(seen)
    }

    /// Looks for everything that may happen at any time.
    async fn notice(&mut self, woken: Woken) {
        let at = self.steps.now();
        let mut what: Vec<Incident> = Vec::new();
        what.extend(self.steps.look());
        what.extend(self.terminal.look());
        match woken {
            Woken::Program(name) => what.extend(self.opened(name).await),
            // Processes are not listed for each notification, because that is the most expensive
            // check.
            Woken::Files => {}
            Woken::Time => what.extend(self.strangers.look().foreign),
        }
        self.noticed
            .extend(what.into_iter().map(|what| Noticed { at, what }));
        self.noticed.extend(self.shelf.changes(at));
    }

    /// The process that runs a program whose file was opened; or that none was seen.
    async fn opened(&mut self, program: String) -> Vec<Incident> {
        let mut found = Vec::new();
        for _ in 0..LOOKS {
            let look = self.strangers.look();
            found.extend(look.foreign);
            if look.names.contains(&program) {
                return found;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        found.push(Incident::UnseenProgram { program });
        found
    }

    /// Watches the nearest existing directory for each checkpoint file and each known file.
    fn follow(&mut self) {
        let Some(notifier) = self.notifier.as_mut() else {
            return;
        };
        let nearest = |path: &'_ Utf8PathBuf| {
            let there = path.ancestors().skip(1).find(|path| path.is_dir());
            there.map(Utf8Path::to_owned)
        };
        let boundaries = self.boundaries.iter().filter_map(|(_, path)| nearest(path));
        let known = self.shelf.directories().map(Utf8Path::to_owned);
        for directory in boundaries.chain(known) {
            if self.watched.insert(directory.clone()) {
                let _not_watchable =
                    notifier.watch(directory.as_std_path(), RecursiveMode::NonRecursive);
            }
        }
    }

    /// Checkpoint files that appeared or changed since the last look, in the expected order, with
    /// their digests. One that was still being written when it was noticed is the same checkpoint.
    fn news(&mut self, seen: &mut [Observation]) -> Vec<(Utf8PathBuf, String)> {
        let mut news = Vec::new();
        for (_, path) in &self.boundaries {
            let version = Version::of(path);
            let known = self.known.get(path);
            if version.is_none() || version == known.map(|known| known.version) {
                continue;
            }
            let Some(now) = Boundary::of(path) else {
                continue;
            };
            let sha256 = now.sha256.clone();
            let growing =
                known.is_some_and(|known| !known.whole && known.version.inode == now.version.inode);
            let same = known.is_some_and(|known| {
                known.sha256 == sha256 && known.version.inode == now.version.inode
            });
            self.known.insert(path.clone(), now);
            let name = path.file_name();
            let last = seen
                .iter_mut()
                .rev()
                .find(|seen| Some(seen.boundary.as_str()) == name);
            match last {
                Some(last) if growing => last.document = Some(sha256),
                Some(_) if same => {}
                _ => news.push((path.clone(), sha256)),
            }
        }
        news
    }
}
