//! Removes the operator's environment from the process: the initial environment of a process stays
//! readable for every program of the same user, so the gate restarts itself without it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::OnceLock;

use super::platform;

/// Variables that stay: they contain no secret, and the program or the system's libraries read
/// them.
const STAYING: [&str; 24] = [
    "CI",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LINES",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "PWD",
    "SHELL",
    "SHLVL",
    "TERM",
    "TMPDIR",
    "TZ",
    "TZDIR",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// Prefixes of such names. The gate's own parameters are recorded, so none is a secret.
const STAYING_FAMILIES: [&str; 7] = ["DYLD_", "GATE_", "LC_", "LD_", "LLVM_", "LOCALE_", "RUST_"];

static WHOLE: OnceLock<BTreeMap<OsString, OsString>> = OnceLock::new();

/// Whether a variable stays in the process.
pub(super) fn stays(name: &str) -> bool {
    STAYING.contains(&name)
        || STAYING_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
}

/// Moves the operator's environment into memory and restarts this program without it; then makes
/// the process unreadable for others and its descriptors not inheritable. Must be called once,
/// before anything else.
///
/// # Errors
/// Those of the system; then the environment is unchanged.
pub fn take_environment() -> std::io::Result<()> {
    let taken = platform::taken_environment();
    let failed = match taken {
        Ok(Some(taken)) => {
            let mut whole: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
            whole.remove(std::ffi::OsStr::new(platform::TAKEN));
            whole.extend(taken);
            let _first = WHOLE.set(whole);
            None
        }
        // Returns only if it failed.
        Ok(None) => platform::restart_without_environment().err(),
        Err(error) => Some(error),
    };
    platform::close_to_others();
    failed.map_or(Ok(()), Err)
}

/// The operator's environment.
#[must_use]
pub fn environment() -> BTreeMap<OsString, OsString> {
    let whole = WHOLE.get();
    whole.map_or_else(|| std::env::vars_os().collect(), Clone::clone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_does_not_stay() {
        for name in ["PATH", "LC_ALL", "GATE_RC_BASELINE", "LD_PRELOAD"] {
            assert!(stays(name), "{name}");
        }
        for name in [
            "GH_TOKEN",
            "SK_E2E_TOKEN",
            "HTTPS_PROXY",
            "UV_DEFAULT_INDEX",
            "AWS_SECRET_ACCESS_KEY",
            "PATHS",
        ] {
            assert!(!stays(name), "{name}");
        }
    }
}
