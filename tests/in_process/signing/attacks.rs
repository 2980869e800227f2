//! Signatures and keys that a careless reader takes.

use canary_gate::signing::{KeyError, PrivateKey, PublicKey};

use super::stage::{ed25519, p256};

/// Order of the Ed25519 group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_key_of_small_order_is_no_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    for weak in [[0; 32], identity] {
        assert_eq!(PublicKey::ed25519(&weak).unwrap_err(), KeyError::Weak);
    }
}

#[test]
fn a_signature_has_one_form_and_one_commitment() {
    let key = PrivateKey::from_pem(&ed25519(3)).unwrap();
    let signature = key.sign(b"bytes");
    assert!(key.public().made(b"bytes", &signature));
    // S + the group's order is the same number to whoever does not look.
    let mut other = signature.clone();
    let mut carry = 0u16;
    for (byte, add) in other[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(!key.public().made(b"bytes", &other));
    // R of small order, S = 0: what a weak key would have accepted.
    let mut small = [0; 64];
    small[0] = 1;
    assert!(!key.public().made(b"bytes", &small));
    for cut in [
        &signature[..63],
        &[signature.as_slice(), &[0]].concat(),
        &[],
    ] {
        assert!(!key.public().made(b"bytes", cut));
    }
}

#[test]
fn the_key_says_which_algorithm_and_nobody_else() {
    let (ed, p) = (
        PrivateKey::from_pem(&ed25519(3)).unwrap(),
        PrivateKey::from_pem(&p256(3)).unwrap(),
    );
    assert!(!ed.public().made(b"bytes", &p.sign(b"bytes")));
    assert!(!p.public().made(b"bytes", &ed.sign(b"bytes")));
    // 64 bytes of r and s are a signature of the specification's example, and not of ours: DER.
    let signature = p256::ecdsa::Signature::from_der(&p.sign(b"bytes")).unwrap();
    assert!(!p.public().made(b"bytes", &signature.to_bytes()));
    let mut longer = p.sign(b"bytes");
    longer.push(0);
    assert!(!p.public().made(b"bytes", &longer));
    // Zero for r and s.
    assert!(!p.public().made(b"bytes", &[0x30, 6, 2, 1, 0, 2, 1, 0]));
}
