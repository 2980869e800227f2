//! What `gh` needs to talk to the embedded GitHub: its two configuration files.

use std::path::Path;

use crate::rehearsal::{RehearsalError, host};

/// Login that the stored token belongs to.
pub const OPERATOR: &str = "canary-operator";

/// Writes `config.yml` and, if a token is stored, `hosts.yml` into a `GH_CONFIG_DIR`.
///
/// Both have the newer format with its `version`, so that no `gh` wants to migrate them; `gh` 2.23
/// reads the parts it knows.
///
/// # Errors
/// A file cannot be written.
pub fn write_gh_config(
    dir: &Path,
    socket: &Path,
    token: Option<&str>,
) -> Result<(), RehearsalError> {
    let config = format!(
        "version: \"1\"\ngit_protocol: https\nprompt: disabled\nhttp_unix_socket: \"{}\"\n",
        socket.display()
    );
    host::write(&dir.join("config.yml"), config)?;
    if let Some(token) = token {
        let hosts = format!(
            "github.com:\n    users:\n        {OPERATOR}:\n            oauth_token: {token}\n    oauth_token: {token}\n    user: {OPERATOR}\n    git_protocol: https\n"
        );
        host::write_private(&dir.join("hosts.yml"), &hosts)?;
    }
    Ok(())
}
