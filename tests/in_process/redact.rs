//! What must never be written down, however it is encoded and however a stream is split.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use canary_gate::world::redact::{Redactor, Scope};
use proptest::prelude::*;

const SECRET: &str = "hunter2/\"Ünïcode\"+and more";

fn redactor() -> Arc<Redactor> {
    let redactor = Arc::new(Redactor::new());
    assert!(redactor.add_secret("PASSWORD", SECRET));
    assert!(redactor.add_secret("SHORT", "abcd1234"));
    redactor.add_place("‹run›", "/tmp/gate/state/runs/01J");
    redactor.add_place("‹state›", "/tmp/gate/state");
    redactor.add_place("‹home›", "/home/al");
    redactor
}

/// What a stream makes of pieces.
fn streamed(redactor: &Arc<Redactor>, pieces: &[&[u8]]) -> String {
    let mut stream = redactor.stream(Scope::Everything);
    let mut out = Vec::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    String::from_utf8(out).expect("text stays text")
}

fn sample() -> String {
    let github = format!("ghp_{}", "a1B2".repeat(9));
    let fly = format!("FlyV1 fm2_{}", "lJPECAAAAAAAA/+=".repeat(40));
    [
        &format!(
            "plain {SECRET} and {}",
            STANDARD.encode(format!("xy{SECRET}z"))
        ),
        &format!("json {}", serde_json::json!({ "v": SECRET })),
        "percent hunter2%2F%22%C3%9Cn%C3%AFcode%22%2Band%20more;",
        &format!("token {github}. and {fly} end"),
        &format!(
            "Authorization: Bearer abcdefgh.ijklmn~op\r\nauthorization: \"token {SECRET} tail\""
        ),
        "run_sync_daemon(9407, 'a daemon''s token')\nrun_sync_daemon(9407, \\\"tok3n\\\")",
        "https://user:pa55word@index.example/simple and https://user@host",
        "/tmp/gate/state/runs/01J/home:/tmp/gate/state/runs/01JX /tmp/gate/state.",
        "/home/al /home/al/x /home/alice /home/al-x /home/al.d /home/al.",
        "abcd1234",
    ]
    .join("\n")
}

const CLEAN: &str = "plain ‹secret:PASSWORD› and eH‹secret:PASSWORD›eg==
json {\"v\":\"‹secret:PASSWORD›\"}
percent ‹secret:PASSWORD›;
token ‹secret:github-token›. and FlyV1 ‹secret:fly-token› end
Authorization: Bearer ‹secret:authorization›\r\nauthorization: \"token ‹secret:PASSWORD› tail\"
run_sync_daemon(9407, '‹secret:daemon-token›''s token')
run_sync_daemon(9407, \\\"‹secret:daemon-token›\\\")
https://user:‹secret:url-password›@index.example/simple and https://user@host
‹run›/home:‹state›/runs/01JX ‹state›.
‹home› ‹home›/x /home/alice /home/al-x /home/al.d ‹home›.
‹secret:SHORT›";

#[test]
fn every_form_is_replaced() {
    let clean = redactor().text(&sample());
    // Letters of base64 that depend on the neighbours may stay.
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let rest = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
    assert!(first(&clean).starts_with("plain ‹secret:PASSWORD› and "));
    assert!(
        first(&clean).matches("‹secret:PASSWORD›").count() == 2,
        "{clean}"
    );
    assert_eq!(rest(&clean), rest(CLEAN));
}

#[test]
fn a_split_at_every_position_changes_nothing() {
    let redactor = redactor();
    let text = sample();
    let whole = redactor.text(&text);
    for at in 0..=text.len() {
        let (one, other) = text.as_bytes().split_at(at);
        assert_eq!(streamed(&redactor, &[one, other]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(streamed(&redactor, &bytes), whole, "byte by byte");
}

#[test]
fn a_second_pass_changes_nothing() {
    let redactor = redactor();
    let once = redactor.text(&sample());
    assert_eq!(redactor.text(&once), once);
}

#[test]
fn ordinary_text_stays_as_it_is() {
    let redactor = redactor();
    for text in [
        "headers = {\"Authorization\": f\"Bearer {token}\"}",
        "run_sync_daemon({port}, '{token}')",
        "def run_sync_daemon(port: int, token: str) -> None:",
        "http://127.0.0.1:8000/health/",
        "git@github.com:owner/repo.git",
        "the ghp_ prefix, and fm2_x",
        "Access-Control-Allow-Headers: authorization, x-amz-content-sha256, x-amz-date-1",
        "\"Authorization\": self.authorization_header_of(request)",
        "authorization: required_for_every_request",
        "authorization, token management and jwt validation",
        "Authorization: 2026-05-21T10:11:12",
        "authorization=AuthorizationServer.get_instance()",
        "Authorization: Digest username and response",
        "[\"grep\", \"run_sync_daemon(9400, \", \"daemon.py\"]",
        "",
    ] {
        assert_eq!(redactor.text(text), text);
    }
    assert!(redactor.counts().is_empty());
}

#[test]
fn replacements_are_counted_by_name() {
    let redactor = redactor();
    let _clean = redactor.text(&format!("{SECRET} {SECRET} abcd1234"));
    let counts: Vec<(String, u64)> = redactor.counts().into_iter().collect();
    assert_eq!(
        counts,
        [("PASSWORD".to_owned(), 2), ("SHORT".to_owned(), 1)]
    );
}

#[test]
fn a_secret_may_come_late_and_may_be_too_short() {
    let redactor = Arc::new(Redactor::new());
    let mut stream = redactor.stream(Scope::Secrets);
    let mut out = Vec::new();
    stream.push(b"late-secret ", &mut out);
    assert!(redactor.add_secret("LATE", "late-secret"));
    assert!(!redactor.add_secret("TINY", "abc"));
    stream.push(b"late-secret abc", &mut out);
    stream.finish(&mut out);
    let text = String::from_utf8(out).expect("text");
    assert!(text.ends_with("‹secret:LATE› abc"), "{text}");
}

#[test]
fn a_token_learnt_from_its_shape_is_hidden_alone() {
    let redactor = Arc::new(Redactor::new());
    redactor
        .learn("python -c run_sync_daemon(9407, 'tok-123456789'); http://u:passwordpassword@h/");
    assert_eq!(redactor.text("a passwordpassword"), "a passwordpassword");
    assert_eq!(
        redactor.text("bearer is tok-123456789"),
        "bearer is ‹secret:daemon-token›"
    );
    assert_eq!(
        redactor.secret_in("x tok-123456789"),
        Some("daemon-token".to_owned())
    );
    assert_eq!(redactor.secret_in("nothing"), None);
}

/// A value as the writers in use write it down, by name.
fn encoded(value: &str) -> Vec<(&'static str, String)> {
    let percent = |kept: &str| -> String {
        let letter = |byte: u8| match char::from(byte) {
            letter if letter.is_ascii_alphanumeric() || kept.contains(letter) => letter.to_string(),
            _ => format!("%{byte:02X}"),
        };
        value.bytes().map(letter).collect()
    };
    let small = |text: &str| {
        let digits = regex::Regex::new("%[0-9A-F]{2}").expect("it compiles");
        digits
            .replace_all(text, |found: &regex::Captures<'_>| found[0].to_lowercase())
            .into_owned()
    };
    let quote = percent("-_.~/");
    let plus = percent("-_.~").replace("%20", "+");
    vec![
        ("plain", value.to_owned()),
        ("json", serde_json::json!(value).to_string()),
        (
            "json in json",
            serde_json::json!(serde_json::json!(value).to_string()).to_string(),
        ),
        ("quote, small", small(&quote)),
        ("quote", quote),
        ("quote_plus, small", small(&plus)),
        ("quote_plus", plus),
        ("quote with nothing safe", percent("-_.~")),
        ("encodeURIComponent", percent("-_.~!*'()")),
        ("encodeURI", percent("-_.~!*'();,/?:@&=+$#")),
        ("encodeURI, small", small(&percent("-_.~!*'();,/?:@&=+$#"))),
        ("base64", STANDARD.encode(value)),
    ]
}

/// Encodings that hide a value from the eye, and not from who decodes it.
#[test]
fn every_further_encoding_is_hidden() {
    let secret = "hunter2/+and~more-0123456789";
    let redactor = Arc::new(Redactor::new());
    assert!(redactor.add_secret("KEY", secret));
    let each = |one: &dyn Fn(u8) -> String| secret.bytes().map(one).collect::<String>();
    let hex = each(&|byte| format!("{byte:02x}"));
    let wide = |order: fn(u16) -> [u8; 2]| {
        let bytes = secret.encode_utf16().flat_map(order).collect();
        String::from_utf8(bytes).expect("ASCII")
    };
    let base32 = "NB2W45DFOIZC6K3BNZSH43LPOJSS2MBRGIZTINJWG44DS";
    for form in [
        hex.to_uppercase(),
        format!("{}\n{}", &hex[..20], &hex[20..]),
        hex,
        each(&|byte| format!("\\u{byte:04x}")),
        each(&|byte| format!("\\u{byte:04X}")),
        each(&|byte| format!("\\x{byte:02x}")),
        each(&|byte| format!("%{byte:02X}")),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
        base32.to_owned(),
        base32.to_lowercase(),
    ] {
        let text = format!("a {form} z");
        let whole = redactor.text(&text);
        let kept = whole.replacen("‹secret:KEY›", "", 1);
        assert!(kept.len() <= 6, "{form}: {whole}");
        for at in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(at);
            assert_eq!(streamed(&redactor, &[one, other]), whole, "split at {at}");
        }
    }
    for before in 0..6 {
        let once = STANDARD.encode(format!("{}{secret}", "x".repeat(before)));
        let twice = STANDARD.encode(format!("{}{once}", "y".repeat(before / 2)));
        let told = redactor.text(&twice);
        assert!(told.contains("‹secret:KEY›"), "{told}");
        assert!(told.len() < 50, "{told}");
    }
}

/// A token of the usual length, in base64 that was broken into lines anywhere.
#[test]
fn broken_base64_of_a_short_secret_is_hidden_whatever_the_column() {
    let secret = "tok-0123456789abcdefXYZ";
    let redactor = Arc::new(Redactor::new());
    assert!(redactor.add_secret("KEY", secret));
    for columns in [64, 76] {
        for end in ["\n", "\r\n", "\\n"] {
            for before in 0..90 {
                let text = in_lines(&format!("{}{secret}tail", "x".repeat(before)), columns, end);
                let told = redactor.text(&text);
                assert_eq!(told.matches("‹secret:KEY›").count(), 1, "{before}: {told}");
            }
        }
    }
}

/// Of no encoding anything is left that could be decoded, wherever a stream is split.
#[test]
fn every_encoding_is_hidden_at_every_split() {
    let redactor = redactor();
    for (how, form) in encoded(SECRET) {
        let text = format!("a {form} z");
        let whole = redactor.text(&text);
        let kept: String = whole.replace("‹secret:PASSWORD›", "");
        assert!(whole.contains("‹secret:PASSWORD›"), "{how}: {whole}");
        assert!(kept.len() <= 10, "{how}: {whole}");
        for at in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(at);
            assert_eq!(streamed(&redactor, &[one, other]), whole, "{how} at {at}");
        }
    }
}

/// Base64 in lines of `columns`, as `base64 -w` and PEM writers break it.
fn in_lines(text: &str, columns: usize, end: &str) -> String {
    let encoded = STANDARD.encode(text);
    let lines: Vec<&[u8]> = encoded.as_bytes().chunks(columns).collect();
    lines
        .iter()
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect::<Vec<_>>()
        .join(end)
}

/// Of a secret longer than a line nothing is left in base64, wherever the line ends stand.
#[test]
fn broken_base64_of_a_long_secret_is_hidden_whatever_the_column() {
    let secret = "-9Kq/".repeat(5) + &"tR+4z".repeat(10) + &"0hXb~".repeat(8);
    let redactor = Arc::new(Redactor::new());
    assert!(redactor.add_secret("KEY", &secret));
    for columns in [64, 76] {
        for end in ["\n", "\r\n", "\\n", "\\r\\n"] {
            for before in 0..80 {
                let text = in_lines(&format!("{}{secret}tail", "x".repeat(before)), columns, end);
                let whole = redactor.text(&text);
                let around = STANDARD.encode("x".repeat(before)).len() + 48;
                assert_eq!(
                    whole.matches("‹secret:KEY›").count(),
                    1,
                    "{before}: {whole}"
                );
                assert!(whole.len() <= around, "{before}: {whole}");
                if before % 19 == 0 {
                    for at in 0..=text.len() {
                        let (one, other) = text.as_bytes().split_at(at);
                        assert_eq!(streamed(&redactor, &[one, other]), whole, "split at {at}");
                    }
                }
            }
        }
    }
}

/// Tokens that nobody named: where they stand, and what is left.
#[test]
fn headers_are_found_as_programs_write_them_down() {
    let redactor = redactor();
    let token = "s0meT0kenOfNobody42";
    for (before, after) in [
        ("Authorization: Bearer ", ""),
        ("Authorization%3A%20Bearer%20", "&x=1"),
        ("Authorization%3a+Bearer+", ""),
        ("Authorization: Bearer%20", ""),
        ("%22Authorization%22%3A%20%22Bearer%20", ""),
        (
            "{\\\\\\\"Authorization\\\\\\\": \\\\\\\"Bearer ",
            "\\\\\\\"}",
        ),
        ("{\\\"authorization\\\":\\\"token ", "\\\"}"),
        ("[(b'Authorization', b'Bearer ", "'), (b'x', b'y')]"),
        ("[\"authorization\", \"Basic ", "\"]"),
        ("Authorization: ApiKey ", "\r\n"),
        ("Authorization: JWT ", "\n"),
        ("'Authorization': '", "'"),
        ("Authorization: ", "\nAccept: */*"),
    ] {
        let text = format!("{before}{token}{after}");
        let expected = format!("{before}‹secret:authorization›{after}");
        let whole = redactor.text(&text);
        assert_eq!(whole, expected);
        assert_eq!(redactor.text(&whole), whole, "a second pass");
        for at in 0..=text.len() {
            let (one, other) = text.as_bytes().split_at(at);
            assert_eq!(streamed(&redactor, &[one, other]), whole, "{text} at {at}");
        }
    }
    let digest = "Authorization: Digest username=\"al\", nonce=\"n\", \
                  response=\"6629fae49393a05397450978507c4ef1\", qop=auth";
    let told = redactor.text(digest);
    assert!(
        told.ends_with("response=\"‹secret:authorization›\", qop=auth"),
        "{told}"
    );
}

#[test]
fn a_github_token_is_found_in_base64() {
    let redactor = redactor();
    for kind in ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"] {
        for before in ["", "x", "al", "al:", "user"] {
            let text = STANDARD.encode(format!("{before}{kind}{}", "a1B2c3".repeat(6)));
            let told = redactor.text(&text);
            let rest = told.strip_suffix("‹secret:github-token›").expect(&told);
            assert!(rest.len() <= STANDARD.encode(before).len(), "{told}");
            assert_eq!(redactor.text(&told), told);
        }
    }
}

/// Pieces of text that hold secrets, parts of secrets, and what looks like them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(SECRET.to_owned()),
        Just("abcd1234".to_owned()),
        Just("Authorization: Bearer ".to_owned()),
        Just("Authorization%3A+".to_owned()),
        Just("(b'Authorization', b'JWT ".to_owned()),
        Just("Z2hvX2ExQjJjM2ExQjJjM2ExQjJjM2ExQjJjM2".to_owned()),
        Just("ghp_0123456789abcdefghijABCDEFGHIJ012345".to_owned()),
        Just("run_sync_daemon(9407, '".to_owned()),
        Just("://u:p@".to_owned()),
        Just("/tmp/gate/state/runs/01J".to_owned()),
        Just("/home/al".to_owned()),
        (0..SECRET.len()).prop_map(|end| SECRET.chars().take(end).collect()),
        "[a-z/ '.:@é‹›]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn splitting_never_matters(
        pieces in prop::collection::vec(piece(), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        static REDACTOR: LazyLock<Arc<Redactor>> = LazyLock::new(redactor);
        let redactor = &*REDACTOR;
        let text = pieces.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let parts: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let whole = redactor.text(&text);
        prop_assert_eq!(streamed(redactor, &parts), whole.clone());
        prop_assert!(!whole.contains(SECRET));
        prop_assert!(!whole.contains("abcd1234"));
    }
}
