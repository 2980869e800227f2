//! The `gate` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    canary_gate::cli::main()
}
