//! The parts of the operator's uv and pip configuration that are passed to an installer: package
//! sources, their logins, certificates and proxies. Nothing that changes what is resolved.
//!
//! All of it is passed in environment variables, so that no file of the run holds a credential, and
//! the tools read no file of the operator's. Other settings are listed without their values.
//! `find-links` and `no-index` define package sources, so they are passed; an index strategy
//! decides which of two candidates wins, so it is not.

mod netrc;
mod pip;
mod settings;
mod uv;

use super::operator::Operator;
pub(super) use netrc::{Netrc, passwords};
pub(super) use settings::IndexSettings;

/// Reads the settings of both tools.
pub(super) fn of(operator: &Operator) -> IndexSettings {
    let mut settings = IndexSettings::default();
    uv::gather(operator, &mut settings);
    pip::gather(operator, &mut settings);
    let keyring = ["UV_KEYRING_PROVIDER", "PIP_KEYRING_PROVIDER"];
    let asks = |name: &&str| {
        let provider = settings.env.get(*name);
        provider.is_some_and(|provider| provider != "disabled")
    };
    if keyring.iter().any(asks) {
        // Without these the key ring's program cannot find the key ring.
        for name in ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
            if let Some(value) = operator.var(name) {
                settings.env.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    settings
}

#[cfg(test)]
mod tests;
