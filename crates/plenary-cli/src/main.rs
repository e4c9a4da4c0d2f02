//! The `plenary` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    plenary_cli::main()
}
