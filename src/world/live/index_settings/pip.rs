//! pip's settings: its variables and its configuration files, with pip's own precedence. pip is
//! then told to read no configuration file.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::settings::{IndexSettings, configuration, system};
use crate::world::live::operator::Operator;

/// Options for package sources, logins, and time limits and retries.
const TAKEN: &[&str] = &[
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
    "keyring-provider",
];

/// Sections that apply to the installing commands; a later one takes precedence.
const SECTIONS: [&str; 4] = ["global", "wheel", "download", "install"];

/// The value that pip treats as "no file at all".
const NO_FILE: &str = "/dev/null";

pub(super) fn gather(operator: &Operator, settings: &mut IndexSettings) {
    let mut options: BTreeMap<String, String> = BTreeMap::new();
    for (called, path) in files(operator) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let entries = entries(&text);
        for section in SECTIONS {
            for (_, key, value) in entries.iter().filter(|(one, ..)| one == section) {
                let name = format!("{called}: [{section}] {key}");
                if TAKEN.contains(&key.as_str()) {
                    options.insert(key.clone(), value.clone());
                    settings.named.take(name);
                } else {
                    settings.named.leave_out(name, key);
                }
            }
        }
    }
    for (name, value) in &operator.env {
        let Some(key) = name.strip_prefix("PIP_") else {
            continue;
        };
        let key = key.to_ascii_lowercase().replace('_', "-");
        if TAKEN.contains(&key.as_str()) {
            // An empty variable counts as not set.
            if !value.is_empty() {
                options.insert(key, value.clone());
            }
            settings.named.take(name.clone());
        } else if key != "config-file" {
            settings.named.leave_out(name.clone(), &key);
        }
    }
    for (key, value) in options {
        let name = format!("PIP_{}", key.to_ascii_uppercase().replace('-', "_"));
        settings.env.insert(name, value);
    }
    settings
        .env
        .insert("PIP_CONFIG_FILE".to_owned(), NO_FILE.to_owned());
}

/// The files that pip would read, the strongest last.
fn files(operator: &Operator) -> Vec<(&'static str, Utf8PathBuf)> {
    let named = operator.var("PIP_CONFIG_FILE");
    if named == Some(NO_FILE) {
        return Vec::new();
    }
    let mut files: Vec<(&str, Utf8PathBuf)> = system(operator)
        .into_iter()
        .rev()
        .map(|path| {
            let below = if path == "/etc" {
                "pip.conf"
            } else {
                "pip/pip.conf"
            };
            ("the machine's pip.conf", path.join(below))
        })
        .collect();
    let named = named.map(|path| operator.cwd.join(path));
    // An explicitly named file replaces the user's.
    match named.filter(|path| path.exists()) {
        Some(path) => files.push(("the file of PIP_CONFIG_FILE", path)),
        None => files.extend([
            ("pip.conf", operator.home.join(".pip/pip.conf")),
            (
                "pip.conf",
                operator
                    .home
                    .join("Library/Application Support/pip/pip.conf"),
            ),
            ("pip.conf", configuration(operator).join("pip/pip.conf")),
        ]),
    }
    files
}

/// Section, option and value of each entry, as Python's configparser reads them.
fn entries(text: &str) -> Vec<(String, String, String)> {
    let mut all: Vec<(String, String, String)> = Vec::new();
    let mut section = String::new();
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        let goes_on = line.starts_with(char::is_whitespace);
        if let (true, Some((.., value))) = (goes_on, all.last_mut()) {
            if !value.is_empty() {
                value.push(' ');
            }
            value.push_str(bare);
        } else if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            section = name.trim().to_ascii_lowercase();
        } else if let Some((key, value)) = bare.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            let key = key.trim_start_matches('-').to_owned();
            all.push((section.clone(), key, value.trim().to_owned()));
        }
    }
    all
}
