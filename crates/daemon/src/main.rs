//! Sidewatch: mirrored API traffic in, verdicts on clients that misuse it out. Wiring only; never in the request path.

mod cli;
mod clock;
mod fault;
mod keys;
mod settings;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
