//! Attestations: in-toto statements about a bundle, signed, in a file beside it.
//!
//! Statements are functions of the bundle alone, so a reader recomputes and compares them: nothing
//! in an attestation is believed unless the bundle shows it. `docs/signing.md` documents formats
//! and meaning.

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
