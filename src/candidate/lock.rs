//! The candidate and all its dependencies, locked with hashes (`pylock.toml`, PEP 751).
//!
//! uv creates the lock; this module reads it. A lock that does not pin every byte is refused.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::home::{Home, normalised};
use super::index::NO_SOLUTION;
use super::installer::{beside, writing};
use super::lock_file::{Locked, parse};
use super::python::interpreter;
use crate::model::Finding;
use crate::store::hex;
use crate::verb::programs::must_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::{ListFiles, Place};

/// A lock of a hundred packages has some 200 KB.
const LARGEST_LOCK: u64 = 16 << 20;

/// The locked dependencies of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The lock file.
    pub place: Place,
    /// SHA-256 of the lock file.
    pub sha256: String,
    /// The packages, by name.
    pub packages: Vec<Locked>,
}

/// Locks `package==version` with all its dependencies, for the machine's `python3`, as of a time or
/// now.
///
/// # Errors
/// If they cannot be resolved, or not all of them have hashes.
pub async fn lock(
    ctx: &Ctx,
    home: &Home,
    place: Place,
    requirement: &str,
    as_of: Option<&str>,
) -> Result<Lock, VerbError> {
    let path = place.to_string();
    let python = interpreter(ctx).await?;
    let mut argv: Vec<String> = ["uv", "pip", "compile", "-", "--python", &python]
        .map(str::to_owned)
        .into();
    // Wheels only: building from source runs code that no hash covers. With `--upgrade`, because uv
    // would otherwise keep the versions of an older lock at the same place.
    let how = [
        "--no-build",
        "--upgrade",
        "--format",
        "pylock.toml",
        "--no-header",
        "--no-annotate",
    ];
    argv.extend(how.map(str::to_owned));
    argv.extend(["--quiet", "--color", "never", "--output-file", &path].map(str::to_owned));
    if let Some(time) = as_of {
        argv.extend(["--exclude-newer".to_owned(), time.to_owned()]);
    }
    let mut program = writing(home.installer(argv), beside(&place));
    program.stdin = Some(format!("{requirement}\n"));
    program.limit = Duration::from_mins(5);
    must_succeed(ctx, program)
        .await
        .map_err(|trouble| no_closure(trouble, requirement, as_of))?;
    read(ctx, place).await
}

/// Reads an existing lock.
///
/// # Errors
/// If it is missing or does not pin everything.
pub async fn read(ctx: &Ctx, place: Place) -> Result<Lock, VerbError> {
    let text = ctx.read(&place, LARGEST_LOCK).await?;
    let packages = parse(&text).map_err(|error| {
        VerbError::error(Finding::new(error.to_string()).seen(place.to_string()))
    })?;
    let sha256 = digest_of(ctx, &place).await?;
    Ok(Lock {
        place,
        sha256,
        packages,
    })
}

/// The digest of the file's bytes: what was read as text has its paths replaced.
async fn digest_of(ctx: &Ctx, place: &Place) -> Result<String, VerbError> {
    let (root, name) = place
        .as_str()
        .rsplit_once('/')
        .unwrap_or((".", place.as_str()));
    let files = ListFiles {
        root: Place::new(root),
        include: vec![name.to_owned()],
    };
    let found = ctx.list(files).await?;
    let file = found.into_iter().find(|file| file.path == *place);
    file.map(|file| file.sha256)
        .ok_or_else(|| VerbError::error(Finding::new(format!("the lock `{place}` is gone"))))
}

fn no_closure(trouble: VerbError, requirement: &str, as_of: Option<&str>) -> VerbError {
    let VerbError::Stop(crate::model::Outcome::Error(mut finding)) = trouble else {
        return trouble;
    };
    let when = as_of.map_or_else(|| "now".to_owned(), |time| format!("as of {time}"));
    finding.what = format!("`{requirement}` cannot be locked {when}: {}", finding.what);
    let is_unsolvable = finding.seen.iter().any(|line| line.contains(NO_SOLUTION));
    let remedy = match (is_unsolvable, as_of) {
        (true, Some(_)) => "give a time after its release, at which all it needs was there",
        (true, None) => "read above what it needs and cannot get; give another version or a time",
        (false, _) => "check the network and uv's index settings, then try again",
    };
    VerbError::error(finding.remedy(remedy))
}

impl Locked {
    /// When it was released: the upload time of its first wheel.
    pub(super) fn uploaded(&self) -> Option<Timestamp> {
        let times = self.wheels.iter().filter_map(|wheel| wheel.uploaded);
        times.min()
    }
}

impl Lock {
    /// The locked package of this name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&Locked> {
        let name = normalised(name);
        self.packages.iter().find(|package| package.name == name)
    }

    /// When the package of this name was released: the upload time of its first wheel.
    #[must_use]
    pub fn uploaded(&self, name: &str) -> Option<Timestamp> {
        self.package(name)?.uploaded()
    }

    /// SHA-256 over names, versions and hashes, independent of the index's address.
    #[must_use]
    pub fn closure_sha256(&self) -> String {
        let mut digest = Sha256::new();
        for package in &self.packages {
            let mut hashes: Vec<&str> = package
                .wheels
                .iter()
                .map(|wheel| wheel.sha256.as_str())
                .collect();
            hashes.sort_unstable();
            let line = format!(
                "{} {} {}\n",
                package.name,
                package.version,
                hashes.join(" ")
            );
            digest.update(line.as_bytes());
        }
        hex(&digest.finalize())
    }

    /// The packages for a fact: with a hash where there is only one possible wheel.
    #[must_use]
    pub fn packages_fact(&self) -> Value {
        let one = |package: &Locked| match package.wheels.as_slice() {
            [wheel] => {
                json!({"name": package.name, "version": package.version, "sha256": wheel.sha256})
            }
            wheels => {
                let digests: Vec<&str> = wheels.iter().map(|one| one.sha256.as_str()).collect();
                json!({"name": package.name, "version": package.version, "wheels": wheels.len(), "wheel_sha256": digests})
            }
        };
        self.packages.iter().map(one).collect()
    }

    /// The same packages as lines of a requirements file with hashes.
    #[must_use]
    pub fn requirements(&self) -> String {
        let line = |package: &Locked| {
            let hashes = package
                .wheels
                .iter()
                .map(|wheel| format!(" --hash=sha256:{}", wheel.sha256));
            format!(
                "{}=={}{}\n",
                package.name,
                package.version,
                hashes.collect::<String>()
            )
        };
        self.packages.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // As uv 0.13.9 writes it.
    const LOCK: &str = r#"lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11.7"

[[packages]]
name = "spec-kitty-events"
version = "5.1.0"
wheels = [{ url = "http://127.0.0.1:1/files/spec_kitty_events-5.1.0-py3-none-any.whl", upload-time = 2026-05-20T00:00:00Z, size = 941, hashes = { sha256 = "8d74447551d3e5d4a63380f38dba123deeb71630aae0122b918fbfc12fc788ac" } }]

[[packages]]
name = "spec-kitty-cli"
version = "3.2.0rc16"
wheels = [{ url = "http://127.0.0.1:1/files/spec_kitty_cli-3.2.0rc16-py3-none-any.whl", upload-time = 2026-05-20T00:00:00Z, size = 1961, hashes = { sha256 = "476f72b9eb8d28dd09be6e900df374e5accc5fd859afa92604b7831821b59ed5" } }]
"#;

    fn lock(text: &str) -> Lock {
        Lock {
            place: Place::run("x"),
            sha256: String::new(),
            packages: parse(text).unwrap(),
        }
    }

    #[test]
    fn a_lock_of_uv_is_read() {
        let lock = lock(LOCK);
        let names: Vec<_> = lock.packages.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["spec-kitty-cli", "spec-kitty-events"]);
        let uploaded = lock.uploaded("spec-kitty-cli").unwrap();
        assert_eq!(uploaded.to_string(), "2026-05-20T00:00:00Z");
        assert_eq!(
            lock.package("Spec_Kitty_CLI").unwrap().wheels[0].file,
            "spec_kitty_cli-3.2.0rc16-py3-none-any.whl"
        );
    }

    #[test]
    fn the_closure_is_the_same_from_another_index_and_another_with_other_bytes() {
        let elsewhere = LOCK.replace("http://127.0.0.1:1/files", "https://mirror/x");
        assert_eq!(
            lock(LOCK).closure_sha256(),
            lock(&elsewhere).closure_sha256()
        );
        let other = LOCK.replace("476f72b9", "476f72b8");
        assert_ne!(lock(LOCK).closure_sha256(), lock(&other).closure_sha256());
    }

    #[test]
    fn a_lock_that_leaves_anything_open_is_refused() {
        let cases = [
            (LOCK.replace("sha256 =", "md5 ="), "SHA-256"),
            (LOCK.replace("version = \"5.1.0\"\n", ""), "no version"),
            (LOCK.replace("wheels =", "archive ="), "no wheel"),
            (
                LOCK.replace("lock-version = \"1.0\"", "lock-version = \"2.0\""),
                "format `2.0`",
            ),
            ("lock-version = \"1.0\"".to_owned(), "no package"),
            ("\u{0}".to_owned(), "not valid"),
        ];
        for (text, says) in cases {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{error} / {says}");
        }
    }

    #[test]
    fn requirements_carry_every_hash() {
        let lines = lock(LOCK).requirements();
        assert!(
            lines.contains("spec-kitty-events==5.1.0 --hash=sha256:8d74"),
            "{lines}"
        );
    }
}
