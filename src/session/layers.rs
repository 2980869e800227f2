//! The layers of the world: policy around redaction around what is outside.

use std::sync::Arc;

use super::Options;
use crate::world::World;
use crate::world::policy::{Policy, PolicyLayer};

/// Puts a layer directly around the outside; a rehearsal breaks things there.
pub type Wrap<'w> = &'w (dyn Fn(Arc<dyn World>) -> Arc<dyn World> + Sync);

/// The world as the recorder sees it.
pub(super) fn stack(outside: Arc<dyn World>, options: &Options) -> Arc<dyn World> {
    let policy = Policy::new(
        options.gate.resolved_policy(),
        options.gate.processes.clone(),
    );
    Arc::new(PolicyLayer::new(outside, policy))
}
