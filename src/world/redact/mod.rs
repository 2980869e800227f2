//! Keeps secrets and this machine's paths out of everything that is written down.
//!
//! Owns the known secret values (in every usual encoding), the patterns of tokens that nobody
//! declared, and the paths that symbolic paths stand for. It never stores text and never decides
//! whether an effect may happen.
//!
//! A value that is an ordinary word or number is not a secret, even if its variable was passed
//! through: with `TERM=pass` or `CI=true` redacted, a result document would lose its meaning, and
//! redaction would decide the verdict. `ordinary` defines which values count as ordinary.

mod encodings;
mod finder;
mod layer;
mod ordinary;
mod pattern;
mod redactor;
mod sample;
mod shapes;
mod stream;
mod wrapped;

pub use layer::{RedactLayer, RefuseSecrets};
pub use redactor::{Redactor, Scope};
pub use stream::Stream;
