//! Which of many moments are tried, and by whom: two at a time.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many trials are under way at the same time.
const WORKERS: usize = 2;

/// Numbers that anybody can have again.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// From `GATE_SEED`, or others each time; gives the seed, for the message of a failing test.
    pub(crate) fn new() -> (Self, u64) {
        let set = std::env::var("GATE_SEED").ok();
        let given = set.and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
        (Self(seed), seed)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        // Knuth's generator: what is wanted is any number, and the same one again.
        let next = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Tries a sample of so many, or what `GATE_SWEEP` asks for, and asserts that nothing is wrong.
pub(crate) fn over<T: Sync>(
    what: &str,
    mut all: Vec<T>,
    sample: usize,
    attempt: impl Fn(&T) -> Result<(), String> + Sync,
) {
    let (mut numbers, seed) = Numbers::new();
    let (mut part, mut parts) = (1, 1);
    match std::env::var("GATE_SWEEP").ok().as_deref() {
        None => {
            // A sample from everywhere: one from each stretch of the same length.
            let stretch = all.len().div_ceil(sample).max(1);
            let mut at = 0;
            let mut next = numbers.below(stretch);
            all.retain(|_| {
                let kept = at == next;
                at += 1;
                if at % stretch == 0 {
                    next = at + numbers.below(stretch);
                }
                kept
            });
        }
        Some("all") => {}
        Some(text) => {
            let read = |text: &str| text.parse::<usize>().unwrap();
            let (one, of) = text.split_once('/').unwrap();
            (part, parts) = (read(one), read(of));
            let mut at = 0;
            all.retain(|_| {
                at += 1;
                at % parts == part % parts
            });
        }
    }
    let wrong = tried(&all, &attempt);
    let told = format!(
        "{what}: {} tried (part {part} of {parts}, seed {seed}), {} violations",
        all.len(),
        wrong.len()
    );
    let _seen = writeln!(std::io::stderr(), "{told}");
    assert!(wrong.is_empty(), "{told}\n{}", wrong.join("\n\n"));
    assert!(!all.is_empty(), "nothing was tried");
}

fn tried<T: Sync>(all: &[T], attempt: &(impl Fn(&T) -> Result<(), String> + Sync)) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = attempt(one) {
                        wrong.lock().unwrap().push(why);
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}
