//! A private key from a file. It never leaves memory, and is zeroed when it is dropped.

use ed25519_dalek::SigningKey as Ed25519Key;
use p256::ecdsa::SigningKey as P256Key;
use p256::pkcs8::DecodePrivateKey as _;

use super::error::KeyError;
use super::openssh;
use super::public_key::PublicKey;

const USE_THE_AGENT: &str =
    "`ssh-add FILE` asks for it once, then `--sign agent:COMMENT` or `--sign agent:SHA256:…`";
const DECRYPT: &str = "`openssl pkey -in FILE` asks for it and prints the key as it is read here; \
                       or keep an OpenSSH key in the ssh agent and give `--sign agent:COMMENT`";

/// A key that signs.
pub struct PrivateKey {
    key: Key,
    public: PublicKey,
}

enum Key {
    Ed25519(Box<Ed25519Key>),
    P256(Box<P256Key>),
}

/// Its public half only.
impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PrivateKey")
            .field(&self.public.id())
            .finish()
    }
}

impl PrivateKey {
    pub(super) fn from_labelled(label: &str, der: &[u8]) -> Result<Self, KeyError> {
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(der),
            "OPENSSH PRIVATE KEY" => match openssh::ed25519_seed(der)? {
                Some(seed) => Self::of_ed25519(Ed25519Key::from_bytes(&seed)),
                None => Err(KeyError::Encrypted {
                    remedy: USE_THE_AGENT,
                }),
            },
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted { remedy: DECRYPT }),
            "PUBLIC KEY" => Err(KeyError::Public),
            label => Err(KeyError::Form {
                label: label.to_owned(),
                remedy: "`openssl pkcs8 -topk8 -nocrypt -in FILE` prints PKCS#8 (PRIVATE KEY)",
            }),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = Ed25519Key::from_pkcs8_der(der) {
            return Self::of_ed25519(key);
        }
        let key = P256Key::from_pkcs8_der(der).map_err(|error| KeyError::Algorithm {
            kind: format!("neither Ed25519 nor P-256 ({error})"),
        })?;
        let public = PublicKey::of_p256(*key.verifying_key())?;
        let key = Key::P256(Box::new(key));
        Ok(Self { key, public })
    }

    fn of_ed25519(key: Ed25519Key) -> Result<Self, KeyError> {
        let public = PublicKey::of_ed25519(key.verifying_key())?;
        let key = Key::Ed25519(Box::new(key));
        Ok(Self { key, public })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs: the same bytes give the same signature (RFC 8032, RFC 6979).
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        use p256::ecdsa::signature::Signer;
        match &self.key {
            Key::Ed25519(key) => key.sign(bytes).to_bytes().to_vec(),
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(bytes);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}
