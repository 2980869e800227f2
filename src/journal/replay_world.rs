//! The replay world: answers each subtask's requests from a journal, in order.
//!
//! Never reaches the outside: it holds no other world. The first request that differs from the
//! recorded one ends the replay, and every request after that fails too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;

use crate::journal::record_layer::Exchanges;
use crate::journal::{Answer, Blobs, Exchange, Folded, Said, said};
use crate::model::{SubtaskId, alignment};
use crate::world::{Effect, Response, World, WorldError};

/// Answers from a journal.
pub struct ReplayWorld {
    blobs: Blobs,
    blob_limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    left: BTreeMap<SubtaskId, Left>,
    difference: Option<Difference>,
}

/// The remaining requests of a subtask.
#[derive(Default)]
struct Left {
    exchanges: VecDeque<Exchange>,
    last: u32,
}

/// The first request that was not in the recording.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// Which subtask made it.
    pub subtask: SubtaskId,
    /// The number and the request that the recording has at this position; none if the subtask made
    /// no more requests.
    pub recorded: Option<(u32, Value)>,
    /// The request that was made; none if a recorded one was never made.
    pub made: Option<Value>,
    /// The recorded request most similar to it, of any subtask.
    pub nearest: Option<(SubtaskId, u32, Value)>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "subtask {}: ", self.subtask)?;
        match &self.recorded {
            Some((n, effect)) => write!(f, "recorded as request {n}: {}", short(effect))?,
            None => f.write_str("recorded: no further request")?,
        }
        match &self.made {
            Some(effect) => write!(f, "; made: {}", short(effect))?,
            None => f.write_str("; made: no request")?,
        }
        if let Some((by, n, effect)) = &self.nearest {
            write!(f, "; nearest recorded: {by} request {n}: {}", short(effect))?;
        }
        Ok(())
    }
}

/// The beginning of a request, for a message.
fn short(effect: &Value) -> String {
    const LENGTH: usize = 600;
    let text = effect.to_string();
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl ReplayWorld {
    /// A world that answers with what `folded` recorded, and long texts from `blobs`.
    #[must_use]
    pub fn new(folded: &Folded, blobs: Blobs) -> Self {
        let mut left = BTreeMap::new();
        for (id, courses) in folded.courses() {
            // Results of an earlier process of the run were kept, and are not requested again.
            let Some(course) = courses.last().filter(|last| last.epoch == folded.epoch) else {
                continue;
            };
            let exchanges: VecDeque<_> = course.exchanges.values().cloned().collect();
            left.insert(id.clone(), Left { exchanges, last: 0 });
        }
        let state = State {
            left,
            difference: None,
        };
        Self {
            blobs,
            blob_limit: folded.header.blob_limit,
            state: Mutex::new(state),
        }
    }

    /// The first request that differed, if one did.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        self.lock().difference.clone()
    }

    /// The first recorded request, by subtask id, that has not been made.
    #[must_use]
    pub fn unasked(&self) -> Option<Difference> {
        let state = self.lock();
        let (id, next) = state
            .left
            .iter()
            .find_map(|(id, left)| Some((id, left.exchanges.front()?)))?;
        Some(Difference {
            subtask: id.clone(),
            recorded: Some((next.n, next.effect.shown())),
            made: None,
            nearest: None,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(
        &self,
        by: &SubtaskId,
        strand: Option<&str>,
        made: &Said,
    ) -> Result<Option<Answer>, Difference> {
        let mut state = self.lock();
        if let Some(difference) = &state.difference {
            return Err(difference.clone());
        }
        let left = state.left.get_mut(by);
        if let Some(exchange) = left.and_then(|left| left.take(strand, made)) {
            return Ok(exchange.answer);
        }
        let difference = state.differs(by, strand, made.shown());
        state.difference = Some(difference.clone());
        Err(difference)
    }
}

impl Left {
    /// Takes the recorded request that matches: the next one of its concurrent branch, or a later
    /// one that overlapped with all in between, because only then is their order irrelevant.
    fn take(&mut self, strand: Option<&str>, made: &Said) -> Option<Exchange> {
        let at = self
            .of_strand(strand)
            .enumerate()
            .take_while(|(at, (_, exchange))| *at == 0 || !exchange.open.is_empty())
            .find(|(_, (_, exchange))| exchange.effect == *made)
            .map(|(_, (at, _))| at)?;
        let exchange = self.exchanges.remove(at)?;
        self.last = exchange.n;
        Some(exchange)
    }

    /// The remaining requests of a branch, with their position in the whole.
    fn of_strand(&self, strand: Option<&str>) -> impl Iterator<Item = (usize, &Exchange)> {
        self.exchanges
            .iter()
            .enumerate()
            .filter(move |(_, exchange)| exchange.strand.as_deref() == strand)
    }
}

impl State {
    fn differs(&self, by: &SubtaskId, strand: Option<&str>, made: Value) -> Difference {
        let recorded = self
            .left
            .get(by)
            .and_then(|left| left.of_strand(strand).next())
            .map(|(_, exchange)| (exchange.n, exchange.effect.shown()));
        Difference {
            subtask: by.clone(),
            nearest: self.nearest(by, &made),
            recorded,
            made: Some(made),
        }
    }

    /// The most similar request that was not made yet; of equally similar ones, the subtask's own.
    fn nearest(&self, by: &SubtaskId, made: &Value) -> Option<(SubtaskId, u32, Value)> {
        let wanted = short(made);
        let own = self.left.get_key_value(by).into_iter();
        let others = self.left.iter().filter(|(id, _)| *id != by);
        let mut best: Option<(f32, &SubtaskId, u32, Value)> = None;
        for (id, left) in own.chain(others) {
            for exchange in &left.exchanges {
                let recorded = exchange.effect.shown();
                let likeness = likeness(&wanted, made, &recorded);
                if best.as_ref().is_none_or(|best| likeness > best.0) {
                    best = Some((likeness, id, exchange.n, recorded));
                }
            }
        }
        best.map(|(_, id, n, recorded)| (id.clone(), n, recorded))
    }
}

/// The similarity of two requests: first by kind, then by text.
fn likeness(wanted: &str, made: &Value, recorded: &Value) -> f32 {
    let same_kind = made.get("effect") == recorded.get("effect");
    let text = short(recorded);
    let ratio = alignment::likeness(wanted, text.as_str());
    if same_kind { 1.0 + ratio } else { ratio }
}

impl Exchanges for ReplayWorld {
    /// The recorded number of the request, so that facts point to the same one.
    fn last_exchange(&self, by: &SubtaskId) -> u32 {
        self.lock().left.get(by).map_or(0, |left| left.last)
    }
}

#[async_trait]
impl World for ReplayWorld {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let broken = |what: String| WorldError::NotInRecording { what };
        let made = said(&effect, self.blob_limit, &mut Vec::new());
        let made = made.map_err(|error| broken(error.to_string()))?;
        match self.answer(by, crate::world::strand::current().as_deref(), &made) {
            Ok(Some(Answer::Ok(response))) => {
                let read = self.blobs.read(&response);
                read.map_err(|error| broken(error.to_string()))
            }
            Ok(Some(Answer::Err(error))) => Err(error),
            // The run ended before there was a response; so does this one.
            Ok(None) => Err(WorldError::Interrupted),
            Err(difference) => Err(broken(difference.to_string())),
        }
    }
}
