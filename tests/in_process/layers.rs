//! Layers over a world that answers from a script, and HTTP against a real socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use camino::Utf8PathBuf;
use canary_gate::model::SubtaskId;
use canary_gate::world::fault::{Break, EffectKind, FaultLayer, no_space};
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::{RedactLayer, Redactor};
use canary_gate::world::{
    Effect, FileFailure, HttpAnswer, HttpGet, Place, Program, ReadFile, Response, World,
    WorldError, WriteFile,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers everything with one text, and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    asked: Mutex<Vec<Effect>>,
}

#[async_trait]
impl World for Scripted {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        self.asked.lock().unwrap().push(effect);
        Ok(Response::Text(
            "a secret: open-sesame-1, in /tmp/gate/run/x".into(),
        ))
    }
}

fn redactor() -> Arc<Redactor> {
    let redactor = Arc::new(Redactor::new());
    redactor.add_secret("DOOR", "open-sesame-1");
    redactor.add_place("‹run›", "/tmp/gate/run");
    redactor
}

fn read() -> Effect {
    Effect::ReadFile(ReadFile {
        path: Place::run("x"),
        limit: 1,
    })
}

fn write(text: &str) -> Effect {
    Effect::WriteFile(WriteFile {
        path: Place::run("x"),
        text: text.to_owned(),
        replace: false,
    })
}

#[tokio::test]
async fn answers_are_cleaned_and_requests_with_secrets_refused() {
    let inner = Arc::new(Scripted::default());
    let world = RedactLayer::new(Arc::clone(&inner), redactor());
    let by = SubtaskId::new("T001");
    let answer = world.perform(&by, read()).await.unwrap();
    assert_eq!(
        answer,
        Response::Text("a secret: ‹secret:DOOR›, in ‹run›/x".into())
    );
    let mut program = Program::new(["gh", "issue", "view"]);
    program.stdin = Some("it is open-sesame-1".into());
    for effect in [
        Effect::Run(program),
        Effect::Run(Program::new(["curl", "open-sesame-1"])),
        Effect::HttpGet(HttpGet::new("http://h/?q=open-sesame-1", Duration::ZERO)),
        write("Authorization: Bearer abcdefghijkl"),
    ] {
        let refused = world.perform(&by, effect).await.unwrap_err();
        assert!(matches!(refused, WorldError::Refused { .. }), "{refused:?}");
        assert!(!refused.to_string().contains("sesame"), "{refused}");
    }
    assert_eq!(
        inner.asked.lock().unwrap().len(),
        1,
        "nothing refused got through"
    );
}

#[tokio::test]
async fn chosen_exchanges_fail_and_no_others() {
    let inner = Arc::new(Scripted::default());
    let full = Break::every(&[EffectKind::WriteFile], no_space("write")).of(SubtaskId::new("T023"));
    let once = Break::every(&[EffectKind::ReadFile], WorldError::Interrupted).only(1);
    let world = FaultLayer::new(Arc::clone(&inner), vec![full, once]);
    let ask = async |by: &str, effect| world.perform(&SubtaskId::new(by), effect).await;
    assert!(ask("T001", write("x")).await.is_ok());
    for _ in 0..2 {
        let error = ask("T023", write("x")).await.unwrap_err();
        let WorldError::File { kind, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(kind, FileFailure::NoSpace);
    }
    assert!(ask("T023", read()).await.is_ok());
    assert_eq!(ask("T001", read()).await, Err(WorldError::Interrupted));
    assert!(ask("T001", read()).await.is_ok());
    assert_eq!(inner.asked.lock().unwrap().len(), 3);
}

/// Serves each connection with the next of these answers; an empty one is never sent.
async fn serve(listener: TcpListener, answers: Vec<String>) -> (Vec<String>, Vec<TcpStream>) {
    let mut requests = Vec::new();
    let mut kept = Vec::new();
    for answer in answers {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 8192];
        let count = socket.read(&mut request).await.unwrap();
        requests.push(String::from_utf8_lossy(&request[..count]).to_lowercase());
        let _gone = socket.write_all(answer.as_bytes()).await;
        if answer.is_empty() {
            kept.push(socket);
        }
    }
    (requests, kept)
}

fn live(env: &[(&str, &str)]) -> LiveWorld {
    let root = Utf8PathBuf::from("/nonexistent");
    let places = Places::new(
        root.join("run"),
        root.join("workspace"),
        root.join("state"),
        root.join("cache"),
        root.join("home"),
    );
    let operator = Operator {
        env: env
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        home: root.join("home"),
        cwd: root,
    };
    LiveWorld::new(operator, places, redactor())
}

async fn get(world: &LiveWorld, url: &str, limit: Duration) -> Result<HttpAnswer, WorldError> {
    let url = url.to_owned();
    match world
        .perform(
            &SubtaskId::new("T013"),
            Effect::HttpGet(HttpGet::new(url, limit)),
        )
        .await?
    {
        Response::Http(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

const LONG: Duration = Duration::from_secs(30);

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn http_reads_and_says_honestly_what_went_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(
        listener,
        vec![
            answer("200 OK", "set-cookie: a=b\r\n", "it is open-sesame-1"),
            answer("503 Service Unavailable", "", "down"),
            answer("302 Found", "location: /two\r\n", ""),
            answer("200 OK", "", "two"),
            answer(
                "302 Found",
                "location: http://elsewhere.example/\r\n",
                "moved",
            ),
            answer("200 OK", "", &"x".repeat(3 << 20)),
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nhalf".into(),
            String::new(),
        ],
    ));
    // A proxy nobody answers at: loopback is excepted, the environment of the test is not used.
    let world = live(&[
        ("http_proxy", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1"),
    ]);
    let good = get(&world, &base, LONG).await.unwrap();
    assert_eq!(
        (good.status, good.body.as_str()),
        (200, "it is ‹secret:DOOR›")
    );
    assert_eq!(get(&world, &base, LONG).await.unwrap().status, 503);
    let here = get(&world, &base, LONG).await.unwrap();
    assert_eq!(here.status, 302, "not followed on the same host either");
    assert_eq!(
        here.headers.get("location").map(String::as_str),
        Some("/two")
    );
    assert_eq!(get(&world, &base, LONG).await.unwrap().body, "two");
    let away = get(&world, &base, LONG).await.unwrap();
    assert_eq!(
        (away.status, away.body.as_str()),
        (302, "moved"),
        "not followed"
    );
    assert_eq!(get(&world, &base, LONG).await.unwrap().body.len(), 1 << 20);
    let cut = get(&world, &base, LONG).await.unwrap_err();
    assert!(
        matches!(
            &cut,
            WorldError::NoAnswer {
                timed_out: false,
                ..
            }
        ),
        "{cut:?}"
    );
    let late = get(&world, &base, Duration::from_millis(300))
        .await
        .unwrap_err();
    assert!(
        matches!(
            &late,
            WorldError::NoAnswer {
                timed_out: true,
                ..
            }
        ),
        "{late:?}"
    );
    let (requests, silent) = server.await.unwrap();
    drop(silent);
    for request in &requests {
        let agent = concat!("user-agent: gate/", env!("CARGO_PKG_VERSION"));
        assert!(
            request.contains(agent) && !request.contains("cookie"),
            "{request}"
        );
    }
    let refused = get(&world, &base, LONG).await.unwrap_err();
    assert!(
        refused.to_string().contains("could not connect"),
        "{refused}"
    );
    assert!(matches!(
        refused,
        WorldError::NoAnswer {
            timed_out: false,
            ..
        }
    ));
}

#[tokio::test]
async fn an_operators_proxy_is_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(serve(listener, vec![answer("200 OK", "", "through")]));
    let world = live(&[("http_proxy", &proxy)]);
    let seen = get(&world, "http://saas.example/health/", LONG)
        .await
        .unwrap();
    assert_eq!(seen.body, "through");
    assert!(server.await.unwrap().0[0].starts_with("get http://saas.example/health/"));
}

#[tokio::test]
async fn certificates_that_are_not_there_are_an_error_with_a_name() {
    let world = live(&[("SSL_CERT_FILE", "/nonexistent/certificates.pem")]);
    let error = get(&world, "https://127.0.0.1:9/", LONG).await.unwrap_err();
    assert!(
        error.to_string().contains("/nonexistent/certificates.pem"),
        "{error}"
    );
}
