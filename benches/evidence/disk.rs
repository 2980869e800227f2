//! The real disk, with a stop watch at its syncs: how long those take is the machine's affair, and
//! the same for whoever wants the bytes to last.

use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use canary_gate::store::disk::{Disk, DiskFile, Listed, OsDisk};

/// How long was waited for the disk.
pub(crate) type Waited = Arc<Mutex<Duration>>;

#[derive(Default)]
pub(crate) struct TimedDisk {
    pub(crate) waited: Waited,
}

struct TimedFile {
    file: Box<dyn DiskFile>,
    waited: Waited,
}

fn timed(waited: &Waited, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let begun = Instant::now();
    let synced = sync();
    *waited.lock().unwrap() += begun.elapsed();
    synced
}

impl TimedDisk {
    fn file(&self, file: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        let waited = Arc::clone(&self.waited);
        file.map(|file| Box::new(TimedFile { file, waited }) as Box<dyn DiskFile>)
    }
}

impl Disk for TimedDisk {
    fn make_dirs(&self, path: &Path) -> io::Result<()> {
        OsDisk.make_dirs(path)
    }
    fn make_dir(&self, path: &Path) -> io::Result<()> {
        OsDisk.make_dir(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.file(OsDisk.create(path))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.file(OsDisk.open(path))
    }
    fn reader(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        OsDisk.reader(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        OsDisk.list(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename(from, to)
    }
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        OsDisk.rename_new(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        OsDisk.remove(path)
    }
    fn size(&self, path: &Path) -> io::Result<u64> {
        OsDisk.size(path)
    }
    fn make_read_only(&self, path: &Path) -> io::Result<()> {
        OsDisk.make_read_only(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        timed(&self.waited, || OsDisk.sync_dir(path))
    }
}

impl DiskFile for TimedFile {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn sync(&self) -> io::Result<()> {
        timed(&self.waited, || self.file.sync())
    }
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
    fn lock(&self) -> io::Result<bool> {
        self.file.lock()
    }
}
