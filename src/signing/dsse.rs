//! DSSE envelopes, one per line: <https://github.com/secure-systems-lab/dsse>, version 1.
//!
//! Read strictly: no duplicate key, no unknown field, base64 in a single alphabet and with padding.
//! The specification lets readers accept either alphabet; the standard one is written.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use super::error::EnvelopeError;
use crate::model::read_json_as;

/// The payload type of every envelope here.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The largest file of envelopes that is read. Three statements of one signer take 10 KiB.
pub const MOST_BYTES: u64 = 4 << 20;

/// Maximum number of signatures in one envelope: each costs a check for every key.
const MOST_SIGNATURES: usize = 16;

/// A payload, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The signed bytes.
    pub payload: Vec<u8>,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The key that is claimed to have made it: only a hint, which decides nothing.
    pub keyid: String,
    /// The bytes: 64 for Ed25519, DER for ECDSA.
    pub sig: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenEnvelope {
    payload_type: String,
    payload: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    keyid: String,
    sig: String,
}

/// The signed message: type and body, each preceded by its length.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (kind, body) = (payload_type.len(), payload.len());
    let mut bytes = format!("DSSEv1 {kind} {payload_type} {body} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// The message that its signatures cover.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        pae(PAYLOAD_TYPE, &self.payload)
    }

    /// The envelope as one line, with its line end.
    ///
    /// # Errors
    /// None that can happen: all of it is text.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        let signature = |one: &Signature| WrittenSignature {
            keyid: one.keyid.clone(),
            sig: STANDARD.encode(&one.sig),
        };
        let written = WrittenEnvelope {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(&self.payload),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        Ok(serde_json::to_string(&written)? + "\n")
    }

    fn read(line: &str) -> Result<Self, String> {
        let written: WrittenEnvelope = read_json_as(line).map_err(|error| error.to_string())?;
        if written.payload_type != PAYLOAD_TYPE {
            return Err(format!(
                "its payloadType is `{}`, not `{PAYLOAD_TYPE}`",
                written.payload_type
            ));
        }
        let count = written.signatures.len();
        if count == 0 || count > MOST_SIGNATURES {
            return Err(format!(
                "it has {count} signatures; 1 to {MOST_SIGNATURES} are read"
            ));
        }
        let signature = |one: WrittenSignature| {
            let sig = decoded("a signature", &one.sig)?;
            let keyid = one.keyid;
            Ok(Signature { keyid, sig })
        };
        Ok(Self {
            payload: decoded("the payload", &written.payload)?,
            signatures: { written.signatures.into_iter().map(signature) }
                .collect::<Result<_, String>>()?,
        })
    }
}

fn decoded(what: &str, text: &str) -> Result<Vec<u8>, String> {
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    let bytes =
        decoded.map_err(|error| format!("{what} is not in base64 with padding: {error}"))?;
    if bytes.is_empty() {
        return Err(format!("{what} is empty"));
    }
    Ok(bytes)
}

/// Reads all envelopes of a file, in order.
///
/// # Errors
/// If one is invalid, or the file is empty.
pub fn envelopes(bytes: &[u8]) -> Result<Vec<Envelope>, EnvelopeError> {
    if bytes.len() as u64 > MOST_BYTES {
        return Err(EnvelopeError::TooLarge { limit: MOST_BYTES });
    }
    if bytes.is_empty() {
        return Err(EnvelopeError::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| EnvelopeError::Text("not UTF-8"))?;
    let text = { text.strip_suffix('\n') }.ok_or(EnvelopeError::Text("cut off in a line"))?;
    let read =
        |(at, line)| Envelope::read(line).map_err(|why| EnvelopeError::Line { line: at + 1, why });
    text.split('\n').enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope() -> Envelope {
        Envelope {
            payload: b"{}".to_vec(),
            signatures: vec![Signature {
                keyid: "k".to_owned(),
                sig: vec![0xff, 0xfe, 0xfd, 0xfc],
            }],
        }
    }

    /// The example of the specification (protocol.md, "Test Vectors").
    #[test]
    fn the_bytes_to_sign_are_the_specifications() {
        let pae = pae("http://example.com/HelloWorld", b"hello world");
        let expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world";
        assert_eq!(pae, expected);
    }

    #[test]
    fn lengths_count_bytes_so_that_no_two_pairs_are_alike() {
        assert_eq!(pae("é", b""), "DSSEv1 2 é 0 ".as_bytes());
        assert_ne!(pae("a 1 b", b"c"), pae("a", b"1 b 1 c"));
    }

    #[test]
    fn what_is_written_is_read() {
        let (one, two) = (envelope(), envelope());
        let text = one.line().unwrap() + &two.line().unwrap();
        assert_eq!(envelopes(text.as_bytes()), Ok(vec![one, two]));
    }

    #[test]
    fn what_the_specification_leaves_open_reads_the_same() {
        let line = envelope().line().unwrap();
        assert!(line.contains(r#""sig":"//79/A==""#), "{line}");
        let mut without_keyid = envelope();
        without_keyid.signatures[0].keyid.clear();
        let cases = [
            (line.replace("//79/A==", "__79_A=="), envelope()),
            (line.replace(',', " , "), envelope()),
            (line.replace(r#""keyid":"k","#, ""), without_keyid),
        ];
        for (text, expected) in cases {
            assert_eq!(envelopes(text.as_bytes()), Ok(vec![expected]), "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_an_envelope_is_refused() {
        let line = envelope().line().unwrap();
        let cases = [
            (line.replace("//79/A==", "/_79/A=="), "not in base64"),
            (line.replace("//79/A==", "//79/A"), "not in base64"),
            (line.replace("//79/A==", "//79/B=="), "not in base64"),
            (line.replace("//79/A==", " //79/A=="), "not in base64"),
            (line.replace("//79/A==", ""), "a signature is empty"),
            (line.replace("e30=", ""), "the payload is empty"),
            (line.replace("in-toto+json", "in-toto"), "payloadType"),
            (
                line.replace(
                    r#""payload":"e30=""#,
                    r#""payload":"e30=","payload":"e30=""#,
                ),
                "appears twice",
            ),
            (
                line.replace(r#""keyid":"k""#, r#""keyid":"k","cert":"c""#),
                "unknown field `cert`",
            ),
            (
                line.replace(r#"{"keyid":"k","sig":"//79/A=="}"#, ""),
                "it has 0 signatures",
            ),
            (line.trim_end().to_owned(), "cut off in a line"),
            (format!("{line}\n"), "envelope 2: it is empty"),
            (format!("{}{}", line.trim_end(), line), "more follows it"),
            (format!("\u{feff}{line}"), "byte order mark"),
            (String::new(), "it holds no envelope"),
            (" ".repeat(5 << 20), "it is larger than"),
        ];
        for (text, expected) in cases {
            let told = envelopes(text.as_bytes()).unwrap_err().to_string();
            assert!(told.contains(expected), "{expected}: {told}");
        }
        let many = vec![r#"{"sig":"AA=="}"#; 17].join(",");
        let many = line.replace(r#"{"keyid":"k","sig":"//79/A=="}"#, &many);
        let told = envelopes(many.as_bytes()).unwrap_err().to_string();
        assert!(told.contains("it has 17 signatures"), "{told}");
    }
}
