//! The lock's file format (`pylock.toml`, PEP 751), as far as the gate reads it. Pure.

use jiff::Timestamp;
use serde::Deserialize;

use super::home::normalised;

/// One locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locked {
    /// Normalised name.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// The wheels that may be installed: the installer chooses the best for the machine.
    pub wheels: Vec<Wheel>,
}

/// One wheel of a locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// File name.
    pub file: String,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// Where it is: an address, or a path beside the lock.
    pub address: String,
    /// When it was uploaded, if the index reports it.
    pub uploaded: Option<Timestamp>,
}

/// Why a lock cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It cannot be parsed as a lock.
    #[error("the lock is not valid: {0}")]
    Invalid(String),
    /// It has an unsupported format.
    #[error("the lock has format `{0}`, not 1.x")]
    Format(String),
    /// A package without a version, a wheel, or a hash.
    #[error("package `{package}` of the lock has no {lacks}")]
    Open {
        /// Its name.
        package: String,
        /// What is missing.
        lacks: &'static str,
    },
}

/// When the package of this name was released, according to a lock. Pure.
pub(super) fn released(text: &str, package: &str) -> Result<Option<Timestamp>, LockError> {
    let packages = parse(text)?;
    let name = normalised(package);
    let found = packages.iter().find(|package| package.name == name);
    Ok(found.and_then(Locked::uploaded))
}

/// Reads a lock's packages, sorted by name. Pure.
pub(super) fn parse(text: &str) -> Result<Vec<Locked>, LockError> {
    let file: LockFile =
        toml::from_str(text).map_err(|error| LockError::Invalid(error.to_string()))?;
    if !file.lock_version.starts_with("1.") {
        return Err(LockError::Format(file.lock_version));
    }
    let mut packages: Vec<Locked> = file
        .packages
        .into_iter()
        .map(Package::locked)
        .collect::<Result<_, _>>()?;
    if packages.is_empty() {
        return Err(LockError::Invalid("it holds no package".to_owned()));
    }
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(packages)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct LockFile {
    lock_version: String,
    #[serde(default)]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Option<String>,
    #[serde(default)]
    wheels: Vec<WheelEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct WheelEntry {
    name: Option<String>,
    upload_time: Option<toml::value::Datetime>,
    url: Option<String>,
    path: Option<String>,
    #[serde(default)]
    hashes: std::collections::BTreeMap<String, String>,
}

impl Package {
    fn locked(self) -> Result<Locked, LockError> {
        let package = normalised(&self.name);
        let lacks = |lacks| LockError::Open {
            package: package.clone(),
            lacks,
        };
        let version = self.version.ok_or_else(|| lacks("version"))?;
        if self.wheels.is_empty() {
            return Err(lacks("wheel"));
        }
        let wheels: Option<Vec<Wheel>> = self.wheels.into_iter().map(WheelEntry::wheel).collect();
        let wheels = wheels.ok_or_else(|| lacks("SHA-256 for one of its wheels"))?;
        Ok(Locked {
            name: package,
            version,
            wheels,
        })
    }
}

impl WheelEntry {
    fn wheel(self) -> Option<Wheel> {
        let sha256 = self
            .hashes
            .get("sha256")
            .filter(|hash| hash.len() == 64)?
            .to_lowercase();
        let address = self.path.or(self.url)?;
        let last = address.split(['#', '?']).next()?.rsplit('/').next()?;
        Some(Wheel {
            file: self.name.unwrap_or_else(|| last.to_owned()),
            sha256,
            uploaded: self
                .upload_time
                .and_then(|time| time.to_string().parse().ok()),
            address,
        })
    }
}
