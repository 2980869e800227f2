//! Polls the watched addresses between two checkpoints, so that a change during a run can be told
//! from a change between two runs.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::Clock;
use crate::world::live::live_world::LiveWorld;
use crate::world::{Asked, HttpAnswer, HttpGet, Watch};

/// Polls repeatedly, one reading at a time.
pub(super) struct Asking<'a> {
    world: &'a LiveWorld,
    addresses: &'a [HttpGet],
    every: Option<Duration>,
    due: Instant,
    under_way: Option<BoxFuture<'a, Asked>>,
    asked: Vec<Asked>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(world: &'a LiveWorld, wanted: &'a Watch) -> Self {
        let every = wanted.ask_every.map(Duration::from_millis);
        Self {
            world,
            addresses: &wanted.addresses,
            every: every.filter(|_| !wanted.addresses.is_empty()),
            due: Instant::now(),
            under_way: None,
            asked: Vec::new(),
        }
    }

    /// Waits for the next reading and stores it; never returns if there is nothing to poll. May be
    /// dropped at any time: the next call waits for the pending reading.
    pub(super) async fn next(&mut self) {
        let Some(every) = self.every else {
            return std::future::pending().await;
        };
        tokio::time::sleep_until(self.due).await;
        let (world, addresses) = (self.world, self.addresses);
        let under_way = self
            .under_way
            .get_or_insert_with(|| Box::pin(reading(world, addresses)));
        let asked = under_way.await;
        self.under_way = None;
        self.due = Instant::now() + every;
        keep(&mut self.asked, asked);
    }

    /// The readings since the last checkpoint. A pending reading is abandoned: the checkpoint
    /// itself takes a reading, and the pending one would arrive out of order.
    pub(super) fn take(&mut self) -> Vec<Asked> {
        self.under_way = None;
        if let Some(every) = self.every {
            self.due = Instant::now() + every;
        }
        std::mem::take(&mut self.asked)
    }
}

async fn reading(world: &LiveWorld, addresses: &[HttpGet]) -> Asked {
    let clock: Arc<dyn Clock> = Arc::clone(&world.clock);
    let at = clock.wall();
    let answers = answers(world, addresses).await;
    Asked {
        at,
        answered: clock.wall(),
        answers,
    }
}

/// The response of each address.
pub(super) async fn answers(
    world: &LiveWorld,
    addresses: &[HttpGet],
) -> Vec<Result<HttpAnswer, String>> {
    let mut answers = Vec::new();
    for address in addresses {
        let answer = world.get(address).await;
        answers.push(answer.map_err(|error| error.to_string()));
    }
    answers
}

/// Of consecutive identical responses, keeps only the first and the last.
fn keep(asked: &mut Vec<Asked>, new: Asked) {
    if let [.., first, last] = asked.as_slice()
        && first.answers == new.answers
        && last.answers == new.answers
    {
        asked.pop();
    }
    asked.push(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_same_answers_the_first_and_the_last_are_kept() {
        let mut asked = Vec::new();
        for (second, body) in [
            (1, "a"),
            (2, "a"),
            (3, "a"),
            (4, "b"),
            (5, "a"),
            (6, "a"),
            (7, "a"),
        ] {
            let at = jiff::Timestamp::from_second(second).unwrap();
            let answer = HttpAnswer {
                status: 200,
                body: body.to_owned(),
                ..HttpAnswer::default()
            };
            keep(
                &mut asked,
                Asked {
                    at,
                    answered: at,
                    answers: vec![Ok(answer)],
                },
            );
        }
        let kept: Vec<i64> = asked.iter().map(|one| one.at.as_second()).collect();
        assert_eq!(kept, [1, 3, 4, 5, 7]);
    }
}
