//! Attackers that are programs of their own: a harness, a service, a bundle, a gate file. The table
//! of what each tries is in `tests/adversary/README.md`; the conftest has a file of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::audit_support::repo::{Builder, tree};
use crate::outside;

const ATTACKERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/adversary");
const HARNESS: &str = include_str!("../adversary/harness.sh");
const SECRET: &str = "s3cr3t-0123456789abcdef0123456789abcdef0123";

/// An operator with a home, a workspace and secrets.
struct Scene {
    root: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let scene = Self { root };
        for directory in [
            "home",
            "workspace/other/.git/hooks",
            "state",
            "into",
            "kept",
        ] {
            std::fs::create_dir_all(scene.path(directory)).unwrap();
        }
        for (file, text) in [
            ("home/.bashrc", "# mine\n"),
            ("home/.netrc", SECRET),
            ("workspace/other/secret", SECRET),
            ("kept/kept", "kept\n"),
        ] {
            std::fs::write(scene.path(file), text).unwrap();
        }
        scene
    }

    fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    fn text(&self, below: &str) -> String {
        self.path(below).display().to_string()
    }

    fn gate(&self, arguments: &[&str]) -> Output {
        Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .args(arguments)
            .env_clear()
            .envs(outside::variables())
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("GH_TOKEN", SECRET)
            .current_dir(self.path("home"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a gate of this text on the workspace.
    fn run(&self, gate: &str, more: &[&str]) -> Output {
        let file = self.text("gate.toml");
        std::fs::write(&file, gate).unwrap();
        let workspace = format!("workspace={}", self.text("workspace"));
        let state = format!("state_dir={}", self.text("state/gate"));
        let set = ["--set", &workspace, "--set", &state];
        self.gate(&[&["run", "--yes", "--gate", &file], &set[..], more].concat())
    }

    #[track_caller]
    fn assert_untouched(&self) {
        let shell = std::fs::read_to_string(self.path("home/.bashrc")).unwrap();
        assert_eq!(shell, "# mine\n");
        let hooks = self.path("workspace/other/.git/hooks").read_dir().unwrap();
        assert_eq!(hooks.count(), 0);
        let names = |directory: &str| self.path(directory).read_dir().unwrap().flatten().count();
        assert_eq!(names("kept"), 1);
        let kept = std::fs::read_to_string(self.path("kept/kept")).unwrap();
        assert_eq!(kept, "kept\n");
        assert!(!self.path("pwned").exists() && !self.path("into/pwned").exists());
    }
}

/// The service, as a process of its own.
struct Service {
    child: Child,
    port: String,
    elsewhere: String,
}

impl Service {
    fn start() -> Self {
        let mut child = Command::new("python3")
            .arg(Path::new(ATTACKERS).join("service.py"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(child.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        let (port, elsewhere) = line.trim().split_once(' ').unwrap();
        Self {
            port: port.to_owned(),
            elsewhere: elsewhere.to_owned(),
            child,
        }
    }

    /// Who was led to the other address.
    fn led(&self) -> String {
        let mut stream =
            std::net::TcpStream::connect(format!("127.0.0.1:{}", self.elsewhere)).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /led HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        answer
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// An attacker that makes files, one name a line.
fn makes(program: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new("python3")
        .arg(Path::new(ATTACKERS).join(program))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(str::to_owned).collect()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// No letter of these acts on a terminal.
#[track_caller]
fn assert_quiet(what: &str, told: &str) {
    let acting = |letter: &char| {
        (letter.is_control() && *letter != '\n') || "\u{202e}\u{202c}\u{200b}".contains(*letter)
    };
    let found: Vec<char> = told.chars().filter(acting).collect();
    assert!(found.is_empty(), "{what}: {found:?} in {told}");
}

/// A gate of these subtasks, which may read the service and start bash and git.
fn gate_of(service: &Service, subtasks: &str) -> String {
    let port = &service.port;
    format!(
        "format = 1\nname = \"attacked\"\ntitle = \"Attacked\"\n\n[policy]\n\
         programs = [\"bash\", \"git\"]\nread_addresses = [\"http://127.0.0.1:{port}/\"]\n\n\
         [process.daemon]\nprogram = [\"no-such-daemon\"]\nargv = [\"--serve\"]\n\
         homes = [\"‹run›\"]\n\n\
         [[work_package]]\nid = \"W1\"\ntitle = \"Look\"\npriority = \"high\"\n{subtasks}"
    )
}

fn reads(service: &Service, id: usize, verb: &str, page: &str) -> String {
    let port = &service.port;
    let more = if verb == "http" {
        "json = [\"status == ok\"]"
    } else {
        "retry_after = \"1s\""
    };
    format!(
        "\n[[work_package.subtask]]\nid = \"P{id}\"\ntitle = \"{page}\"\nafter = []\n\
         uses = \"{verb}\"\nurl = \"http://127.0.0.1:{port}/{page}\"\nwithin = \"5s\"\n{more}\n\
         as = \"page{id}\"\n"
    )
}

#[test]
fn a_harness_gets_nothing() {
    let scene = Scene::new();
    let service = Service::start();
    let script = HARNESS
        .replace("@HOME@", &scene.text("home"))
        .replace("@WORKSPACE@", &scene.text("workspace"))
        .replace("@STATE@", &scene.text("state/gate"));
    let mut builder = Builder::default();
    builder.commit(&[], tree(&[("canary.sh", &script)]), "start");
    builder.write(&scene.path("workspace/project"));
    let variables = reads(&service, 1, "health-check", "variables");
    let canary = "\n[[work_package.subtask]]\nid = \"C1\"\ntitle = \"Run\"\nafter = [\"P1\"]\n\
                  uses = \"canary\"\nproject = \"project\"\nscript = \"canary.sh\"\narguments = []\n\
                  results = [\"artifacts/run-1.json\"]\nenvironment = \"page1\"\n\
                  process = \"daemon\"\nas = \"runs\"\ntimeout = \"1m\"\n";
    let gate = gate_of(&service, &format!("{variables}{canary}"));
    let got = |more: &[&str]| {
        let ran = scene.run(&gate, more);
        let told = told(&ran);
        assert!(!told.contains(SECRET), "{told}");
        let got = std::fs::read_to_string(scene.path("workspace/project/got"));
        got.unwrap_or_else(|error| panic!("it never ran: {error}; {told}"))
    };
    assert_eq!(got(&[]), "GOT nothing\n");
    scene.assert_untouched();
    // The other way round: the attacker is one, where nothing keeps it in.
    let open = got(&["--no-sandbox"]);
    assert!(open.contains("the operator's shell"), "{open}");
}

#[test]
fn a_service_gets_nothing() {
    let scene = Scene::new();
    let service = Service::start();
    let pages = [
        "elsewhere",
        "file",
        "loop",
        "endless",
        "bomb",
        "deep",
        "twice",
        "paint",
    ];
    for verb in ["http", "health-check"] {
        for page in pages {
            // A health page says what it likes: what it says is judged by others.
            if verb == "health-check" && page == "paint" {
                continue;
            }
            let ran = scene.run(&gate_of(&service, &reads(&service, 1, verb, page)), &[]);
            let told = told(&ran);
            let code = ran.status.code();
            assert!(
                matches!(code, Some(1 | 3 | 4)),
                "{verb} {page}: {code:?} {told}"
            );
            assert_quiet(page, &told);
        }
        let ran = scene.run(&gate_of(&service, &reads(&service, 1, verb, "honest")), &[]);
        assert_eq!(ran.status.code(), Some(0), "{verb}: {}", told(&ran));
    }
    let led = service.led();
    assert!(led.contains("\"led\": []"), "somebody was led there: {led}");
}

#[test]
fn a_bundle_gets_nothing() {
    let scene = Scene::new();
    let service = Service::start();
    let honest = scene.text("honest.tar.gz");
    let gate = gate_of(&service, &reads(&service, 1, "http", "honest"));
    std::fs::write(scene.path("g.toml"), &gate).unwrap();
    let state = format!("state_dir={}", scene.text("state/gate"));
    let file = scene.text("g.toml");
    let made = scene.gate(&[
        "run", "--yes", "--gate", &file, "--set", &state, "--bundle", &honest,
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", told(&made));
    let (into, kept) = (scene.text("into"), scene.text("kept"));
    let names = makes("bundle.py", &[&honest, &into, &kept]);
    let (twin, hostile) = names.split_first().unwrap();
    let twin = scene.gate(&["verify", &format!("{into}/{twin}.tar.gz")]);
    assert_eq!(twin.status.code(), Some(0), "{}", told(&twin));
    for name in hostile {
        let bundle = format!("{into}/{name}.tar.gz");
        for command in [
            vec!["verify", &bundle],
            vec!["reproduce", &bundle],
            vec!["diff", &honest, &bundle],
            vec!["report", &bundle],
            vec!["matrix", &bundle],
            vec![
                "run", "--yes", "--gate", &file, "--set", &state, "--resume", &bundle,
            ],
        ] {
            let ended = scene.gate(&command);
            let told = told(&ended);
            let what = format!("{name}: {}", command[0]);
            assert_quiet(&what, &told);
            // A report or a comparison of what can be read vouches for nothing.
            let vouches = !matches!(command[0], "report" | "diff");
            let code = ended.status.code();
            assert!(!vouches || code != Some(0), "{what}: {told}");
            assert!(code.is_some_and(|code| code < 100), "{what}: {told}");
        }
    }
    scene.assert_untouched();
}

#[test]
fn a_gate_file_gets_nothing() {
    let scene = Scene::new();
    let (into, kept) = (scene.text("into"), scene.text("kept/kept"));
    let made = makes("gate.py", &[&into, &kept]);
    let (twin, hostile) = made.split_first().unwrap();
    let file = |name: &str| format!("{into}/{}.toml", name.trim_end());
    let twin = scene.gate(&["plan", "--gate", &file(twin)]);
    assert_eq!(twin.status.code(), Some(0), "{}", told(&twin));
    for line in hostile {
        let (name, refusal) = line.split_once('\t').unwrap();
        let file = file(name);
        let state = format!("state_dir={}", scene.text("state/gate"));
        for command in [
            vec!["plan", "--gate", &file],
            vec!["run", "--yes", "--gate", &file, "--set", &state],
            vec!["doctor", "--gate", &file],
        ] {
            let ended = scene.gate(&command);
            let told = told(&ended);
            let what = format!("{name}: {}", command[0]);
            assert_eq!(ended.status.code(), Some(2), "{what}: {told}");
            // A long message is broken into lines.
            let words: Vec<&str> = told
                .split(|c: char| c.is_whitespace() || c == '│')
                .collect();
            let words = words.into_iter().filter(|word| !word.is_empty());
            let told_at_once = words.collect::<Vec<_>>().join(" ");
            assert!(told_at_once.contains(refusal), "{what}: {told}");
            assert_quiet(&what, &told);
            assert!(!told.contains("root:"), "{what}: {told}");
        }
        let ran = scene.path("state/gate/runs").exists();
        assert!(!ran, "{name}: something ran");
    }
    scene.assert_untouched();
}

/// A secret that is too short to be hidden is told before anything runs.
#[test]
fn a_short_secret_is_told_before_the_run() {
    let scene = Scene::new();
    let service = Service::start();
    let file = scene.text("g.toml");
    std::fs::write(
        &file,
        gate_of(&service, &reads(&service, 1, "http", "honest")),
    )
    .unwrap();
    let state = format!("state_dir={}", scene.text("state/gate"));
    for (value, is_told) in [("~q7", true), (SECRET, false)] {
        for command in [
            vec!["run", "--yes", "--gate", &file, "--set", &state],
            vec!["doctor", "--gate", &file],
        ] {
            let ended = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
                .args(&command)
                .env_clear()
                .envs(outside::variables())
                .env("HOME", scene.path("home"))
                .env("FLY_API_TOKEN", value)
                .current_dir(scene.path("home"))
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let told = told(&ended);
            let warned = told.contains("`FLY_API_TOKEN` cannot be hidden");
            assert_eq!(warned, is_told, "{command:?} {told}");
            assert!(!told.contains(value), "{command:?} {told}");
        }
    }
}

/// A cache that an earlier version made open to others is closed, and that is said once.
#[test]
fn an_open_cache_is_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    let service = Service::start();
    let file = scene.text("g.toml");
    std::fs::write(
        &file,
        gate_of(&service, &reads(&service, 1, "http", "honest")),
    )
    .unwrap();
    let cache = scene.path("cache/gate");
    std::fs::create_dir_all(&cache).unwrap();
    let mode = |mode| std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(mode));
    mode(0o755).unwrap();
    let state = format!("state_dir={}", scene.text("state/gate"));
    for first in [true, false] {
        let ended = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .args(["run", "--yes", "--gate", &file, "--set", &state])
            .env_clear()
            .envs(outside::variables())
            .env("HOME", scene.path("home"))
            .env("XDG_CACHE_HOME", scene.path("cache"))
            .current_dir(scene.path("home"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = told(&ended);
        assert_eq!(ended.status.code(), Some(0), "{told}");
        assert_eq!(
            told.contains("was open to other users (mode 755)"),
            first,
            "{told}"
        );
        let now = std::fs::metadata(&cache).unwrap().permissions().mode() & 0o777;
        assert_eq!(now, 0o700);
    }
}
