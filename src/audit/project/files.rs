//! Requirements in text files: pip's own format, and the lists of `tox.ini`, `setup.cfg` and
//! `noxfile.py`.

use super::read::Project;

/// Deepest chain of files that name each other.
const DEEPEST: usize = 5;

/// Requirements of a file and of those it names; options for pip are left out.
pub(super) fn requirements(project: &Project, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    expand(project, path, 0, &mut all);
    all
}

fn expand(project: &Project, path: &str, depth: usize, to: &mut Vec<String>) {
    let Some(text) = project.text(path).filter(|_| depth < DEEPEST) else {
        return;
    };
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in joined.lines() {
        let near = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        line_of(project, near, line, depth, to);
    }
}

/// One line of pip's format.
pub(super) fn line_of(
    project: &Project,
    near: &str,
    line: &str,
    depth: usize,
    to: &mut Vec<String>,
) {
    let line = line.split(" #").next().unwrap_or(line).trim();
    if line.is_empty() || line.starts_with('#') {
        return;
    }
    for start in ["--requirement", "-r"] {
        if let Some(named) = line.strip_prefix(start) {
            let named = named.trim_start_matches(['=', ' ']).trim();
            expand(project, &below(near, named), depth + 1, to);
            return;
        }
    }
    let editable = ["--editable", "-e"]
        .iter()
        .find_map(|start| line.strip_prefix(start));
    let line = editable.map_or(line, |rest| rest.trim_start_matches(['=', ' ']));
    let line = line.split(" --hash").next().unwrap_or(line).trim();
    let line = line
        .strip_prefix("file:")
        .unwrap_or(line)
        .trim_matches(['"', '\'']);
    let own =
        line == "." || line.starts_with(".[") || line.starts_with(". ") || line.starts_with("./[");
    let foreign = line.starts_with(['-', '.', '/', '{']) || line.contains("://");
    if own || (!foreign && line.starts_with(|letter: char| letter.is_ascii_alphanumeric())) {
        to.push(line.to_owned());
    }
}

/// A path that is named near another one.
fn below(near: &str, named: &str) -> String {
    let named = named.strip_prefix("{toxinidir}/").unwrap_or(named);
    let mut parts: Vec<&str> = near.split('/').filter(|part| !part.is_empty()).collect();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Values of a key in a section of an ini file, line by line.
pub(super) fn ini(text: &str, section: &str, key: &str) -> Vec<String> {
    let mut here = false;
    let mut inside = false;
    let mut all = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        let name = bare
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next());
        if let Some(name) = name.filter(|_| !line.starts_with(char::is_whitespace)) {
            here = name.trim() == section;
            inside = false;
            continue;
        }
        if !here || bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with(char::is_whitespace) {
            if inside {
                all.push(bare.to_owned());
            }
            continue;
        }
        let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
        inside = name.trim() == key;
        if inside && !value.trim().is_empty() {
            all.push(value.trim().to_owned());
        }
    }
    all
}

/// Keys of a section of an ini file.
pub(super) fn ini_keys(text: &str, section: &str) -> Vec<String> {
    let mut here = false;
    let mut all = Vec::new();
    for line in text.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            here = name.trim() == section;
        } else if here
            && !line.starts_with(char::is_whitespace)
            && let Some((name, _)) = line.split_once('=')
        {
            all.push(name.trim().to_owned());
        }
    }
    all
}

/// Requirements of tox's `[testenv]`: its `deps`, extras and groups as `.[extra]`.
pub(super) fn tox(project: &Project) -> Vec<String> {
    let ini_text = project.text("tox.ini");
    let cfg_text = project.text("setup.cfg");
    let legacy = project.pyproject["tool"]["tox"]["legacy_tox_ini"].as_str();
    let mut all = Vec::new();
    for (text, section) in [
        (ini_text, "testenv"),
        (legacy, "testenv"),
        (cfg_text, "tox:testenv"),
    ] {
        let Some(text) = text else { continue };
        for line in ini(text, section, "deps") {
            line_of(project, "", without_factor(&line), 0, &mut all);
        }
        for line in ini(text, section, "extras") {
            let names = without_factor(&line).split([',', ' ']);
            all.extend(
                names
                    .filter(|name| !name.is_empty())
                    .map(|name| format!(".[{name}]")),
            );
        }
    }
    let read = project
        .text("tox.toml")
        .and_then(|text| toml::from_str::<serde_json::Value>(text).ok())
        .unwrap_or_default();
    let base = &read["env_run_base"];
    for line in super::read::strings(&base["deps"]) {
        line_of(project, "", &line, 0, &mut all);
    }
    let extras = super::read::strings(&base["extras"]);
    all.extend(extras.iter().map(|name| format!(".[{name}]")));
    all
}

/// `py38,cov: pytest` without the factors to which it applies.
fn without_factor(line: &str) -> &str {
    let Some((factors, rest)) = line.split_once(':') else {
        return line;
    };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "{},-!._".contains(letter);
    if factors.chars().all(plain) && !rest.starts_with("//") {
        rest.trim()
    } else {
        line
    }
}

/// Requirements that the test sessions of a `noxfile.py` install, as far as they are literals.
pub(super) fn nox(project: &Project) -> Vec<String> {
    let Some(text) = project.text("noxfile.py") else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for body in text.split("\ndef ").skip(1) {
        let name = body.split('(').next().unwrap_or_default();
        if !name.contains("test") {
            continue;
        }
        for call in body.split(".install(").skip(1) {
            let arguments = call.split(')').next().unwrap_or_default();
            let words: Vec<&str> = literals(arguments);
            let mut words = words.into_iter();
            while let Some(word) = words.next() {
                let line = if word == "-r" || word == "-e" {
                    format!("{word} {}", words.next().unwrap_or_default())
                } else {
                    word.to_owned()
                };
                line_of(project, "", &line, 0, &mut all);
            }
        }
    }
    all
}

/// Texts in quotes.
pub(super) fn literals(source: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let Some(end) = rest[at + 1..].find(quote) else {
            break;
        };
        all.push(&rest[at + 1..at + 1 + end]);
        rest = &rest[at + end + 2..];
    }
    all
}
