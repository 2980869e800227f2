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
    let mut lists = options.gate.resolved_policy();
    if options.asked.dry_run {
        // The engine leaves out what is said to touch the outside; this holds for the rest.
        lists = lists.reading_only();
    }
    let policy = Policy::new(lists, options.gate.processes.clone());
    let clean = RedactLayer::new(outside, Arc::clone(redactor));
    Arc::new(PolicyLayer::new(clean, policy))
}

/// The recorder as the engine sees it: nothing with a secret in it gets as far as the record.
pub(super) fn refusing_secrets(recorded: RecordLayer, redactor: &Arc<Redactor>) -> Arc<dyn World> {
    Arc::new(RefuseSecrets::new(recorded, Arc::clone(redactor)))
}
