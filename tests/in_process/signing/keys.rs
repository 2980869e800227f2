//! Every kind of key that people have: what signs, what verifies, and what is told of the rest.

use base64::Engine as _;
use canary_gate::signing::{
    Algorithm, KeyError, PAYLOAD_TYPE, PrivateKey, PublicKey, pae, trusted,
};
use canary_gate::store::sha256_hex;
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};

use super::stage::{ed25519, made, p256, tool};

/// Makes one key of each kind with the tools that people use: its file, and its public PEM.
fn keys_of_tools(dir: &std::path::Path) -> Vec<(String, String)> {
    let all = [
        "openssl genpkey -algorithm ed25519 -out ed.pem",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem",
        "ssh-keygen -q -t ed25519 -N  -C me -f ssh",
    ];
    for command in all {
        let argv: Vec<&str> = command.split(' ').collect();
        made(dir, &argv);
    }
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let public = |name: &str| made(dir, &["openssl", "pkey", "-in", name, "-pubout"]);
    let line = "me ".to_owned() + &read("ssh.pub");
    vec![
        (read("ed.pem"), public("ed.pem")),
        (read("p256.pem"), public("p256.pem")),
        (read("ssh"), line),
    ]
}

#[test]
fn every_kind_of_key_signs_what_its_public_half_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = pae(PAYLOAD_TYPE, b"{}");
    for (private, public) in keys_of_tools(dir.path()) {
        let key = PrivateKey::from_pem(&private).unwrap();
        let known = trusted(&public).unwrap().remove(0).key;
        assert_eq!(&known, key.public());
        let signature = key.sign(&bytes);
        assert_eq!(signature, key.sign(&bytes), "the same bytes each time");
        assert!(known.made(&bytes, &signature));
        assert!(!known.made(&pae(PAYLOAD_TYPE, b"{ }"), &signature));
        let shown = format!("{key:?}");
        assert!(shown.contains(&known.id()) && shown.len() < 90, "{shown}");
    }
}

/// What `docs/signing.md` says: nothing of the gate's is needed to check a signature.
#[test]
fn openssl_verifies_the_signed_bytes_and_gives_the_key_its_id() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let bytes = pae(PAYLOAD_TYPE, br#"{"_type":"x"}"#);
    std::fs::write(dir.join("pae"), &bytes).unwrap();
    std::fs::write(dir.join("other"), pae(PAYLOAD_TYPE, b"{}")).unwrap();
    for pem in [ed25519(1), p256(1)] {
        let key = PrivateKey::from_pem(&pem).unwrap();
        std::fs::write(dir.join("pub.pem"), key.public().pem().unwrap()).unwrap();
        std::fs::write(dir.join("sig"), key.sign(&bytes)).unwrap();
        let verifies = |file: &str| {
            let command = match key.public().algorithm() {
                Algorithm::Ed25519 => format!(
                    "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in {file} -sigfile sig"
                ),
                Algorithm::EcdsaP256 => {
                    format!("openssl dgst -sha256 -verify pub.pem -signature sig {file}")
                }
            };
            tool(dir, &command.split(' ').collect::<Vec<_>>()).0
        };
        assert!(verifies("pae"));
        assert!(!verifies("other"));
        let der = "openssl pkey -pubin -in pub.pem -outform DER";
        let (_, der) = tool(dir, &der.split(' ').collect::<Vec<_>>());
        assert_eq!(sha256_hex(&der), key.public().id());
    }
}

/// The specification's key and signature (protocol.md), which is deterministic as ours is.
#[test]
fn the_signature_of_the_specifications_example_is_made() {
    let d = "97358161215184420915383655311931858321456579547487070936769975997791359926199";
    let key = p256::SecretKey::from_slice(&big_endian(d)).unwrap();
    let key = key.to_pkcs8_pem(LineEnding::LF).unwrap();
    let key = PrivateKey::from_pem(&key).unwrap();
    let signature = key.sign(&pae("http://example.com/HelloWorld", b"hello world"));
    let raw = p256::ecdsa::Signature::from_der(&signature).unwrap();
    assert_eq!(
        base64::engine::general_purpose::STANDARD.encode(raw.to_bytes()),
        "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    );
}

fn big_endian(decimal: &str) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    for digit in decimal.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            *byte = value.to_be_bytes()[3];
            carry = value >> 8;
        }
    }
    bytes
}

#[test]
fn what_cannot_be_used_says_why_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let all = [
        "openssl genpkey -algorithm ed25519 -aes256 -pass pass:x -out locked.pem",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem",
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.pem",
        "openssl ecparam -name prime256v1 -genkey -noout -out sec1.pem",
        "ssh-keygen -q -t ed25519 -N secret -f locked-ssh",
        "ssh-keygen -q -t ecdsa -b 256 -N  -f ecdsa-ssh",
    ];
    for command in all {
        made(dir, &command.split(' ').collect::<Vec<_>>());
    }
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    let cut = |name: &str| read(name).replacen('A', "", 1);
    let cases = [
        (read("locked.pem"), "the key is encrypted"),
        (read("locked.pem"), "`openssl pkey -in FILE`"),
        (read("locked-ssh"), "--sign agent:COMMENT"),
        (read("p384.pem"), "neither Ed25519 nor P-256"),
        (read("rsa.pem"), "neither Ed25519 nor P-256"),
        (read("sec1.pem"), "openssl pkcs8 -topk8 -nocrypt"),
        (read("ecdsa-ssh"), "`ecdsa-sha2-nistp256` are not supported"),
        (read("locked-ssh.pub"), "it holds a public key"),
        (cut("ecdsa-ssh"), "it is no key"),
        ("hello".to_owned(), "it is no key"),
        (String::new(), "it is no key"),
    ];
    for (text, expected) in cases {
        let told = PrivateKey::from_pem(&text).unwrap_err().to_string();
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let public = PrivateKey::from_pem(&ed25519(1)).unwrap().public().pem();
    let told = PrivateKey::from_pem(&public.unwrap());
    assert_eq!(told.unwrap_err(), KeyError::Public);
    assert_eq!(trusted(&ed25519(1)).unwrap_err(), KeyError::Private);
    let told = PublicKey::from_pem(&made(
        dir,
        &["openssl", "pkey", "-in", "rsa.pem", "-pubout"],
    ));
    assert!(matches!(told, Err(KeyError::Algorithm { .. })), "{told:?}");
    assert_eq!(trusted("# nobody\n").unwrap_err(), KeyError::None);
}
