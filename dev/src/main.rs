//! The program that `cargo run` starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    dev::main()
}
