//! The patterns of undeclared tokens: recognised by their prefix, redacted to their end.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use regex::bytes::Regex;

/// How many bytes from a position on decide whether a shape starts there.
pub(super) const REACH: usize = 640;

/// One kind of token.
#[derive(Debug)]
pub(super) struct Shape {
    /// Used in `‹secret:NAME›`, and the name of the expression's group.
    pub(super) name: &'static str,
    /// Bytes that may continue a token.
    goes_on: fn(u8) -> bool,
    /// Whether its first bytes are a token's.
    shows: fn(&[u8]) -> bool,
}

impl Shape {
    /// Whether `byte` continues a token.
    pub(super) fn goes_on(&self, byte: u8) -> bool {
        (self.goes_on)(byte)
    }
}

/// A token found by its shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShapeHit {
    pub(super) shape: &'static Shape,
    /// The start of the prefix that identifies it, such as `Authorization:`.
    pub(super) start: usize,
    /// Where the token itself starts.
    pub(super) token: usize,
    /// Up to here it belongs to the token whatever follows.
    pub(super) end: usize,
}

/// Name of the shape of a password in an address.
pub(super) const URL_PASSWORD: &str = "url-password";

/// Name of the pattern for the value of `Authorization:`.
const HEADER: &str = "authorization";
const GITHUB_TOKEN: &str = "github-token";

static SHAPES: [Shape; 9] = [
    shape(GITHUB_TOKEN, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'_'
    }),
    shape(GITHUB_TOKEN, |byte| {
        is_base64(byte) || b"_=-".contains(&byte)
    }),
    shape("fly-token", |byte| {
        is_base64(byte) || b"_=,-.".contains(&byte)
    }),
    shape(HEADER, |byte| is_base64(byte) || b"_=,-.~".contains(&byte)),
    shape(HEADER, |byte| is_base64(byte) || b"_=,-.~%".contains(&byte)),
    shape(HEADER, |byte| byte.is_ascii_hexdigit()),
    Shape {
        shows: has_digits,
        ..shape(HEADER, |byte| is_base64(byte) || b"_=,-.~".contains(&byte))
    },
    shape("daemon-token", |byte| !b"'\"\\\r\n".contains(&byte)),
    shape(URL_PASSWORD, |byte| !b" \t\r\n/@'\"<>".contains(&byte)),
];

const fn shape(name: &'static str, goes_on: fn(u8) -> bool) -> Shape {
    let shows = |_: &[u8]| true;
    Shape {
        name,
        goes_on,
        shows,
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Behind `Authorization:` there may be prose and source text too: those have hardly a digit.
fn has_digits(token: &[u8]) -> bool {
    token.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
        && token.iter().any(u8::is_ascii_alphabetic)
}

// The base64 form of a GitHub token is recognised by its start, which has three forms, depending on
// its offset in the text: `gho_` is `Z2hvX`, `dob18` or `naG9f`, and what follows. The preceding
// letter depends on other bytes and stays.
//
// A header is recognised in the forms in which programs write it: with quotes of JSON, of JSON
// within JSON, of Python's bytes, percent-encoded. After a scheme that is also a word, or without
// one, the token is guessed; in digest authentication only the response is secret.
//
// A daemon's token starts with characters of tokens: in `["grep", "…(9400, ", "x.py"]` the comma
// after the pattern's closing quote does not start one. Every repetition is bounded, so that
// `REACH` bytes always decide. A replacement starts with the byte 0xE2, which no alternative
// matches: a second pass changes nothing.
static EXPRESSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let quote = r#"(?:["'\\]|%(?:22|27|5[Cc]))"#;
    let blanks = r"(?:[\ \t+]|%20){0,4}";
    let opened = format!("(?:[bB]?{quote}{{1,8}})?");
    let is = format!(
        r#"{quote}{{0,8}}(?:{blanks}(?:[:=]|%3[Aa]){blanks}{opened}|["'],\ {{0,4}}[bB]?["'])"#
    );
    let scheme = "(?i:bearer|basic|token|flyv1)";
    let guessed = "(?i:api-?key|jwt|key|negotiate|dpop|aws4-hmac-sha256)";
    Regex::new(&format!(
        r#"(?-u)(?x)^(?:
        ( (?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{{20}} )
        | ( (?:Z2h[vw1zy]X[z0-3]|do(?:b1|cF|dV|c1|cl)[89]|na(?:G9|H[BVNJ])f
            |Z2l0aHViX3BhdF|dpdGh1Yl9wYXRf|naXRodWJfcGF0X)[A-Za-z0-9_+/=-]{{24}} )
        | ( (?:fm1[ar]_|fm2_|fo1_)[A-Za-z0-9_+/=-]{{20}} )
        | (?i:authorization){is}(?:
            {scheme}[\ \t]{{1,4}}([A-Za-z0-9._~+/=-]{{8}})
            | {scheme}(?:%20|\+){{1,4}}([A-Za-z0-9._~+/=%-]{{8}})
            | (?i:digest)[\ \t][^\r\n\xE2]{{0,400}}?(?i:response)=["'\\]{{0,8}}([0-9A-Fa-f]{{16}})
            | (?:{guessed}(?:[\ \t+]|%20){{1,4}})?([A-Za-z0-9._~+/=-]{{16,24}})
          )
        | run_sync_daemon\([0-9]{{1,6}},\ {{0,4}}\\{{0,2}}['"]([A-Za-z0-9_+/=.~-])
        | ://[^/\s:@'"<>]{{0,64}}:([^/\s@'"<>\xE2][^/\s@'"<>]{{0,255}})@
        )"#
    ))
    .ok()
});

/// How the expression's alternatives start; none occurs within another.
const STARTS: [&str; 30] = [
    "://",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "Z2hvX",
    "Z2hwX",
    "Z2h1X",
    "Z2hzX",
    "Z2hyX",
    "dob1",
    "docF",
    "dodV",
    "doc1",
    "docl",
    "naG9f",
    "naHBf",
    "naHVf",
    "naHNf",
    "naHJf",
    "Z2l0aHViX3BhdF",
    "dpdGh1Yl9wYXRf",
    "naXRodWJfcGF0X",
    "fm1a_",
    "fm1r_",
    "fm2_",
    "fo1_",
    "run_sync_daemon(",
];

/// One more, in any case of letters; its first three are enough to look closer.
const AUTHORIZATION: &str = "authorization";
const ITS_STARTS: [&str; 8] = ["aut", "auT", "aUt", "aUT", "Aut", "AuT", "AUt", "AUT"];

/// Where a token may start: everything else need not be shown to the expression.
static STARTING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(STARTS.iter().chain(&ITS_STARTS))
        .ok()
});

/// The first token at or after `from`.
pub(super) fn next(bytes: &[u8], from: usize) -> Option<ShapeHit> {
    let starting = STARTING.as_ref()?;
    let mut at = from;
    loop {
        let found = starting.find(Input::new(bytes).span(at..bytes.len()))?;
        let start = found.start();
        if may_start(&bytes[start..])
            && let Some(hit) = token_at(bytes, start)
        {
            return Some(hit);
        }
        at = start + 1;
    }
}

/// Whether it is worth trying the expression: most addresses and words are not tokens.
fn may_start(rest: &[u8]) -> bool {
    const LONGEST: usize = 64 + 1 + 256;
    match rest {
        [b':', b'/', b'/', rest @ ..] => {
            let ends = |byte: &u8| {
                matches!(
                    byte,
                    b'/' | b'@' | b'\'' | b'"' | b'<' | b'>' | b' ' | b'\t'..=b'\r'
                )
            };
            rest.iter().take(LONGEST + 1).find(|byte| ends(byte)) == Some(&b'@')
        }
        [b'a' | b'A', ..] => rest
            .get(..AUTHORIZATION.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(AUTHORIZATION.as_bytes())),
        _ => true,
    }
}

fn token_at(bytes: &[u8], start: usize) -> Option<ShapeHit> {
    let captures = EXPRESSION.as_ref()?.captures(&bytes[start..])?;
    let (index, token) =
        (0..SHAPES.len()).find_map(|index| Some((index, captures.get(index + 1)?)))?;
    (SHAPES[index].shows)(token.as_bytes()).then(|| ShapeHit {
        shape: &SHAPES[index],
        start,
        token: start + token.start(),
        end: start + captures.get_match().end(),
    })
}

/// All tokens in a text: name of the shape and value.
pub(super) fn found(text: &str) -> Vec<(&'static str, String)> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(hit) = next(bytes, from) {
        let more = bytes[hit.end..]
            .iter()
            .take_while(|byte| hit.shape.goes_on(**byte));
        let end = hit.end + more.count();
        let value = String::from_utf8_lossy(&bytes[hit.token..end]);
        all.push((hit.shape.name, value.into_owned()));
        from = end;
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_expressions_compile() {
        assert!(EXPRESSION.is_some() && STARTING.is_some());
    }

    proptest! {
        /// Checking only where a token may start finds the same as checking everywhere.
        #[test]
        fn no_start_is_passed_over(parts in prop::collection::vec(part(), 0..8)) {
            let text = parts.concat();
            let bytes = text.as_bytes();
            let everywhere = (0..bytes.len()).find_map(|start| token_at(bytes, start));
            let place = |hit: ShapeHit| (hit.shape.name, hit.start, hit.token, hit.end);
            prop_assert_eq!(next(bytes, 0).map(place), everywhere.map(place));
        }
    }

    fn part() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ghpousr_fmithub1a2:/]{1,8}",
            "(gh[pousr]_|github_pat_|fm1[ar]_|fm2_|fo1_)[A-Za-z0-9_]{15,25}",
            "(?i:authorization)[\"'\\\\]{0,2}[ \t]{0,4}[:=] (?i:bearer|token) [a-z0-9+/=]{6,10}",
            "run_sync_daemon\\([0-9]{1,6}, '[a-z,]{3}",
            "https?://[a-z.]{0,3}:?[a-z:]{0,3}[@/' ]?",
            "://[a-z]{60,66}:[a-z]{250,258}@",
        ]
    }
}
