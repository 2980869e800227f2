//! The operator's netrc: only its logins for the configured indexes are passed. Third-party code
//! that an installer runs can see these logins, as it can see the index itself, and no others.

use std::collections::{BTreeMap, BTreeSet};

/// Variables that name indexes, or pages and files that are used as one.
const INDEXES: [&str; 8] = [
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
];

/// What an installer gets of a netrc.
#[derive(Default, PartialEq, Eq)]
pub(in crate::world::live) struct Netrc {
    /// The selected logins, as a netrc of their own; none if there are none.
    pub(in crate::world::live) text: Option<String>,
    /// What they log in with.
    pub(in crate::world::live) passwords: Vec<String>,
    /// How many other logins there are.
    pub(in crate::world::live) left_out: usize,
}

impl Netrc {
    /// The logins at the indexes that these variables name.
    pub(in crate::world::live) fn for_indexes(text: &str, env: &BTreeMap<String, String>) -> Self {
        let hosts: BTreeSet<String> = addresses(env).filter_map(host).collect();
        let mut netrc = Self::default();
        for login in logins(text) {
            let named = login.host.is_some_and(|name| hosts.contains(&plain(name)));
            if !named {
                netrc.left_out += 1;
                continue;
            }
            let line = netrc.text.get_or_insert_default();
            line.push_str(&login.words.join(" "));
            line.push('\n');
            let after = |word: &&[&str]| word[0] == "password";
            let pairs = login.words.chunks_exact(2).filter(after);
            netrc.passwords.extend(pairs.map(|pair| plain(pair[1])));
        }
        netrc
    }
}

/// Passwords in the addresses of indexes.
pub(in crate::world::live) fn passwords(env: &BTreeMap<String, String>) -> Vec<String> {
    let users = addresses(env).filter_map(|address| authority(address)?.rsplit_once('@'));
    let passwords = users.filter_map(|(user, _)| user.split_once(':'));
    passwords.map(|(_, password)| password.to_owned()).collect()
}

fn addresses(env: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let values = INDEXES.iter().filter_map(|name| env.get(*name));
    values.flat_map(|value| value.split([' ', ',', '\n', '\t']))
}

/// The part between `//` and the path; none for a path on this machine.
fn authority(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

fn host(address: &str) -> Option<String> {
    let authority = authority(address)?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let port = |rest: &str| rest.chars().all(|letter| letter.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, rest)) if port(rest) => name,
        _ => host,
    };
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// One login, as written.
struct Login<'t> {
    /// Nothing for the default.
    host: Option<&'t str>,
    words: Vec<&'t str>,
}

fn logins(text: &str) -> Vec<Login<'_>> {
    let mut all: Vec<Login<'_>> = Vec::new();
    let mut words = words(text).into_iter();
    while let Some(word) = words.next() {
        match word {
            "machine" => {
                let Some(name) = words.next() else { break };
                all.push(Login {
                    host: Some(name),
                    words: vec![word, name],
                });
            }
            "default" => all.push(Login {
                host: None,
                words: vec![word],
            }),
            "login" | "user" | "password" | "account" => {
                if let (Some(login), Some(value)) = (all.last_mut(), words.next()) {
                    login.words.extend([word, value]);
                }
            }
            _ => {}
        }
    }
    all
}

/// The words without comments and macros; a quoted text is one word.
fn words(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            // An empty line ends it.
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = rest.split_at(end_of_word(rest));
            if word == "macdef" {
                in_macro = true;
                break;
            }
            all.push(word);
            rest = after.trim_start();
        }
    }
    all
}

fn end_of_word(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == '"' {
            quoted = !quoted;
        } else if letter.is_whitespace() && !quoted {
            return at;
        }
    }
    text.len()
}

/// A word without its quotes.
fn plain(word: &str) -> String {
    let inner = word
        .strip_prefix('"')
        .and_then(|word| word.strip_suffix('"'));
    inner.unwrap_or(word).replace('\\', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = variables.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_logins_at_the_configured_indexes_are_kept() {
        let netrc = "# mine\nmachine github.com login me password ghp_secret\n\
                     machine index.corp\n  login al\n  password \"a b#c\"\nmacdef init\n\
                     machine index.corp login no password macro\n\n\
                     machine files.corp login al password files # more\n\
                     default login anonymous password x\n";
        let env = env(&[
            (
                "UV_DEFAULT_INDEX",
                "https://u:in-url@index.corp:8443/simple",
            ),
            ("UV_FIND_LINKS", "/srv/wheels,https://FILES.corp/x?y#z"),
            ("HTTPS_PROXY", "http://github.com:1"),
        ]);
        let kept = Netrc::for_indexes(netrc, &env);
        assert_eq!(
            kept.text.as_deref(),
            Some(
                "machine index.corp login al password \"a b#c\"\n\
                 machine files.corp login al password files\n"
            )
        );
        assert_eq!(kept.passwords, ["a b#c", "files"]);
        assert_eq!(kept.left_out, 2);
        assert_eq!(passwords(&env), ["in-url"]);
    }

    #[test]
    fn without_an_index_there_is_no_login() {
        let kept = Netrc::for_indexes("machine other.example login a password b", &env(&[]));
        assert!(kept.text.is_none() && kept.left_out == 1);
        assert!(Netrc::for_indexes("machine", &env(&[])) == Netrc::default());
    }
}
