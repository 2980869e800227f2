//! Keys, envelopes and attestations, with the real openssl, ssh-keygen and ssh-agent beside them.

mod agent;
mod attacks;
mod attested;
mod keys;
mod stage;
