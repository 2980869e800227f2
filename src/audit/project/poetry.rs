//! Poetry's own syntax for requirements, and what its lock pins.

use serde_json::Value;

use super::read::normal;

/// A table of poetry's dependencies as requirements; what has no release is left out.
pub(super) fn requirements(table: &Value) -> Vec<String> {
    let all = table.as_object().into_iter().flatten();
    all.filter(|(name, _)| name.as_str() != "python")
        .flat_map(|(name, value)| match value {
            Value::Array(several) => several.iter().map(|one| (name, one)).collect(),
            one => vec![(name, one)],
        })
        .filter_map(|(name, value)| requirement(name, value))
        .collect()
}

fn requirement(name: &str, value: &Value) -> Option<String> {
    if let Some(version) = value.as_str() {
        return Some(format!("{name}{}", versions(version)));
    }
    let version = value["version"].as_str()?;
    let extras = super::read::strings(&value["extras"]).join(",");
    let extras = if extras.is_empty() {
        extras
    } else {
        format!("[{extras}]")
    };
    let mut markers = Vec::new();
    if let Some(python) = value["python"].as_str() {
        let parts = versions(python);
        markers.extend(
            parts
                .split(',')
                .filter(|part| !part.is_empty())
                .filter_map(python_marker),
        );
    }
    if let Some(marker) = value["markers"].as_str() {
        markers.push(format!("({marker})"));
    }
    let marker = if markers.is_empty() {
        String::new()
    } else {
        format!(" ; {}", markers.join(" and "))
    };
    Some(format!("{name}{extras}{}{marker}", versions(version)))
}

fn python_marker(part: &str) -> Option<String> {
    let at = part.find(|letter: char| letter.is_ascii_digit())?;
    let (operator, version) = part.split_at(at);
    Some(format!("python_version {operator} '{version}'"))
}

/// Poetry's constraint as a version specifier; several alternatives are none.
fn versions(constraint: &str) -> String {
    if constraint.contains("||") || constraint.contains(" | ") {
        return String::new();
    }
    let parts = constraint.split(',').map(str::trim).map(one_version);
    parts
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(",")
}

fn one_version(part: &str) -> String {
    if part.is_empty() || part == "*" {
        return String::new();
    }
    if let Some(version) = part.strip_prefix('^') {
        let numbers: Vec<&str> = version.split('.').collect();
        let first = numbers.iter().position(|number| *number != "0");
        return between(version, first.unwrap_or(numbers.len() - 1));
    }
    if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        let version = version.trim();
        return between(version, usize::from(version.contains('.')));
    }
    if part.starts_with(|letter: char| letter.is_ascii_digit()) {
        return format!("=={part}");
    }
    part.replace(' ', "")
}

/// At least this version, and below the next one that differs at this place.
fn between(version: &str, place: usize) -> String {
    let number = |text: &str| -> u64 {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    let mut next: Vec<u64> = version.split('.').take(place + 1).map(number).collect();
    if let Some(last) = next.last_mut() {
        *last += 1;
    }
    let next: Vec<String> = next.iter().map(u64::to_string).collect();
    format!(">={},<{}", version.trim(), next.join("."))
}

/// The pins of a `poetry.lock`, for packages with exactly one version.
pub(super) fn pins(lock: &str) -> Vec<String> {
    let read: Value = toml::from_str(lock).unwrap_or_default();
    let packages: Vec<(String, &str)> = read["package"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| package["source"].is_null())
        .filter_map(|package| {
            Some((
                normal(package["name"].as_str()?),
                package["version"].as_str()?,
            ))
        })
        .collect();
    let once = |name: &String| packages.iter().filter(|(other, _)| other == name).count() == 1;
    packages
        .iter()
        .filter(|(name, _)| once(name))
        .map(|(name, version)| format!("{name}=={version}"))
        .collect()
}

/// What a `Pipfile.lock` pins.
pub(super) fn pipfile_pins(lock: &str) -> Vec<String> {
    let read: Value = serde_json::from_str(lock).unwrap_or_default();
    let sections = ["default", "develop"].map(|section| &read[section]);
    sections
        .iter()
        .flat_map(|section| section.as_object().into_iter().flatten())
        .filter_map(|(name, package)| {
            Some(format!("{}{}", normal(name), package["version"].as_str()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_spelled_as_specifiers() {
        for (poetry, plain) in [
            ("*", ""),
            ("^7.2", ">=7.2,<8"),
            ("^0.4.1", ">=0.4.1,<0.5"),
            ("^0.0.3", ">=0.0.3,<0.0.4"),
            ("~1.2", ">=1.2,<1.3"),
            ("~3", ">=3,<4"),
            ("~=1.4", "~=1.4"),
            ("1.2.*", "==1.2.*"),
            ("1.2.3", "==1.2.3"),
            (">= 2.0, <4", ">=2.0,<4"),
            ("^1 || ^2", ""),
        ] {
            assert_eq!(versions(poetry), plain, "{poetry}");
        }
    }

    #[test]
    fn a_table_says_more_than_a_version() {
        let table = serde_json::json!({
            "python": "^3.8",
            "pytest": "^7",
            "tomli": {"version": "^2.0", "python": "<3.11"},
            "httpx": {"version": ">=0.23", "extras": ["http2"]},
            "local": {"path": "../local"},
        });
        assert_eq!(
            requirements(&table),
            [
                "pytest>=7,<8",
                "tomli>=2.0,<3 ; python_version < '3.11'",
                "httpx[http2]>=0.23",
            ]
        );
    }
}
