//! Why a key or an envelope is invalid.

/// Why a file contains no usable key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is encrypted.
    #[error("the key is encrypted, and the gate asks for no passphrase\n  → {remedy}")]
    Encrypted {
        /// What to do instead.
        remedy: &'static str,
    },
    /// It is a private key, but a public one is required.
    #[error(
        "it holds a private key; --key takes the public one\n  → \
         `openssl pkey -in FILE -pubout`, or the `.pub` file in an allowed-signers line"
    )]
    Private,
    /// It is a public key, but a private one is required.
    #[error(
        "it holds a public key; --sign takes the private one\n  → a key in the ssh agent is \
         named with `--sign agent:COMMENT`"
    )]
    Public,
    /// A key in a format that should be replaced by a better one.
    #[error("`{label}` is no form that the gate reads\n  → {remedy}")]
    Form {
        /// What the PEM file calls itself.
        label: String,
        /// How it becomes one that is read.
        remedy: &'static str,
    },
    /// A key of an algorithm that the gate does not use.
    #[error(
        "keys of type `{kind}` are not supported\n  → Ed25519 (`ssh-keygen -t ed25519`, \
         `openssl genpkey -algorithm ed25519`) or ECDSA P-256"
    )]
    Algorithm {
        /// Its name.
        kind: String,
    },
    /// The public key is a point of small order: signatures under it prove nothing.
    #[error("the key is weak: anyone can make signatures that it accepts")]
    Weak,
    /// It is damaged.
    #[error("it is no key: {why}")]
    Damaged {
        /// What does not hold.
        why: String,
    },
    /// A line of an allowed-signers file is not understood.
    #[error("line {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What does not hold.
        why: String,
    },
    /// There is no key in it.
    #[error("it holds no key\n  → a PEM public key, or lines of `NAME ssh-ed25519 AAAA…`")]
    None,
}

impl KeyError {
    #[expect(clippy::needless_pass_by_value, reason = "`map_err` hands it over")]
    pub(super) fn damaged(why: impl ToString) -> Self {
        let why = why.to_string();
        Self::Damaged { why }
    }
}

/// Why a file contains no valid envelopes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is empty.
    #[error("it holds no envelope")]
    Empty,
    /// It is larger than the gate accepts.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: u64,
    },
    /// It is not text, or its last line has no line end.
    #[error("it is {0}")]
    Text(&'static str),
    /// One line is not an envelope.
    #[error("envelope {line}: {why}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What does not hold.
        why: String,
    },
}
