//! Checks whether an attestation is about exactly this bundle, and who signed it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::claims::Claims;
use super::signature::{Signature, SignedBy};
use super::statements::{VERDICT, difference};
use crate::model::read_json;
use crate::signing::{Envelope, Trusted, TrustedKey, envelopes};

/// Checks an attestation of a bundle: every statement is about this bundle and matches its
/// contents, and the required number of trusted keys signed the gate's own statements. Several keys
/// with one name count as one signer.
///
/// # Errors
/// The check that failed, as a message.
pub fn check(
    claims: &Claims,
    attestation: &[u8],
    trusted: &Trusted,
    threshold: usize,
) -> Result<Signature, String> {
    let envelopes = envelopes(attestation).map_err(|error| error.to_string())?;
    let kinds = agreeing(claims, &envelopes)?;
    let (mut by, mut keys, mut names) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut out_of_time = BTreeSet::new();
    let own = { envelopes.iter().zip(&kinds) }.filter(|(_, kind)| *kind == VERDICT);
    for key in own.flat_map(|(envelope, _)| trusted.signers(envelope)) {
        if !key.counts_at(claims.time) {
            out_of_time.insert(key.name.as_str());
        } else if !keys.contains(&key.key.id()) && !names.contains(key.name.as_str()) {
            keys.insert(key.key.id());
            names.insert(key.name.as_str());
            by.push(signed_by(key));
        }
    }
    if by.len() >= threshold.max(1) {
        return Ok(Signature::Signed { by, threshold });
    }
    Err(too_few(&by, threshold, &out_of_time, claims))
}

fn signed_by(key: &TrustedKey) -> SignedBy {
    SignedBy {
        name: key.name.clone(),
        keyid: key.key.id(),
        algorithm: key.key.algorithm(),
    }
}

fn too_few(
    by: &[SignedBy],
    threshold: usize,
    out_of_time: &BTreeSet<&str>,
    claims: &Claims,
) -> String {
    let mut words = match by {
        [] => "none of the keys that were named signed it".to_owned(),
        some => {
            let all: Vec<String> = some.iter().map(ToString::to_string).collect();
            format!(
                "signed by {} alone; {threshold} are asked for",
                all.join(", ")
            )
        }
    };
    for name in out_of_time {
        words += "; the key of `";
        words += name;
        words += "` did not count when the run ended, at ";
        words += &claims.time.to_string();
    }
    words
}

/// Compares every statement with the bundle's contents, and returns their kinds.
pub(super) fn agreeing(claims: &Claims, envelopes: &[Envelope]) -> Result<Vec<String>, String> {
    let expected = claims.statements();
    let kind = |(at, envelope): (usize, &Envelope)| {
        agrees(&expected, envelope).map_err(|why| format!("envelope {}: {why}", at + 1))
    };
    envelopes.iter().enumerate().map(kind).collect()
}

fn agrees(expected: &[Value], envelope: &Envelope) -> Result<String, String> {
    let text = std::str::from_utf8(&envelope.payload).map_err(|_| "its payload is not UTF-8")?;
    let found = read_json(text).map_err(|error| format!("its payload: {error}"))?;
    let kind = |value: &Value| value["predicateType"].as_str().map(str::to_owned);
    let Some(kind_found) = kind(&found) else {
        return Err("its payload is no in-toto statement".to_owned());
    };
    let Some(expected) = expected
        .iter()
        .find(|one| kind(one).as_ref() == Some(&kind_found))
    else {
        return Err(format!(
            "`predicateType` is `{kind_found}`, which is none that the gate makes"
        ));
    };
    match difference(expected, &found) {
        None => Ok(kind_found),
        Some((path, expected, found)) => Err(format!(
            "`{path}` is {found} in the statement, and {expected} in the bundle"
        )),
    }
}
