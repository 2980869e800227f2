//! The library with the real git, gh, uv, pipx and pytest.

mod audit_bad_input;
mod audit_checkouts;
mod audit_corpus;
mod audit_judgement;
mod audit_more;
mod audit_proof;
mod audit_text;
mod candidate;
mod rehearsal_github;
mod rehearsal_harness;
mod rehearsal_product;
