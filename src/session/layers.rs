//! The layers of the world, from the verb outwards: requests that contain a secret are refused
//! before they are recorded; then recording; then policy; and every response is redacted before
//! anybody sees it.

use std::sync::Arc;

use super::Options;
use crate::gate::Gate;
use crate::journal::RecordLayer;
use crate::world::World;
use crate::world::policy::{Policy, PolicyLayer};
use crate::world::redact::{RedactLayer, Redactor, RefuseSecrets};

/// Puts a layer directly around the outside; a rehearsal injects faults there.
pub type Wrap<'w> = &'w (dyn Fn(Arc<dyn World>) -> Arc<dyn World> + Sync);

/// The world as the recorder sees it.
pub(super) fn stack(
    outside: Arc<dyn World>,
    options: &Options,
    redactor: &Arc<Redactor>,
) -> Arc<dyn World> {
    let clean = RedactLayer::new(outside, Arc::clone(redactor));
    let policy = policy(&options.gate, options.asked.dry_run);
    Arc::new(PolicyLayer::new(clean, policy))
}

/// The policy. In a dry run the engine leaves out what is declared to touch the outside; this
/// covers whatever is not declared.
fn policy(gate: &Gate, dry_run: bool) -> Policy {
    let lists = gate.resolved_policy();
    let lists = if dry_run { lists.reading_only() } else { lists };
    Policy::new(lists, gate.processes.clone())
}

/// The recorder as the engine sees it: nothing with a secret in it gets as far as the record.
pub(super) fn refusing_secrets(recorded: RecordLayer, redactor: &Arc<Redactor>) -> Arc<dyn World> {
    Arc::new(RefuseSecrets::new(recorded, Arc::clone(redactor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Effect, Program};

    #[test]
    fn in_a_dry_run_nothing_is_written_whatever_a_verb_says_of_itself() {
        let gate = Gate::built_in().unwrap();
        let allows = |dry_run: bool, words: &str| {
            let effect = Effect::Run(Program::new(words.split(' ')));
            policy(&gate, dry_run).check(&effect).is_ok()
        };
        for (command, writes) in [
            (
                "gh issue view 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
                false,
            ),
            (
                "gh issue close 41 --repo Priivacy-ai/spec-kitty-end-to-end-testing",
                true,
            ),
            ("gh issue reopen 1141 --repo Priivacy-ai/spec-kitty", true),
        ] {
            assert!(allows(false, command), "{command}");
            assert_eq!(allows(true, command), !writes, "{command}");
        }
    }
}
