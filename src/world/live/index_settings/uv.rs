//! uv's settings: its variables, and the file that `UV_CONFIG_FILE` names, or else the user's and
//! the machine's `uv.toml`.

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use super::settings::{IndexSettings, configuration, says_yes, system};
use crate::world::live::operator::Operator;

/// Variables that are handed over as they are.
const TAKEN: &[&str] = &[
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_INSECURE_HOST",
    "UV_OFFLINE",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_CONNECT_TIMEOUT",
    "UV_REQUEST_TIMEOUT",
    "UV_HTTP_RETRIES",
];

/// Keys of `uv.toml` with the variable for each, and the separator between two values.
const KEYS: &[(&str, &str, &str)] = &[
    ("index-url", "UV_DEFAULT_INDEX", ""),
    ("extra-index-url", "UV_EXTRA_INDEX_URL", " "),
    ("find-links", "UV_FIND_LINKS", ","),
    ("no-index", "UV_NO_INDEX", ""),
    ("keyring-provider", "UV_KEYRING_PROVIDER", ""),
    ("native-tls", "UV_NATIVE_TLS", ""),
    ("system-certs", "UV_SYSTEM_CERTS", ""),
    ("allow-insecure-host", "UV_INSECURE_HOST", " "),
    ("offline", "UV_OFFLINE", ""),
    ("http-proxy", "HTTP_PROXY", ""),
    ("https-proxy", "HTTPS_PROXY", ""),
    ("no-proxy", "NO_PROXY", ","),
];

/// Keys whose values may be paths, which count from the file.
const PATHS: [&str; 3] = ["index-url", "extra-index-url", "find-links"];

pub(super) fn gather(operator: &Operator, settings: &mut IndexSettings) {
    for (name, value) in &operator.env {
        let Some(key) = name.strip_prefix("UV_") else {
            continue;
        };
        let of_index = name.starts_with("UV_INDEX_")
            && (name.ends_with("_USERNAME") || name.ends_with("_PASSWORD"));
        if TAKEN.contains(&name.as_str()) || of_index {
            settings.env.insert(name.clone(), value.clone());
            settings.named.take(name.clone());
        } else if !matches!(key, "CONFIG_FILE" | "NO_CONFIG") {
            settings.named.leave_out(name.clone(), key);
        }
    }
    for (called, path) in files(operator) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        match text.parse::<Table>() {
            Ok(table) => of_file(called, &path, &table, settings),
            Err(error) => {
                let why = error.message().lines().next().unwrap_or_default();
                settings.named.unreadable(called, why);
            }
        }
    }
}

/// The files that uv would read, the strongest first.
fn files(operator: &Operator) -> Vec<(&'static str, Utf8PathBuf)> {
    if let Some(path) = operator.var("UV_CONFIG_FILE") {
        return vec![("the file of UV_CONFIG_FILE", operator.cwd.join(path))];
    }
    if operator.var("UV_NO_CONFIG").is_some_and(says_yes) {
        return Vec::new();
    }
    let user = configuration(operator).join("uv/uv.toml");
    let machine = system(operator)
        .into_iter()
        .map(|path| path.join("uv/uv.toml"));
    let machine = machine.filter(|path| path.is_file()).take(1);
    std::iter::once(("uv.toml", user))
        .chain(machine.map(|path| ("the machine's uv.toml", path)))
        .collect()
}

/// A file's settings: those of `[pip]` are stronger in the commands that the gate uses.
fn of_file(called: &str, path: &Utf8Path, table: &Table, settings: &mut IndexSettings) {
    let directory = path.parent().unwrap_or(Utf8Path::new("/"));
    let pip = table.get("pip").and_then(Value::as_table);
    for (section, entries) in [("[pip] ", pip), ("", Some(table))] {
        for (key, value) in entries.into_iter().flatten() {
            if section.is_empty() && key == "pip" {
                continue;
            }
            let name = format!("{called}: {section}{key}");
            if key == "index" {
                indexes(&name, value, directory, settings);
            } else if let Some((_, variable, between)) = KEYS.iter().find(|(one, ..)| one == key) {
                let values = texts(value).map(|text| located(key, &text, directory));
                add(settings, variable, between, values.collect());
                settings.named.take(name);
            } else {
                settings.named.leave_out(name, key);
            }
        }
    }
}

/// Appends values to existing ones if several are allowed; otherwise an existing value takes
/// precedence.
fn add(settings: &mut IndexSettings, variable: &str, between: &str, values: Vec<String>) {
    let default_by_old_name =
        variable == "UV_DEFAULT_INDEX" && settings.env.contains_key("UV_INDEX_URL");
    let there = settings.env.get(variable).cloned();
    let all = match there {
        None if default_by_old_name => return,
        Some(_) if between.is_empty() => return,
        there => there.into_iter().chain(values).collect::<Vec<_>>(),
    };
    if !all.is_empty() {
        settings.env.insert(variable.to_owned(), all.join(between));
    }
}

/// The `[[index]]` tables. One that is only for packages that a project pins to it serves nothing
/// here.
fn indexes(name: &str, value: &Value, directory: &Utf8Path, settings: &mut IndexSettings) {
    for index in value.as_array().into_iter().flatten() {
        let yes = |key: &str| index.get(key).and_then(Value::as_bool) == Some(true);
        let Some(url) = index.get("url").and_then(Value::as_str) else {
            settings.named.unreadable(name, "an index has no url");
            continue;
        };
        let url = located("index-url", url, directory);
        let called = index.get("name").and_then(Value::as_str);
        if yes("explicit") {
            let which = called.unwrap_or("without a name");
            settings
                .named
                .leave_out(format!("{name} `{which}` (explicit)"), "explicit");
        } else if yes("default") {
            add(settings, "UV_DEFAULT_INDEX", "", vec![url]);
            settings.named.take(name.to_owned());
        } else {
            let one = called.map_or_else(|| url.clone(), |called| format!("{called}={url}"));
            add(settings, "UV_INDEX", " ", vec![one]);
            settings.named.take(name.to_owned());
        }
    }
}

fn texts(value: &Value) -> impl Iterator<Item = String> {
    let one = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        other => vec![one(other)],
    }
    .into_iter()
}

/// A path in a file counts from the file.
fn located(key: &str, text: &str, directory: &Utf8Path) -> String {
    if !PATHS.contains(&key) || text.contains("://") || text.starts_with('/') {
        return text.to_owned();
    }
    directory.join(text).into_string()
}
