//! Locks that only one run may have at a time: a candidate of a gate, or a gate without a
//! candidate. Held until the world ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::common::file_error;
use super::environment::Places;
use crate::model::Holder;
use crate::store::lock::{Asked, Held, Sharing, take};
use crate::store::sha256_hex;
use crate::world::redact::Redactor;
use crate::world::{Place, Reservation, Reserve, WorldError};

/// How often a lock held by another run is checked.
const EVERY: Duration = Duration::from_millis(500);

/// The locks of this world, by the name of their file.
#[derive(Default)]
pub(super) struct Reserved(Mutex<BTreeMap<String, Held>>);

impl Reserved {
    /// Takes the lock, or reports its holder; waits if requested.
    pub(super) async fn reserve(
        &self,
        what: &Reserve,
        places: &Places,
        redactor: &Arc<Redactor>,
    ) -> Result<Reservation, WorldError> {
        loop {
            let answer = self.try_once(what, places, redactor)?;
            if !what.wait || !matches!(answer, Reservation::HeldBy(_)) {
                return Ok(answer);
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    fn try_once(
        &self,
        what: &Reserve,
        places: &Places,
        redactor: &Arc<Redactor>,
    ) -> Result<Reservation, WorldError> {
        let name = file_name(what);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.contains_key(&name) {
            return Ok(Reservation::Ours { left_by: None });
        }
        let path = places.root(Place::STATE).join("locks").join(&name);
        let holder = Holder {
            run: places.run().file_name().unwrap_or_default().to_owned(),
            pid: std::process::id(),
            since: jiff::Timestamp::now(),
        };
        let asked = take(path.as_std_path(), Sharing::Alone, &holder);
        let shown = || redactor.text(path.as_str());
        let asked = asked.map_err(|error| file_error("lock", &shown(), &error))?;
        Ok(match asked {
            Asked::Held(lock, left_by) => {
                held.insert(name, lock);
                Reservation::Ours { left_by }
            }
            Asked::Taken(by) => Reservation::HeldBy(by),
        })
    }
}

/// The name of the lock's file.
fn file_name(reserve: &Reserve) -> String {
    let Reserve {
        gate, candidate, ..
    } = reserve;
    let kind = candidate.as_ref().map_or("gate", |_| "candidate");
    let what = format!("{gate}\0{}", candidate.as_deref().unwrap_or_default());
    format!("{kind}-{}", &sha256_hex(what.as_bytes())[..16])
}
