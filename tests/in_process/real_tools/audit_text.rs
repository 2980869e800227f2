//! Texts as Python reads them: line ends, encodings, names of files that are no UTF-8.

use std::collections::BTreeMap;

use crate::audit_support::repo::{Builder, Repo};
use crate::audit_support::world::TestWorld;
use canary_gate::audit::syntax::Unreadable;
use canary_gate::audit::{AuditRequest, Behaviour, Nature, behaviour};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

const PATH: &str = "src/app/q.py";

async fn judged(repo: &Repo, fix: &str, directory: &std::path::Path) -> Behaviour {
    let mut req = AuditRequest::new(
        Place::new(repo.path.to_str().unwrap()),
        fix,
        Place::new(directory.to_str().unwrap()),
    );
    req.scope = vec!["src/app/".to_owned()];
    let world = TestWorld::new(&directory.join("home"));
    behaviour(&world, &SubtaskId::new("T004"), &req)
        .await
        .unwrap()
}

const PLAIN: &[u8] =
    b"TEXT = \"\"\"\nin_review\nplanned\n\"\"\"\n\n\ndef lane(state):\n    return TEXT if state else 'x'\n";

fn replaced(text: &[u8], find: &str, by: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest
        .windows(find.len())
        .position(|here| here == find.as_bytes())
    {
        all.extend_from_slice(&rest[..at]);
        all.extend_from_slice(by);
        rest = &rest[at + find.len()..];
    }
    all.extend_from_slice(rest);
    all
}

type Case = (&'static str, Nature, Vec<u8>, Vec<u8>);

fn cases() -> Vec<Case> {
    use Nature::{Behaviour, Diagnostic, Undetermined};
    let crlf = replaced(PLAIN, "\n", b"\r\n");
    let cr = replaced(PLAIN, "\n", b"\r");
    let mark = [b"\xef\xbb\xbf", PLAIN].concat();
    let changed = replaced(PLAIN, "else 'x'", b"else 'y'");
    let latin = |text: &[u8]| [b"# -*- coding: latin-1 -*-\n", text].concat();
    let umlaut = replaced(PLAIN, "'x'", b"'\xe9'");
    let other = replaced(PLAIN, "'x'", b"'\xe8'");
    let western = |text: &[u8]| [b"# vim: set fileencoding=cp1252 :\n", text].concat();
    let log = b"import logging\n\n\ndef lane(state):\n    logging.info('\xe9')\n    return 1\n";
    let more =
        b"import logging\n\n\ndef lane(state):\n    logging.info('\xe8 again')\n    return 1\n";
    let unknown = "def lane(state):\n    return '\u{fffd}'\n"
        .as_bytes()
        .to_vec();
    let known = "def lane(state):\n    return '?'\n".as_bytes().to_vec();
    let beside = "def lane(state):\n    # a note\n    return '\u{fffd}'\n";
    vec![
        ("CRLF", Diagnostic, PLAIN.to_vec(), crlf.clone()),
        ("and back", Diagnostic, crlf.clone(), PLAIN.to_vec()),
        ("CR alone", Diagnostic, PLAIN.to_vec(), cr),
        ("a byte order mark", Diagnostic, PLAIN.to_vec(), mark.clone()),
        ("CRLF and a change", Behaviour, PLAIN.to_vec(), replaced(&changed, "\n", b"\r\n")),
        ("a mark and a change", Behaviour, mark, changed),
        (
            "an escaped line end is text",
            Behaviour,
            b"TEXT = 'a\\n'\n".to_vec(),
            b"TEXT = 'a\\r\\n'\n".to_vec(),
        ),
        ("latin-1, a comment", Diagnostic, latin(&umlaut), latin(&[b"# \xe4\n", &umlaut[..]].concat())),
        ("latin-1, another letter", Behaviour, latin(&umlaut), latin(&other)),
        ("latin-1, a log", Diagnostic, latin(log), latin(more)),
        (
            "latin-1 becomes UTF-8, the same text",
            Diagnostic,
            latin(&umlaut),
            "TEXT = \"\"\"\nin_review\nplanned\n\"\"\"\n\n\ndef lane(state):\n    return TEXT if state else 'é'\n"
                .as_bytes()
                .to_vec(),
        ),
        ("cp1252, another letter", Behaviour, western(b"X = '\x80'\n"), western(b"X = '\x85'\n")),
        (
            "the same bytes in another encoding",
            Behaviour,
            "# coding: utf-8\nX = 'é'\n".as_bytes().to_vec(),
            "# coding: latin-1\nX = 'é'\n".as_bytes().to_vec(),
        ),
        ("no encoding, no UTF-8", Undetermined, PLAIN.to_vec(), umlaut.clone()),
        ("no encoding on both sides", Undetermined, umlaut, other),
        ("UTF-16", Undetermined, PLAIN.to_vec(), b"\xff\xfeX\x00=\x001\x00\n\x00".to_vec()),
        ("U+FFFD is text", Behaviour, unknown.clone(), known),
        ("beside U+FFFD", Diagnostic, unknown, beside.as_bytes().to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_are_read_as_python_reads_them() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let cases = cases();
    for (name, _, before, after) in &cases {
        let old = builder.commit(
            &[],
            BTreeMap::from([(PATH.to_owned(), before.clone())]),
            "old",
        );
        builder.commit(
            &[old],
            BTreeMap::from([(PATH.to_owned(), after.clone())]),
            name,
        );
    }
    let repo = builder.write(&directory.path().join("repo"));
    let mut wrong = Vec::new();
    for (at, (name, expected, ..)) in cases.iter().enumerate() {
        let judged = judged(&repo, &repo.names[2 * at + 1], directory.path()).await;
        if judged.nature != *expected {
            wrong.push((*name, *expected, judged));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The repository's own attributes may call every file text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_of_the_repository_do_not_hide_bytes() {
    let directory = tempfile::tempdir().unwrap();
    for (attributes, expected) in [
        ("*.py diff=python\n", Nature::Behaviour),
        ("* text=auto\n*.py text eol=crlf\n", Nature::Behaviour),
        ("*.py diff\n", Nature::Undetermined),
    ] {
        let mut builder = Builder::default();
        let version = |letter: &[u8]| {
            let text = [b"# coding: latin-1\nX = '", letter, b"'\n"].concat();
            BTreeMap::from([
                (PATH.to_owned(), text),
                (".gitattributes".to_owned(), attributes.as_bytes().to_vec()),
            ])
        };
        let old = builder.commit(&[], version(b"\xe9"), "old");
        builder.commit(&[old], version(b"\xe8"), "new");
        let place = tempfile::tempdir_in(directory.path()).unwrap();
        let repo = builder.write(&place.path().join("repo"));
        let judged = judged(&repo, "main", place.path()).await;
        assert_eq!(judged.nature, expected, "{attributes}");
        if expected == Nature::Undetermined {
            assert_eq!(judged.unreadable, [(PATH.to_owned(), Unreadable::Binary)]);
        }
    }
}

/// `b\xff.py` and its like: what they hold is judged, and they stop nothing else.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_files_that_are_no_utf_8() {
    let directory = tempfile::tempdir().unwrap();
    let odd = "\"src/app/b\\377.py\"".to_owned();
    let quoted = "src/app/a \"b\".py".to_owned();
    let text = |value: &str| format!("def lane():\n    return {value}\n").into_bytes();
    let mut builder = Builder::default();
    let old = builder.commit(
        &[],
        BTreeMap::from([(odd.clone(), text("1")), (PATH.to_owned(), text("1"))]),
        "old",
    );
    let logs = builder.commit(
        &[old],
        BTreeMap::from([
            (
                odd.clone(),
                b"# a note\ndef lane():\n    return 1\n".to_vec(),
            ),
            (PATH.to_owned(), text("1")),
        ]),
        "a note",
    );
    let fixed = builder.commit(
        &[logs],
        BTreeMap::from([(odd, text("2")), (PATH.to_owned(), text("1"))]),
        "in the odd one",
    );
    builder.commit(
        &[fixed],
        BTreeMap::from([(PATH.to_owned(), text("2")), (quoted, text("2"))]),
        "the odd one goes, another comes",
    );
    let repo = builder.write(&directory.path().join("repo"));
    let expected = [Nature::Diagnostic, Nature::Behaviour, Nature::Behaviour];
    for (name, expected) in repo.names[1..].iter().zip(expected) {
        let judged = judged(&repo, name, directory.path()).await;
        assert_eq!(judged.nature, expected, "{judged:#?}");
        assert!(judged.unreadable.is_empty());
    }
}
