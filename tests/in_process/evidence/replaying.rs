//! A recorded run answers itself, and nothing else.

use std::sync::Arc;

use canary_gate::journal::{Blobs, Exchanges, Journal, RecordLayer, ReplayWorld, read};
use canary_gate::store::disk::OsDisk;
use canary_gate::world::{Effect, Response, World, WorldError};

use super::sample::{Echo, a_run, effects, event, header, id, resumed, run, started};

async fn recorded(subtasks: usize) -> (tempfile::TempDir, ReplayWorld) {
    let dir = tempfile::tempdir().unwrap();
    a_run(Arc::new(OsDisk), dir.path(), subtasks).await.unwrap();
    let folded = read(dir.path()).unwrap();
    let world = ReplayWorld::new(&folded, Blobs::of_run(dir.path()));
    (dir, world)
}

#[tokio::test]
async fn the_same_requests_get_the_same_answers_and_numbers() {
    let (_dir, world) = recorded(2).await;
    let live = Echo::default();
    for n in [2, 1] {
        for (at, effect) in (1u32..).zip(effects(n)) {
            let expected = live.perform(&id(n), effect.clone()).await;
            assert_eq!(world.perform(&id(n), effect).await, expected);
            assert_eq!(world.last_exchange(&id(n)), at);
        }
    }
    assert_eq!(world.difference(), None);
    assert_eq!(world.unasked(), None);
}

#[tokio::test]
async fn the_first_difference_ends_it_and_names_the_nearest() {
    let (_dir, world) = recorded(1).await;
    world.perform(&id(1), Effect::Now).await.unwrap();
    let made = run("gh issue comment 1 --body y");
    let Err(WorldError::NotInRecording { what }) = world.perform(&id(1), made).await else {
        panic!("answered")
    };
    let difference = world.difference().unwrap();
    assert_eq!(difference.recorded.as_ref().unwrap().0, 2);
    assert_eq!(difference.nearest.as_ref().unwrap().1, 3, "{what}");
    for part in [
        "T001",
        "recorded as request 2",
        "git",
        "made:",
        "\"y\"",
        "nearest recorded: T001 request 3",
    ] {
        assert!(what.contains(part), "`{part}` not in {what}");
    }
    let after = world.perform(&id(1), effects(1).remove(1)).await;
    assert!(
        matches!(after, Err(WorldError::NotInRecording { .. })),
        "{after:?}"
    );
}

#[tokio::test]
async fn a_request_more_or_fewer_is_a_difference() {
    let (_dir, world) = recorded(1).await;
    for effect in effects(1).into_iter().take(3) {
        world.perform(&id(1), effect).await.unwrap();
    }
    assert_eq!(world.unasked().unwrap().recorded.unwrap().0, 4);
    let _ = world.perform(&id(1), effects(1).remove(3)).await;
    assert_eq!(world.unasked(), None);
    let more = world.perform(&id(1), Effect::FreshId).await;
    assert!(matches!(more, Err(WorldError::NotInRecording { .. })));
    let stranger = world.perform(&id(9), Effect::Now).await;
    assert!(matches!(stranger, Err(WorldError::NotInRecording { .. })));
}

/// A world whose answers come when the test says so.
struct Held(tokio::sync::Semaphore);

#[async_trait::async_trait]
impl World for Held {
    async fn perform(
        &self,
        _: &canary_gate::model::SubtaskId,
        _: Effect,
    ) -> Result<Response, WorldError> {
        tokio::task::yield_now().await;
        self.0.acquire().await.unwrap().forget();
        Ok(Response::Done)
    }
}

#[tokio::test]
async fn requests_that_overlapped_may_come_in_another_order_and_others_may_not() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    let held = Arc::new(Held(tokio::sync::Semaphore::new(0)));
    let world = RecordLayer::new(held.clone(), journal);
    let wait = |n: u64| Effect::Sleep {
        duration: std::time::Duration::from_millis(n),
    };
    let one = id(1);
    let side = |first: u64| {
        let (world, one) = (&world, &one);
        async move {
            for n in 0..2 {
                world.perform(one, wait(first + n)).await.unwrap();
            }
        }
    };
    held.0.add_permits(4);
    futures::join!(side(10), side(20));
    held.0.add_permits(1);
    world.perform(&one, wait(30)).await.unwrap();
    let folded = read(dir.path()).unwrap();
    let replay = || ReplayWorld::new(&folded, Blobs::of_run(dir.path()));

    let other_order = replay();
    for n in [10, 11, 20, 21, 30] {
        other_order.perform(&one, wait(n)).await.unwrap();
    }
    let too_early = replay();
    too_early.perform(&one, wait(10)).await.unwrap();
    assert!(too_early.perform(&one, wait(30)).await.is_err());
}

#[tokio::test]
async fn a_request_without_an_answer_is_interrupted_again() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    let held = Arc::new(Held(tokio::sync::Semaphore::new(0)));
    let world = RecordLayer::new(held, journal);
    let one = id(1);
    tokio::select! {
        biased;
        _ = world.perform(&one, Effect::Now) => panic!("answered"),
        () = async { for _ in 0..9 { tokio::task::yield_now().await } } => {}
    }
    let replay = ReplayWorld::new(&read(dir.path()).unwrap(), Blobs::of_run(dir.path()));
    assert_eq!(
        replay.perform(&one, Effect::Now).await,
        Err(WorldError::Interrupted)
    );
}

#[tokio::test]
async fn after_a_resumption_numbers_begin_anew_and_the_last_course_is_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::create(dir.path(), header(1)).unwrap();
    let world = RecordLayer::new(Arc::new(Echo::default()), journal.clone());
    journal.event(&event(1, started(1))).unwrap();
    world.perform(&id(1), Effect::Now).await.unwrap();
    drop((world, journal));
    let (journal, _) = Journal::resume(dir.path(), resumed()).unwrap();
    let world = RecordLayer::new(Arc::new(Echo::default()), journal.clone());
    journal.event(&event(2, started(1))).unwrap();
    world.perform(&id(1), run("git status")).await.unwrap();
    assert_eq!(world.last_exchange(&id(1)), 1);
    let replay = ReplayWorld::new(&read(dir.path()).unwrap(), Blobs::of_run(dir.path()));
    replay.perform(&id(1), run("git status")).await.unwrap();
    assert_eq!(replay.last_exchange(&id(1)), 1);
    assert_eq!(replay.unasked(), None);
}
