//! The embedded world in which a gate is rehearsed: a built-in one, or one generated from the gate
//! file. Faults that are derived from the gate itself work the same in both.

use std::sync::Arc;

use camino::Utf8Path;
use serde_json::Value;

use super::own::{GateFaultLayer, turn};
use super::{Faults, GateFault, GateFaultKind, OwnWorld, RehearsalError, World as Phase4World};
use crate::gate::{Gate, ShippedWorld};
use crate::world::World;
use crate::world::live::Operator;

/// The faults of a rehearsal.
#[derive(Debug, Clone, Default)]
pub struct Broken {
    /// Faults of the built-in world.
    pub shipped: Faults,
    /// Faults that are derived from the gate.
    pub of_gate: Vec<GateFault>,
}

/// A running embedded world.
pub enum Stage {
    /// That of the Phase 4 gate, with the faults derived from the gate.
    Phase4(Box<Phase4World>, Vec<GateFault>),
    /// One that is generated from the gate file.
    Own(Box<OwnWorld>),
}

impl Stage {
    /// Builds the world of a gate, whose parameters are set.
    ///
    /// # Errors
    /// As [`Phase4World::build`] and [`OwnWorld::build`].
    pub async fn build(
        outer: &Operator,
        gate: &Gate,
        broken: Broken,
    ) -> Result<Self, RehearsalError> {
        let Broken { shipped, of_gate } = broken;
        match gate.rehearsal.world {
            None => {
                let world = OwnWorld::build(outer, gate, of_gate).await?;
                Ok(Self::Own(Box::new(world)))
            }
            Some(ShippedWorld::Phase4) => {
                let world = Phase4World::build(outer, &shipped).await?;
                for fault in &of_gate {
                    if matches!(
                        fault.kind,
                        GateFaultKind::IssueOpen | GateFaultKind::IssueClosed
                    ) {
                        turn(&mut world.github().lock(), &fault.of)?;
                    }
                }
                Ok(Self::Phase4(Box::new(world), of_gate))
            }
        }
    }

    /// The directory that holds everything.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        match self {
            Self::Phase4(world, _) => world.root(),
            Self::Own(world) => world.root(),
        }
    }

    /// The operator in this world.
    #[must_use]
    pub fn operator(&self) -> Operator {
        match self {
            Self::Phase4(world, _) => world.operator(),
            Self::Own(world) => world.operator(),
        }
    }

    /// Parameters as `name=value` that point the gate at this world.
    #[must_use]
    pub fn parameters(&self) -> Vec<String> {
        match self {
            Self::Phase4(world, _) => world.parameters_within(),
            Self::Own(world) => world.parameters(),
        }
    }

    /// Adds the faults directly at the outside, and the stand-ins.
    #[must_use]
    pub fn wrap(&self, outside: Arc<dyn World>) -> Arc<dyn World> {
        match self {
            Self::Phase4(world, faults) => {
                let outside = world.wrap(outside);
                if faults.is_empty() {
                    return outside;
                }
                Arc::new(GateFaultLayer::new(outside, faults.clone()))
            }
            Self::Own(world) => world.wrap(outside),
        }
    }

    /// The final state of the world.
    #[must_use]
    pub fn final_state(&self) -> Value {
        match self {
            Self::Phase4(world, _) => world.final_state(),
            Self::Own(world) => world.final_state(),
        }
    }

    /// Ends the world; `keep` keeps its directory for inspection.
    pub async fn end(self, keep: bool) {
        match self {
            Self::Phase4(world, _) => world.end(keep).await,
            Self::Own(world) => world.end(keep).await,
        }
    }
}
