//! The launcher and both services, as a program for tests that need real processes.

use std::process::ExitCode;

fn main() -> ExitCode {
    dev::main()
}
