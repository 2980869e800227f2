//! Attempt directories: one try at the canary with one candidate. The number is the first free
//! one and is taken atomically; an earlier attempt is never touched. What is kept is written beside
//! and gets the name when it is whole, so that whatever has the name is complete or empty.

use crate::model::Finding;
use crate::verb::{Ctx, VerbError};
use crate::world::{FileFailure, Place, WorldError};

/// More attempts than this at one candidate mean that something else is wrong.
const MOST: u32 = 999;

/// An attempt directory that is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct Attempt {
    /// `<name>-attempt<N>`.
    pub(in crate::verbs) name: String,
    /// Where it will be.
    pub(in crate::verbs) place: Place,
    /// Where it is written.
    pub(in crate::verbs) beside: Place,
}

impl Attempt {
    /// Ends the writing: from now on it is at its place and cannot be changed.
    pub(in crate::verbs) async fn finish(&self, ctx: &Ctx) -> Result<(), VerbError> {
        let (beside, place) = (self.beside.clone(), self.place.clone());
        Ok(ctx.seal_dir(beside, place).await?)
    }
}

/// Takes the first free `<name>-attempt<N>`.
pub(in crate::verbs) async fn claim(ctx: &Ctx, name: &str) -> Result<Attempt, VerbError> {
    for number in 1..=MOST {
        if let Some(attempt) = take(ctx, &format!("{name}-attempt{number}")).await? {
            return Ok(attempt);
        }
    }
    Err(too_many(name))
}

/// Takes exactly this directory; `<name>-2` and so on where the run was cut off while it filled
/// the one before.
pub(in crate::verbs) async fn claim_exactly(ctx: &Ctx, name: &str) -> Result<Attempt, VerbError> {
    if let Some(attempt) = take(ctx, name).await? {
        return Ok(attempt);
    }
    for number in 2..=MOST {
        if let Some(attempt) = take(ctx, &format!("{name}-{number}")).await? {
            return Ok(attempt);
        }
    }
    Err(too_many(name))
}

fn too_many(name: &str) -> VerbError {
    VerbError::error(
        Finding::new(format!("there are {MOST} attempts at `{name}` already"))
            .remedy("move old attempts out of the state directory"),
    )
}

async fn take(ctx: &Ctx, name: &str) -> Result<Option<Attempt>, VerbError> {
    let name = name.replace('/', "-");
    let attempts = Place::new(format!("{}/attempts", Place::STATE));
    let place = attempts.join(&name);
    match ctx.make_dir(place.clone()).await {
        Ok(()) => {
            let beside = attempts.join(&format!(".{name}.partial"));
            ctx.make_dir(beside.clone()).await?;
            Ok(Some(Attempt {
                name,
                place,
                beside,
            }))
        }
        Err(WorldError::File {
            kind: FileFailure::AlreadyExists,
            ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
