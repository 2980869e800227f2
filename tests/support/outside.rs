//! What of this process's environment an embedded world needs to find its tools on this machine.

use std::path::PathBuf;

const NAMES: [&str; 8] = [
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_PYTHON",
    "GATE_REHEARSAL_WHEELS",
];

/// The variables that are set, and where the outer user's cache is: tools and wheels are fetched
/// once on a machine.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    let given = NAMES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    given.chain([("XDG_CACHE_HOME".to_owned(), cache().display().to_string())])
}

/// The outer user's cache.
pub(crate) fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    )
}
