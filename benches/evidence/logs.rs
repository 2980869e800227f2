//! Files that look like the harness's logs, with one of 64 secrets now and then.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

const FILES: usize = 8;

/// How many secrets the redactor knows.
pub(crate) const SECRETS: usize = 64;

/// A secret that is in the logs.
pub(crate) fn secret(n: usize) -> String {
    format!("sk_live_{:016x}{n:02}", n * 7919 + 104_729)
}

/// Writes logs of this size into a new directory.
pub(crate) fn write(dir: &Path, megabytes: usize) -> Vec<PathBuf> {
    std::fs::create_dir_all(dir).unwrap();
    let mut random = Random(7);
    (0..FILES)
        .map(|at| {
            let path = dir.join(format!("canary-{at}.log"));
            let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
            let mut written = 0;
            while written < megabytes * 1_000_000 / FILES {
                let line = line(&mut random);
                file.write_all(line.as_bytes()).unwrap();
                written += line.len();
            }
            file.flush().unwrap();
            path
        })
        .collect()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn line(random: &mut Random) -> String {
    let (a, b, c) = (random.next(), random.next(), random.next());
    let (hour, minute, second) = (a % 24, b % 60, c % 60);
    let at = format!("2026-05-21T{hour:02}:{minute:02}:{second:02}.{b:09}Z");
    if a % 9973 == 0 {
        let secret = secret(usize::try_from(b).unwrap() % SECRETS);
        return format!("{at} DEBUG [sync] POST with {secret}\n");
    }
    match a % 10 {
        0..5 => format!(
            "{at} INFO [specify_cli.sync.queue] event {a:08x}{c:08x} of mission canary-{} classified as pending, {} left in the queue\n",
            a % 4,
            b % 300
        ),
        5..8 => format!(
            "{at} DEBUG [urllib3.connectionpool] http://127.0.0.1:{} \"POST /api/v1/events/ HTTP/1.1\" 202 {}\n",
            9400 + a % 50,
            b % 2000
        ),
        8 => format!(
            "{{\"event_id\":\"{a:013X}{b:013X}\",\"wp\":\"WP{:02}\",\"kind\":\"WPStatusChanged\",\"payload\":{{\"from\":\"in_review\",\"to\":\"approved\",\"n\":{c}}}}}\n",
            a % 4
        ),
        _ => format!(
            "tests/e2e/scenario_{}.py:{}: in drain\n    assert state == 'in_review', {b:08x}\n",
            a % 5,
            c % 900
        ),
    }
}
