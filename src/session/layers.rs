//! The layers of the world, from the verb outwards: what holds a secret is refused before it is
//! recorded; then the record; policy; and every answer is cleaned before anybody sees it.

use std::sync::Arc;

use super::Options;
use crate::world::policy::{Policy, PolicyLayer};
use crate::world::redact::{RedactLayer, Redactor, RefuseSecrets};
use crate::world::{RecordLayer, World};

/// Puts a layer directly around the outside; a rehearsal breaks things there.
pub type Wrap<'w> = &'w (dyn Fn(Arc<dyn World>) -> Arc<dyn World> + Sync);

/// The world as the recorder sees it.
pub(super) fn stack(
    outside: Arc<dyn World>,
    options: &Options,
    redactor: &Arc<Redactor>,
) -> Arc<dyn World> {
    let policy = Policy::new(
        options.gate.resolved_policy(),
        options.gate.processes.clone(),
    );
    let clean = RedactLayer::new(outside, Arc::clone(redactor));
    Arc::new(PolicyLayer::new(clean, policy))
}

/// The recorder as the engine sees it: nothing with a secret in it gets as far as the record.
pub(super) fn refusing_secrets(recorded: RecordLayer, redactor: &Arc<Redactor>) -> Arc<dyn World> {
    Arc::new(RefuseSecrets::new(recorded, Arc::clone(redactor)))
}
