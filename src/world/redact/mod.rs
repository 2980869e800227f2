//! Keeps secrets and this machine's paths out of everything that is written down.
//!
//! Owns the known secret values (in every encoding they usually travel in), the shapes of
//! tokens nobody told us about, and the paths that places stand for. It never stores text and
//! never decides whether an effect may happen.
//!
//! A value that is an ordinary word or number is no secret, although it was passed through:
//! with `TERM=pass` or `CI=true` hidden, a result document would not say any more what it says,
//! and redaction would decide the verdict. What counts as one is said in `ordinary`.

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
