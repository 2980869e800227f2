//! Who says so: in-toto statements about a bundle, signed beside it.
//!
//! Statements are functions of the bundle alone, so whoever reads one makes it anew and compares:
//! nothing in an attestation is believed that the bundle does not show. Forms and meaning are in
//! `docs/signing.md`.

mod beside;
mod check;
mod claims;
mod file;
mod signature;
mod statements;

pub use check::check;
pub use claims::Claims;
pub use file::{AttestError, Attested, attest, attestation_of};
pub use signature::{Signature, SignedBy};
