//! A world for the audit's own tests: runs programs and touches files for real, nothing else.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use canary_gate::model::SubtaskId;
use canary_gate::world::{
    Captured, Effect, Ended, FileFailure, FileSeen, Finished, ListFiles, Place, Program, Response,
    World, WorldError,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// Captured text is cut to its end beyond this many bytes, and the log beyond four times that.
const CAPTURE: usize = 1 << 20;

/// What a package client needs of this process's environment.
const NETWORK: [&str; 5] = [
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "UV_DEFAULT_INDEX",
    "UV_PYTHON",
];

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Programs and files, for real.
pub(crate) struct TestWorld {
    home: PathBuf,
}

impl TestWorld {
    pub(crate) fn new(home: &Path) -> Self {
        std::fs::create_dir_all(home).unwrap();
        Self {
            home: home.to_owned(),
        }
    }

    async fn run(&self, program: Program) -> Result<Response, WorldError> {
        let start = Instant::now();
        // The gate brings its own where there is none.
        let name = match program.argv[0].as_str() {
            "uv" => super::pytest::uv(),
            name => PathBuf::from(name),
        };
        let mut command = tokio::process::Command::new(name);
        command
            .args(&program.argv[1..])
            .current_dir(program.cwd.as_str())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(
                NETWORK
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("UV_CACHE_DIR", self.home.join("uv"))
            .env("HOME", &self.home)
            .env("LANG", "C.UTF-8")
            .envs(&program.env)
            .process_group(0)
            .kill_on_drop(true)
            .stdin(if program.stdin.is_some() {
                Stdio::piped()
            } else {
                Stdio::null()
            })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let name = program.argv[0].clone();
            if error.kind() == std::io::ErrorKind::NotFound
                && Path::new(program.cwd.as_str()).is_dir()
            {
                WorldError::ProgramNotFound { program: name }
            } else {
                WorldError::NotStarted {
                    program: name,
                    reason: error.to_string(),
                }
            }
        })?;
        let group = nix::unistd::Pid::from_raw(child.id().unwrap().cast_signed());
        let mut pipe = child.stdin.take();
        let feed = async {
            if let (Some(pipe), Some(text)) = (pipe.as_mut(), program.stdin.as_ref()) {
                let _ = pipe.write_all(text.as_bytes()).await;
            }
            drop(pipe);
        };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let out = capture(
            child.stdout.take().unwrap(),
            self.home.join(format!("{number}.out")),
        );
        let err = capture(
            child.stderr.take().unwrap(),
            self.home.join(format!("{number}.err")),
        );
        let all = async { tokio::join!(feed, out, err, child.wait()) };
        let (stdout, stderr, ended) =
            if let Ok(((), out, err, status)) = tokio::time::timeout(program.limit, all).await {
                (out, err, ended(status.unwrap()))
            } else {
                let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
                (Captured::default(), Captured::default(), Ended::TimedOut)
            };
        Ok(Response::Program(Box::new(Finished {
            ended,
            stdout,
            stderr,
            elapsed: start.elapsed(),
            leftovers: Vec::new(),
            observations: Vec::new(),
            confined: None,
        })))
    }
}

fn ended(status: std::process::ExitStatus) -> Ended {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .map_or_else(|| Ended::Signal(status.signal().unwrap_or(0)), Ended::Code)
}

async fn capture(mut pipe: impl AsyncRead + Unpin, log: PathBuf) -> Captured {
    let (mut whole, mut total) = (Vec::new(), 0_usize);
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        total += count;
        whole.extend_from_slice(&buffer[..count]);
        if whole.len() > 64 * CAPTURE {
            whole.drain(..32 * CAPTURE);
        }
    }
    let truncated = whole.len() > CAPTURE;
    if truncated {
        std::fs::write(&log, &whole).unwrap();
    }
    let tail = &whole[whole.len().saturating_sub(CAPTURE)..];
    Captured {
        text: String::from_utf8_lossy(tail).into_owned(),
        truncated,
        bytes: total as u64,
        sha256: String::new(),
        log: truncated.then(|| Place::new(log.to_str().unwrap())),
    }
}

fn failure(operation: &str, path: &Place, error: &std::io::Error) -> WorldError {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => FileFailure::NotFound,
        std::io::ErrorKind::AlreadyExists => FileFailure::AlreadyExists,
        std::io::ErrorKind::InvalidData => FileFailure::NotText,
        _ => FileFailure::Other,
    };
    WorldError::File {
        operation: operation.to_owned(),
        path: path.to_string(),
        kind,
        reason: error.to_string(),
    }
}

fn list(wanted: &ListFiles) -> Vec<FileSeen> {
    fn below(directory: &Path, to: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                below(&path, to);
            } else {
                to.push(path);
            }
        }
    }
    let root = Path::new(wanted.root.as_str());
    let mut all = Vec::new();
    below(root, &mut all);
    all.sort();
    let globs: Vec<globset::GlobMatcher> = wanted
        .include
        .iter()
        .map(|glob| globset::Glob::new(glob).unwrap().compile_matcher())
        .collect();
    all.into_iter()
        .filter(|path| {
            let path = path.strip_prefix(root).unwrap();
            globs.is_empty() || globs.iter().any(|glob| glob.is_match(path))
        })
        .map(|path| FileSeen {
            bytes: path.metadata().map_or(0, |data| data.len()),
            path: Place::new(path.to_str().unwrap()),
            sha256: String::new(),
            modified: jiff::Timestamp::UNIX_EPOCH,
        })
        .collect()
}

#[async_trait::async_trait]
impl World for TestWorld {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::Run(program) => self.run(program).await,
            Effect::ReadFile(file) => {
                let size = std::fs::metadata(file.path.as_str())
                    .map_err(|error| failure("read", &file.path, &error))?
                    .len();
                if size > file.limit {
                    return Err(WorldError::File {
                        operation: "read".to_owned(),
                        path: file.path.to_string(),
                        kind: FileFailure::TooLarge,
                        reason: format!("{size} bytes"),
                    });
                }
                std::fs::read_to_string(file.path.as_str())
                    .map(Response::Text)
                    .map_err(|error| failure("read", &file.path, &error))
            }
            Effect::WriteFile(file) => {
                let path = Path::new(file.path.as_str());
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, &file.text)
                    .map_err(|error| failure("write", &file.path, &error))?;
                Ok(Response::Files(Vec::new()))
            }
            Effect::MakeDir { path } => {
                let directory = Path::new(path.as_str());
                std::fs::create_dir_all(directory.parent().unwrap()).unwrap();
                std::fs::create_dir(directory).map_err(|error| failure("make", &path, &error))?;
                Ok(Response::Done)
            }
            Effect::RemoveDir { path } => match std::fs::remove_dir_all(path.as_str()) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(failure("remove", &path, &error))
                }
                _ => Ok(Response::Done),
            },
            Effect::ListFiles(wanted) => Ok(Response::Files(list(&wanted))),
            Effect::FreshId => Ok(Response::Id(format!(
                "{:026}",
                COUNT.fetch_add(1, Ordering::Relaxed)
            ))),
            Effect::Now => Ok(Response::Now(jiff::Timestamp::now())),
            Effect::Sleep { duration } => {
                tokio::time::sleep(duration).await;
                Ok(Response::Done)
            }
            other => panic!("the audit asked for {other:?}"),
        }
    }
}
