//! What is seen while a program runs.

use std::time::Duration;

use camino::Utf8PathBuf;
use canary_gate::world::{HttpGet, ListFiles, Place, ProcessRule, Watch};

use super::stage::{Stage, bash};

/// Answers each GET and then lets the script go on: so the script cannot be ahead of the world.
async fn health_that_lets_go(listener: tokio::net::TcpListener, gates: Vec<Utf8PathBuf>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut gates = gates.into_iter();
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let count = socket.read(&mut request).await.unwrap();
        let request = String::from_utf8_lossy(&request[..count]).to_lowercase();
        assert!(request.contains("user-agent: gate/"), "{request}");
        assert!(!request.contains("cookie"), "{request}");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
        socket.write_all(answer).await.unwrap();
        if let Some(gate) = gates.next() {
            tokio::task::spawn_blocking(move || std::fs::write(gate, "go\n").unwrap());
        }
    }
}

#[tokio::test]
async fn a_watch_sees_each_boundary_as_it_comes() {
    let stage = Stage::new();
    let script = "
        read -r _ < ‹run›/go-0; mkdir -p ‹workspace›/runs
        for n in 1 2 1; do
            echo $n >> ‹workspace›/queue.db
            echo $n > ‹workspace›/runs/beside; mv ‹workspace›/runs/beside ‹workspace›/runs/run-$n.json
            step=$((step + 1)); read -r _ < ‹run›/go-$step
        done";
    let gates: Vec<Utf8PathBuf> = (0..4)
        .map(|step| stage.path(&format!("run/go-{step}")))
        .collect();
    for gate in &gates {
        nix::unistd::mkfifo(gate.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/health/", listener.local_addr().unwrap());
    let server = tokio::spawn(health_that_lets_go(listener, gates));
    let boundary = |n: u32| Place::workspace(&format!("runs/run-{n}.json"));
    let mut program = bash(script);
    program.watch = Some(Box::new(Watch {
        boundaries: vec![boundary(1), boundary(2)],
        processes: ProcessRule {
            name: "script".into(),
            program: vec!["bash".into()],
            argv: vec!["-c".into(), r"\s*read -r _[\s\S]*runs/run-[\s\S]*".into()],
            homes: Vec::new(),
        },
        files: vec![ListFiles {
            root: Place::workspace(""),
            include: vec!["*.db".into()],
        }],
        addresses: vec![HttpGet::new(url, Duration::from_secs(10))],
        ask_every: None,
        fixed: Vec::new(),
        programs: Vec::new(),
    }));
    let finished = stage.run(program).await.unwrap();
    server.abort();
    assert!(finished.success(), "{}", finished.stderr.text);
    let seen = &finished.observations;
    let names: Vec<&str> = seen.iter().map(|seen| seen.boundary.as_str()).collect();
    assert_eq!(
        names,
        ["start", "run-1.json", "run-2.json", "run-1.json", "end"]
    );
    let sizes: Vec<u64> = seen
        .iter()
        .flat_map(|seen| &seen.files)
        .map(|file| file.bytes)
        .collect();
    assert_eq!(sizes, [2, 4, 6, 6], "the queue as it was at each boundary");
    let alive: Vec<usize> = seen.iter().map(|seen| seen.processes.len()).collect();
    assert_eq!(alive, [0, 1, 1, 1, 0]);
    assert!(seen.windows(2).all(|pair| pair[0].at <= pair[1].at));
    for seen in seen {
        assert_eq!(seen.answers[0].as_ref().unwrap().body, "ok");
    }
}
