//! Whether a fix is in what was installed.

use canary_gate::audit::{ContainmentRequest, Limits, containment};
use canary_gate::model::SubtaskId;

use super::{SYNC, SYNC_AFTER, SYNC_BEFORE, place, second_fix};
use crate::audit_support::repo::{Builder, tree};
use crate::audit_support::world::TestWorld;

#[tokio::test]
async fn the_installed_package_is_the_tags() {
    let directory = tempfile::tempdir().unwrap();
    let repo = second_fix(directory.path());
    let site = directory.path().join("site-packages");
    let install = |text: &str| {
        std::fs::create_dir_all(site.join("app")).unwrap();
        std::fs::write(site.join("app/__init__.py"), "").unwrap();
        std::fs::write(site.join("app/sync.py"), text).unwrap();
    };
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T012");
    let mut req = ContainmentRequest {
        repo: place(&repo.path),
        fix: repo.names[1].clone(),
        base: None,
        tag: "v2".to_owned(),
        scope: vec!["src/app/".to_owned()],
        source_root: "src".to_owned(),
        installed: place(&site),
        limits: Limits::default(),
    };
    install(&SYNC_AFTER.replace("    return 2\n", "    # two\n    return (2)\n"));
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(found.holds(), "{:?}", found.reasons());
    assert_eq!(found.compared, 2);

    // Built one commit too early.
    install(SYNC_BEFORE);
    let found = containment(&world, &by, &req).await.unwrap();
    let reasons = found.reasons().join("\n");
    assert!(
        !found.holds() && reasons.contains("`classify`") && reasons.contains(SYNC),
        "{reasons}"
    );

    install(SYNC_AFTER);
    std::fs::write(site.join("app/extra.py"), "x = 1\n").unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert_eq!(found.extra, ["src/app/extra.py"]);
    std::fs::remove_file(site.join("app/extra.py")).unwrap();
    std::fs::remove_file(site.join("app/sync.py")).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert_eq!(found.missing, [SYNC]);

    // A tag from before the fix.
    install(SYNC_BEFORE);
    req.tag = "v1".to_owned();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(!found.is_ancestor && !found.holds());
    req.scope = vec!["src/nothing".to_owned()];
    req.tag = "v2".to_owned();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(!found.holds(), "comparing nothing shows nothing");
}

/// The fix is an ancestor of the tag and the tag is what was installed; yet it is not in it.
#[tokio::test]
async fn a_fix_that_was_reverted_before_the_tag_is_not_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let with = |text: &str| tree(&[("src/app/__init__.py", ""), (SYNC, text)]);
    let later = SYNC_AFTER.replace(
        "in (\"queued\", \"pending\")",
        "in {\"queued\", \"pending\"}",
    );
    let root = builder.commit(&[], with(SYNC_BEFORE), "start");
    let fix = builder.commit(&[root], with(SYNC_AFTER), "fix");
    let revert = builder.commit(&[fix], with(SYNC_BEFORE), "Clean up");
    let changed = builder.commit(&[fix], with(&later), "Use a set");
    let repo = builder.write(&directory.path().join("repo"));
    let site = directory.path().join("site-packages");
    std::fs::create_dir_all(site.join("app")).unwrap();
    std::fs::write(site.join("app/__init__.py"), "").unwrap();
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T012");
    let mut req = ContainmentRequest {
        repo: place(&repo.path),
        fix: repo.names[fix].clone(),
        base: None,
        tag: repo.names[revert].clone(),
        scope: vec!["src/app/".to_owned()],
        source_root: "src".to_owned(),
        installed: place(&site),
        limits: Limits::default(),
    };
    std::fs::write(site.join("app/sync.py"), SYNC_BEFORE).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    let reasons = found.reasons().join("\n");
    assert!(found.is_ancestor && found.differing.is_empty());
    assert!(!found.holds(), "reverted since");
    for part in ["`classify`", SYNC, "reverted"] {
        assert!(reasons.contains(part), "no `{part}` in {reasons}");
    }
    // What was changed further is not put back.
    req.tag.clone_from(&repo.names[changed]);
    std::fs::write(site.join("app/sync.py"), &later).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(found.holds(), "{:?}", found.reasons());
}
