//! The source of `spec-kitty` at each stage of its history, under some faults.
//!
//! Owns how each named fault changes the two fixes and their tests. Pure: writes nothing.

use super::tree::{Patch, Tests, Tree};
use crate::rehearsal::{Fault, Faults, RehearsalError};

const ROLLBACK_TESTS: &str = "tests/sync/test_queue_rollback.py";
const DIAGNOSTICS_TESTS: &str = "tests/sync/test_rollback_diagnostics.py";
const CLASSIFICATION_CODE: &str = "src/specify_cli/cli/commands/sync.py";
const CLASSIFICATION_TESTS: &str = "tests/cli/test_sync_classification.py";

/// The faults in which #1141 comes back after its fix.
const ROLLBACK_IS_BACK: [Fault; 3] = [
    Fault::Scenario4,
    Fault::ScenarioBoth,
    Fault::AlreadyReopened,
];
/// The faults in which #1182 comes back after its fix.
const CLASSIFICATION_IS_GONE: [Fault; 2] = [Fault::Scenario12, Fault::ScenarioBoth];

/// The source as it was at some time, for one set of faults.
pub(super) struct Stages<'world> {
    good: Tree,
    faults: &'world Faults,
}

impl<'world> Stages<'world> {
    /// The stages of a source under some faults.
    pub(super) fn of(good: Tree, faults: &'world Faults) -> Self {
        Self { good, faults }
    }

    /// Whether a fault is in this world.
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    fn has_any(&self, faults: &[Fault]) -> bool {
        faults.iter().any(|fault| self.has(*fault))
    }

    /// Before anything was done about #1141 and #1182.
    pub(super) fn at_first(&self) -> Result<Tree, RehearsalError> {
        let tree = self.with_diagnostics()?.patched(Patch::BeforeDiagnostics)?;
        Ok(tree.without(&[DIAGNOSTICS_TESTS]))
    }

    /// With the first change for #1141, which only logs.
    pub(super) fn with_diagnostics(&self) -> Result<Tree, RehearsalError> {
        let tree = self.good.clone().patched(Patch::BeforeClassificationFix)?;
        let tree = tree.patched(Patch::BeforeRollbackFix)?;
        Ok(tree.without(&[ROLLBACK_TESTS, CLASSIFICATION_TESTS]))
    }

    /// Before the change that closes #1141.
    pub(super) fn before_rollback_fix(&self) -> Result<Tree, RehearsalError> {
        if self.has(Fault::DiagnosticOnlyFix) {
            return self.at_first();
        }
        self.with_diagnostics()
    }

    /// With what closes #1141, its tests left out.
    pub(super) fn with_rollback_code(&self) -> Result<Tree, RehearsalError> {
        if self.has(Fault::DiagnosticOnlyFix) {
            return self.with_diagnostics();
        }
        let tree = self.good.clone().patched(Patch::BeforeClassificationFix)?;
        Ok(tree.without(&[ROLLBACK_TESTS, CLASSIFICATION_TESTS]))
    }

    /// With what closes #1141 and its tests.
    pub(super) fn with_rollback_fix(&self) -> Result<Tree, RehearsalError> {
        let tree = self.with_rollback_code()?;
        if self.has(Fault::DiagnosticOnlyFix) {
            return Ok(tree);
        }
        if self.has(Fault::NoProofTest) {
            return Ok(tree.with_tests(Tests::NoProof));
        }
        if self.has(Fault::LogOnlyTest) {
            return Ok(tree.with_tests(Tests::LogOnly));
        }
        let tests = self.good.get(ROLLBACK_TESTS).unwrap_or_default();
        Ok(tree.with_file(ROLLBACK_TESTS, tests))
    }

    /// With what closes #1182 as well.
    pub(super) fn with_both_fixes(&self) -> Result<Tree, RehearsalError> {
        if self.has(Fault::TimeoutOnlyFix) {
            let tree = self.with_rollback_fix()?.patched(Patch::TimeoutRaised)?;
            return Ok(tree.with_tests(Tests::TimeoutOnly));
        }
        let changed = [CLASSIFICATION_CODE, CLASSIFICATION_TESTS, "CHANGELOG.md"];
        Ok(changed
            .iter()
            .fold(self.with_rollback_fix()?, |tree, path| {
                tree.with_file(*path, self.good.get(path).unwrap_or_default())
            }))
    }

    /// What a later change breaks again without touching a test; none without such a fault. It does
    /// not revert a fix: the audit of the candidate would find that before any canary.
    pub(super) fn regressed(&self) -> Result<Option<Tree>, RehearsalError> {
        let mut tree = self.with_both_fixes()?;
        let mut patches = Vec::new();
        // A regression needs a fix that it can undo.
        if self.has_any(&ROLLBACK_IS_BACK) && !self.has(Fault::DiagnosticOnlyFix) {
            patches.push(Patch::RollbackIsBack);
        }
        if self.has_any(&CLASSIFICATION_IS_GONE) && !self.has(Fault::TimeoutOnlyFix) {
            patches.push(Patch::ClassificationIsGone);
        }
        if self.has(Fault::ScenarioUnknown) {
            patches.push(Patch::BodyReceipt);
        }
        if patches.is_empty() {
            return Ok(None);
        }
        for patch in patches {
            tree = tree.patched(patch)?;
        }
        Ok(Some(tree))
    }
}
