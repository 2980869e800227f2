//! Programs as they are started, and what comes back of them.

use canary_gate::world::{Ended, Place, Program, WorldError};

use super::stage::{Stage, bash, make_executable};

#[tokio::test]
async fn output_exit_code_and_logs() {
    let stage = Stage::new();
    let finished = stage.bash("echo out; echo err >&2; exit 3").await;
    assert_eq!(finished.ended, Ended::Code(3));
    assert_eq!(finished.stdout.text, "out\n");
    assert_eq!(finished.stderr.text, "err\n");
    assert_eq!(finished.stdout.bytes, 4);
    assert!(!finished.stdout.truncated);
    let log = finished.stdout.log.unwrap();
    assert_eq!(log.as_str(), "‹run›/logs/T000-1-bash.out");
    let text = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert_eq!(text, "out\n");
    assert!(finished.leftovers.is_empty());
}

#[tokio::test]
async fn a_signal_is_not_an_exit_code() {
    let stage = Stage::new();
    assert_eq!(stage.bash("kill -9 $$").await.ended, Ended::Signal(9));
    // One that has no name.
    assert_eq!(stage.bash("kill -35 $$").await.ended, Ended::Signal(35));
}

#[tokio::test]
async fn a_program_starts_with_the_signals_it_expects() {
    let stage = Stage::new();
    let finished = stage.bash("kill -PIPE $$; echo ignored").await;
    assert_eq!(finished.ended, Ended::Signal(13));
    let finished = stage
        .bash("grep -E '^Sig(Blk|Ign)' /proc/self/status")
        .await;
    for line in finished.stdout.text.lines() {
        let (_, mask) = line.split_once('\t').unwrap();
        // Above 31 are the C library's own.
        let mask = u64::from_str_radix(mask, 16).unwrap() & 0x7fff_ffff;
        assert_eq!(mask, 0, "{line}");
    }
}

#[tokio::test]
async fn a_program_has_a_session_of_its_own_and_no_descriptor_of_the_gates() {
    let stage = Stage::new();
    let finished = stage
        .bash("read -r pid _ _ _ group session _ < /proc/$$/stat; echo $pid $group $session; ls /proc/$$/fd; true")
        .await;
    let (ids, descriptors) = finished.stdout.text.split_once('\n').unwrap();
    let ids: Vec<&str> = ids.split(' ').collect();
    assert_eq!(ids, [ids[0]; 3]);
    let mut descriptors: Vec<String> = descriptors.lines().map(str::to_owned).collect();
    descriptors.sort();
    assert_eq!(descriptors, inherited());
}

/// Descriptors that this test was started with, and whatever it starts as well.
fn inherited() -> Vec<String> {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let all = std::fs::read_dir("/proc/self/fdinfo").unwrap();
    let all = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept = |name: &String| {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{name}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.is_some_and(|flags| {
            u32::from_str_radix(flags.trim(), 8).unwrap() & CLOSED_ON_EXEC == 0
        })
    };
    let mut kept: Vec<String> = all.filter(kept).collect();
    kept.sort();
    kept
}

#[tokio::test]
async fn a_script_that_names_no_interpreter_is_the_shells() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/script"), "echo \"$0 $1\"\n").unwrap();
    make_executable(&stage.path("run/script"));
    let program = Program::new(["‹run›/script", "argument"]);
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.stdout.text, "‹run›/script argument\n");
}

#[tokio::test]
async fn an_argument_with_a_zero_byte_is_an_error() {
    let stage = Stage::new();
    let error = stage.run(bash("true\0")).await.unwrap_err();
    assert!(matches!(error, WorldError::NotStarted { .. }), "{error:?}");
    assert!(error.to_string().contains("nul byte"), "{error}");
}

#[tokio::test]
async fn places_go_out_as_paths_and_come_back_as_tokens() {
    let stage = Stage::new();
    let mut program = bash("echo $0 $ROOT; pwd; cat > $ROOT/x; echo ‹run›/y");
    program.argv.push("‹workspace›/argument".into());
    program.env.insert("ROOT".into(), "‹state›".into());
    program.cwd = Place::workspace("");
    program.stdin = Some("typed".into());
    let finished = stage.run(program).await.unwrap();
    assert_eq!(
        finished.stdout.text,
        "‹workspace›/argument ‹state›\n‹workspace›\n‹run›/y\n"
    );
    assert_eq!(
        std::fs::read_to_string(stage.path("state/x")).unwrap(),
        "typed"
    );
    let log = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert_eq!(log, finished.stdout.text);
}

#[tokio::test]
async fn standard_input_is_null_unless_given() {
    let stage = Stage::new();
    let finished = stage.run(Program::new(["cat"])).await.unwrap();
    assert_eq!(
        (finished.ended, finished.stdout.text.as_str()),
        (Ended::Code(0), "")
    );
}

#[tokio::test]
async fn standard_input_that_nobody_reads_is_no_error() {
    let stage = Stage::new();
    let mut program = bash("exec <&-; exit 0");
    program.stdin = Some("x".repeat(1 << 20));
    assert!(stage.run(program).await.unwrap().success());
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/plain"), "x").unwrap();
    std::fs::write(stage.path("run/orphan"), "#!/no/such/interpreter\n").unwrap();
    make_executable(&stage.path("run/orphan"));
    let missing = stage
        .run(Program::new(["no-such-program"]))
        .await
        .unwrap_err();
    assert_eq!(missing.to_string(), "program `no-such-program` not found");
    let cases = [
        ("‹run›/plain", "is not an executable file"),
        ("‹run›/orphan", "the interpreter it names is not there"),
    ];
    for (name, why) in cases {
        let error = stage.run(Program::new([name])).await.unwrap_err();
        assert!(matches!(error, WorldError::NotStarted { .. }), "{error:?}");
        assert!(error.to_string().contains(why), "{error}");
    }
    let mut nowhere = bash("true");
    nowhere.cwd = Place::run("nowhere");
    let error = stage.run(nowhere).await.unwrap_err();
    assert!(error.to_string().contains("working directory"), "{error}");
}

#[tokio::test]
async fn invalid_utf8_is_shown_and_kept() {
    let stage = Stage::new();
    let finished = stage.bash(r"printf 'a\xff\xfeb'").await;
    assert_eq!(finished.stdout.text, "a\u{fffd}\u{fffd}b");
    assert_eq!(
        std::fs::read(stage.path("run/logs/T000-1-bash.out")).unwrap(),
        b"a\xff\xfeb"
    );
}
