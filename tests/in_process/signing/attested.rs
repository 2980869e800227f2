//! A bundle and its attestation: what is said, who said it, and what is refused.

use std::path::Path;

use canary_gate::evidence::{
    Attested, Claims, Signature, attest, attestation_of, check_attestation,
};
use canary_gate::model::Verdict;
use canary_gate::model::subject::WorldKind;
use canary_gate::signing::{Envelope, Signer, Trusted, envelopes};
use canary_gate::store::disk::OsDisk;
use serde_json::{Value, json};

use super::stage::{claims, ed25519, p256, signer, trusting};

const REHEARSAL: &str = "rehearsal.tar.gz";

async fn attested(claims: &Claims, signers: &[&Signer]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.intoto.jsonl");
    for signer in signers {
        let done = attest(&OsDisk, &path, claims, signer).await.unwrap();
        assert_eq!(done, Attested::Added(3));
    }
    std::fs::read(&path).unwrap()
}

fn statements(attestation: &[u8]) -> Vec<Value> {
    let all = envelopes(attestation).unwrap();
    all.iter()
        .map(|one| serde_json::from_slice(&one.payload).unwrap())
        .collect()
}

/// One that passed, whole, in the real world.
fn real() -> Claims {
    let mut claims = claims(REHEARSAL);
    claims.subject.world = Some(WorldKind::Real);
    claims.subject.complete = true;
    claims.subject.verdict = Some(Verdict::Passed);
    claims
}

#[test]
fn the_file_lies_beside_the_bundle() {
    let path = attestation_of(Path::new("a/b.tar.gz"));
    assert_eq!(path, Path::new("a/b.tar.gz.intoto.jsonl"));
}

#[tokio::test]
async fn three_statements_are_about_bundle_wheels_and_commit() {
    let claims = claims(REHEARSAL);
    let statements = statements(&attested(&claims, &[&signer(&ed25519(1))]).await);
    let kinds: Vec<&str> = { statements.iter() }
        .map(|one| one["predicateType"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "urn:canary-gate:verdict:v1",
            "https://in-toto.io/attestation/test-result/v0.1",
            "https://slsa.dev/verification_summary/v1",
        ]
    );
    for statement in &statements {
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
        let subjects = statement["subject"].as_array().unwrap();
        assert_eq!(subjects[0]["digest"]["sha256"], *claims.sha256);
        assert!(subjects.len() >= 3, "{subjects:#?}");
        for wheel in &subjects[1..subjects.len() - 1] {
            assert_eq!(wheel["digest"]["sha256"].as_str().unwrap().len(), 64);
            let uri = wheel["uri"].as_str().unwrap();
            assert!(uri.starts_with("pkg:pypi/spec-kitty-cli@3.2.0rc"), "{uri}");
        }
        let commit = subjects.last().unwrap()["digest"]["gitCommit"].as_str();
        assert_eq!(commit.unwrap().len(), 40);
    }
    assert_eq!(statements[0]["predicate"]["journal"]["head"], *claims.head);
    let tests = &statements[1]["predicate"];
    let counted = |name: &str| tests[name].as_array().unwrap().len();
    assert!(
        counted("passedTests") + counted("warnedTests") > 30,
        "{tests:#}"
    );
    assert_eq!(counted("failedTests"), 0);
    assert_eq!(
        tests["configuration"][0]["digest"]["sha256"],
        *claims.subject.gate.sha256
    );
}

/// Who knows only yes and no gets a yes for the whole gate in the real world, and for nothing else.
#[tokio::test]
async fn only_the_whole_gate_in_the_real_world_is_attested_as_passed() {
    type Change = fn(&mut Claims);
    let cases: [(Change, &str, &str); 7] = [
        (|_| {}, "PASSED", "PASSED"),
        (|it| it.subject.complete = false, "WARNED", "FAILED"),
        (|it| it.subject.world = None, "WARNED", "FAILED"),
        (
            |it| it.subject.world = Some(WorldKind::Rehearsal { faults: vec![] }),
            "WARNED",
            "FAILED",
        ),
        (
            |it| it.subject.verdict = Some(Verdict::Failed),
            "FAILED",
            "FAILED",
        ),
        (
            |it| it.subject.verdict = Some(Verdict::Blocked),
            "FAILED",
            "FAILED",
        ),
        (|it| it.subject.verdict = None, "FAILED", "FAILED"),
    ];
    let key = signer(&ed25519(1));
    for (change, result, summary) in cases {
        let mut claims = real();
        change(&mut claims);
        let statements = statements(&attested(&claims, &[&key]).await);
        assert_eq!(statements[1]["predicate"]["result"], result);
        let predicate = &statements[2]["predicate"];
        assert_eq!(predicate["verificationResult"], summary);
        let level = if summary == "PASSED" {
            "CANARY_GATE_PASSED"
        } else {
            "FAILED"
        };
        assert_eq!(predicate["verifiedLevels"], json!([level]));
        assert_eq!(predicate["timeVerified"], claims.time.to_string());
    }
}

#[tokio::test]
async fn the_same_bundle_and_key_give_the_same_bytes_and_another_key_adds_to_them() {
    let claims = claims(REHEARSAL);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.intoto.jsonl");
    let (ann, ben) = (signer(&ed25519(1)), signer(&p256(2)));
    assert_eq!(
        attest(&OsDisk, &path, &claims, &ann).await.unwrap(),
        Attested::Added(3)
    );
    let first = std::fs::read(&path).unwrap();
    let again = attest(&OsDisk, &path, &claims, &ann).await.unwrap();
    assert_eq!(again, Attested::AlreadyThere);
    assert_eq!(std::fs::read(&path).unwrap(), first);
    attest(&OsDisk, &path, &claims, &ben).await.unwrap();
    let both = std::fs::read(&path).unwrap();
    assert!(both.starts_with(&first));
    assert_eq!(both, attested(&claims, &[&ann, &ben]).await);
    let there: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(there.len(), 1, "nothing else is left: {there:?}");
}

#[tokio::test]
async fn what_is_about_another_bundle_or_in_use_is_not_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.intoto.jsonl");
    let key = signer(&ed25519(1));
    attest(&OsDisk, &path, &claims("rehearsal-long-texts.tar.gz"), &key)
        .await
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    let told = attest(&OsDisk, &path, &claims(REHEARSAL), &key).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("`subject[0].name` is"), "{told}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(dir.path().join("b.intoto.jsonl.partial"), "").unwrap();
    let told = attest(&OsDisk, &path, &claims(REHEARSAL), &key).await;
    let told = told.unwrap_err().to_string();
    assert!(told.contains("another `gate attest` is at work"), "{told}");
    assert!(!path.exists());
}

fn signed(
    claims: &Claims,
    file: &[u8],
    trusted: &Trusted,
    threshold: usize,
) -> Result<usize, String> {
    match check_attestation(claims, file, trusted, threshold)? {
        Signature::Signed { by, .. } => Ok(by.len()),
        other => Err(format!("{other:?}")),
    }
}

#[tokio::test]
async fn two_signers_are_two_keys_of_two_people() {
    let claims = claims(REHEARSAL);
    let (ann, ben) = (signer(&ed25519(1)), signer(&p256(2)));
    let ann_too = signer(&ed25519(9));
    let both = attested(&claims, &[&ann, &ben]).await;
    let people = trusting(&[("ann", &ann), ("ben", &ben), ("ann", &ann_too)]);
    assert_eq!(signed(&claims, &both, &people, 2), Ok(2));
    let one = attested(&claims, &[&ann]).await;
    assert_eq!(signed(&claims, &one, &people, 1), Ok(1));
    // Once more the same envelopes; a second key of the same person; one key under two names; two
    // signatures of one key in one envelope, one of them under the other's id.
    let twice = [one.clone(), one.clone()].concat();
    let keys_of_ann = attested(&claims, &[&ann, &ann_too]).await;
    let two_names = trusting(&[("ann", &ann), ("ben", &ann)]);
    let mut doubled = envelopes(&one).unwrap();
    for envelope in &mut doubled {
        let mut second = envelope.signatures[0].clone();
        second.keyid = ben.public().id();
        envelope.signatures.push(second);
    }
    for (file, people) in [
        (&twice, &people),
        (&keys_of_ann, &people),
        (&twice, &two_names),
        (&written(&doubled), &people),
    ] {
        let told = signed(&claims, file, people, 2).unwrap_err();
        assert!(told.contains("alone; 2 are asked for"), "{told}");
    }
    // A second signature by another person in the same envelope is one.
    let mut shared = envelopes(&one).unwrap();
    for (envelope, other) in shared
        .iter_mut()
        .zip(envelopes(&both).unwrap().split_off(3))
    {
        envelope.signatures.extend(other.signatures);
    }
    assert_eq!(signed(&claims, &written(&shared), &people, 2), Ok(2));
}

fn written(envelopes: &[Envelope]) -> Vec<u8> {
    let lines: Vec<String> = envelopes.iter().map(|one| one.line().unwrap()).collect();
    lines.concat().into_bytes()
}

/// `keyid` is a hint that anyone can write.
#[tokio::test]
async fn a_key_id_lets_nobody_in_and_keeps_nobody_out() {
    let claims = claims(REHEARSAL);
    let (ann, eve) = (signer(&ed25519(1)), signer(&ed25519(6)));
    let people = trusting(&[("ann", &ann)]);
    let mut lying = envelopes(&attested(&claims, &[&eve]).await).unwrap();
    let mut silent = envelopes(&attested(&claims, &[&ann]).await).unwrap();
    for envelope in &mut lying {
        envelope.signatures[0].keyid = ann.public().id();
    }
    for envelope in &mut silent {
        envelope.signatures[0].keyid = "somebody else".to_owned();
    }
    let told = signed(&claims, &written(&lying), &people, 1).unwrap_err();
    assert_eq!(told, "none of the keys that were named signed it");
    assert_eq!(signed(&claims, &written(&silent), &people, 1), Ok(1));
}

/// Which statement, where in it, what it says instead, and what the refusal names.
type Lie = (usize, &'static str, Value, &'static str);

fn lies() -> Vec<Lie> {
    vec![
        (
            0,
            "/subject/0/digest/sha256",
            json!("00"),
            "subject[0].digest.sha256",
        ),
        (
            1,
            "/subject/1/digest/sha256",
            json!("00"),
            "subject[1].digest.sha256",
        ),
        (
            0,
            "/predicate/verdict",
            json!("failed"),
            "predicate.verdict",
        ),
        (
            0,
            "/predicate/world",
            json!({"kind": "real"}),
            "predicate.world",
        ),
        (
            0,
            "/predicate/scope",
            json!({"until": "WP02"}),
            "predicate.scope",
        ),
        (
            0,
            "/predicate/gate/sha256",
            json!("00"),
            "predicate.gate.sha256",
        ),
        (
            0,
            "/predicate/candidate/version",
            json!("9"),
            "predicate.candidate.version",
        ),
        (
            0,
            "/predicate/journal/head",
            json!("00"),
            "predicate.journal.head",
        ),
        (
            0,
            "/predicate/sandbox",
            json!("bwrap 9"),
            "predicate.sandbox",
        ),
        (1, "/predicate/result", json!("PASSED"), "predicate.result"),
        (
            1,
            "/predicate/passedTests/0",
            json!("T999"),
            "predicate.passedTests[0]",
        ),
        (
            2,
            "/predicate/verificationResult",
            json!("PASSED"),
            "predicate.verificationResult",
        ),
        (
            2,
            "/predicate/policy/digest/sha256",
            json!("00"),
            "predicate.policy.digest.sha256",
        ),
        (
            2,
            "/predicateType",
            json!("https://slsa.dev/provenance/v1"),
            "predicateType",
        ),
        (
            0,
            "/_type",
            json!("https://in-toto.io/Statement/v0.1"),
            "_type",
        ),
    ]
}

/// Signed by a trusted key, and yet: each field that says something else is refused by its name.
#[tokio::test]
async fn a_statement_that_says_something_else_is_refused_by_the_fields_name() {
    let claims = claims(REHEARSAL);
    let ann = signer(&ed25519(1));
    let people = trusting(&[("ann", &ann)]);
    let all = statements(&attested(&claims, &[&ann]).await);
    let cases = lies();
    for (which, pointer, value, named) in cases {
        let mut statement = all[which].clone();
        *statement.pointer_mut(pointer).unwrap() = value;
        let payload = serde_json::to_vec(&statement).unwrap();
        let mut file = attested(&claims, &[&ann]).await;
        file.extend(written(&[ann.envelope(payload).await.unwrap()]));
        let told = signed(&claims, &file, &people, 1).unwrap_err();
        assert!(
            told.contains(&format!("envelope 4: `{named}` is")),
            "{named}: {told}"
        );
    }
}

#[tokio::test]
async fn a_payload_is_read_as_strictly_as_its_envelope() {
    let claims = claims(REHEARSAL);
    let ann = signer(&ed25519(1));
    let people = trusting(&[("ann", &ann)]);
    let file = attested(&claims, &[&ann]).await;
    let own = String::from_utf8(envelopes(&file).unwrap()[0].payload.clone()).unwrap();
    let twice = own.replacen(r#""verdict":"#, r#""verdict":"failed","verdict":"#, 1);
    let cases = [
        (twice, "`verdict` appears twice in `predicate`"),
        (format!("{own} {own}"), "more follows it"),
        (format!("\u{feff}{own}"), "byte order mark"),
        ("[]".to_owned(), "no in-toto statement"),
    ];
    for (payload, expected) in cases {
        let envelope = ann.envelope(payload.into_bytes()).await.unwrap();
        let told = signed(&claims, &written(&[envelope]), &people, 1).unwrap_err();
        assert!(told.contains(expected), "{expected}: {told}");
    }
    // White space and the order of keys say nothing.
    let spaced = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&own).unwrap());
    let envelope = ann.envelope(spaced.unwrap().into_bytes()).await.unwrap();
    assert_eq!(signed(&claims, &written(&[envelope]), &people, 1), Ok(1));
}

#[tokio::test]
async fn every_changed_byte_of_the_gates_own_envelope_is_seen() {
    let claims = claims(REHEARSAL);
    let ann = signer(&ed25519(1));
    let people = trusting(&[("ann", &ann)]);
    let file = attested(&claims, &[&ann]).await;
    let end = file.iter().position(|byte| *byte == b'\n').unwrap();
    let own = file[..=end].to_vec();
    assert_eq!(signed(&claims, &own, &people, 1), Ok(1));
    let keyid = own
        .windows(7)
        .position(|bytes| bytes == b"\"keyid\"")
        .unwrap();
    for at in (0..end).step_by(97).chain(keyid - 30..end) {
        // The key id is a hint: what it says does not matter, only that it is a text.
        if (keyid + 9..keyid + 9 + 64).contains(&at) {
            continue;
        }
        let mut changed = own.clone();
        changed[at] ^= 1;
        assert!(signed(&claims, &changed, &people, 1).is_err(), "byte {at}");
    }
}

#[tokio::test]
async fn a_key_counts_while_it_is_valid_and_the_runs_end_is_the_time() {
    let claims = claims(REHEARSAL);
    let ann = signer(&ed25519(1));
    let file = attested(&claims, &[&ann]).await;
    let second = jiff::SignedDuration::from_secs(1);
    let with = |after: Option<jiff::Timestamp>, before: Option<jiff::Timestamp>| {
        let mut people = trusting(&[("ann", &ann)]);
        people.keys[0].after = after;
        people.keys[0].before = before;
        signed(&claims, &file, &people, 1)
    };
    let end = claims.time;
    assert_eq!(with(Some(end), Some(end + second)), Ok(1));
    for limits in [(Some(end + second), None), (None, Some(end))] {
        let told = with(limits.0, limits.1).unwrap_err();
        assert!(
            told.contains("the key of `ann` did not count when"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_signature_from_another_bundle_is_none_on_this() {
    let (this, other) = (claims(REHEARSAL), claims("rehearsal-long-texts.tar.gz"));
    let ann = signer(&ed25519(1));
    let people = trusting(&[("ann", &ann)]);
    let theirs = attested(&other, &[&ann]).await;
    assert_eq!(signed(&other, &theirs, &people, 1), Ok(1));
    assert!(signed(&this, &theirs, &people, 1).is_err());
    // Their signatures under our payloads.
    let ours = attested(&this, &[&signer(&ed25519(6))]).await;
    let mut mixed = envelopes(&ours).unwrap();
    for (envelope, their) in mixed.iter_mut().zip(envelopes(&theirs).unwrap()) {
        envelope.signatures = their.signatures;
    }
    assert!(signed(&this, &written(&mixed), &people, 1).is_err());
}
