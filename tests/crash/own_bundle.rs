//! A disk that keeps another byte than it was given: the run finds it before it says that it has
//! passed, and the resumed run makes the bundle again.

use crate::shim::Disturbance;
use crate::stage::{Canary, Stage};

#[test]
fn a_run_whose_own_bundle_does_not_verify_has_not_passed() {
    let stage = Stage::new(Canary::Passes);
    let mut gate = stage.start();
    Disturbance::Alter.apply(&mut gate, &stage.path("st"), &stage.path("shim"));
    let status = stage.run(gate);
    let told = stage.told();
    assert_eq!(status.code(), Some(4), "{told}");
    assert!(told.contains("does not verify"), "{told}");
    assert_eq!(stage.bundle(), None, "nobody takes it for one: {told}");
    let status = stage.run(stage.go_on());
    assert_eq!(status.code(), Some(0), "{}", stage.told());
    assert_eq!(stage.proved(), Ok(()));
    assert_eq!(stage.most_writes(), 1);
}
