//! The library, called: no test here starts the program but one that reads what it once wrote.
//! What needs the real git, gh, uv, pipx or pytest is in `real_tools`.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test makes the outside that it looks at, and ends where that cannot be"
)]

#[path = "../support/audit/mod.rs"]
mod audit_support;
#[path = "../support/bench.rs"]
mod bench;
mod canary_results;
#[expect(dead_code, reason = "each binary uses its part")]
#[path = "../support/candidate/mod.rs"]
mod candidate_support;
mod evidence;
#[path = "../forgery/mod.rs"]
mod forgery;
mod gate_diagnostics;
mod gate_graph;
mod gate_parameters;
mod gate_plan;
mod gate_robust;
mod gate_schema;
mod gate_shared;
mod gate_template;
mod hostile_text;
#[path = "../support/http.rs"]
mod http;
mod layering;
mod layers;
mod live_world;
mod policy;
mod real_tools;
mod redact;
mod rehearsal_saas;
#[path = "../support/sealed.rs"]
mod sealed;
#[path = "../support/shown.rs"]
mod shown;
mod signing;
mod supply_chain;
mod toolbox;

#[path = "../support/toolbox.rs"]
mod toolbox_support;
mod verb_pages;
mod workflow_example;
