//! The `plenary` command: reads settings, chooses the store, runs a server or asks one.
//!
//! A library as well, so that a test binary with the feature `faults` is the same program.

mod arguments;
mod audit;
mod commands;
mod demo;
mod embed_keys;
mod groups;
mod instance;
mod invitations;
mod logs;
mod members;
mod organisations;
mod serve;
mod settings;
mod store;
mod users;
mod web;

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use crate::{
    arguments::{Arguments, Command},
    instance::Refused,
};

/// Something went wrong; why is on stderr. (2 is clap's, for a command line that cannot be read.)
const FAILED: u8 = 1;
/// `plenary verify` found damage.
const DAMAGED: u8 = 3;
/// The store failed for good while serving; a supervisor should start the process afresh. `EX_SOFTWARE`.
const STORE_FAILED: u8 = 70;

/// Runs the command line and says how it ended.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // A refusal by the server is worded for people already; the chain of causes is for the rest.
            match error.downcast_ref::<Refused>() {
                Some(refused) => eprintln!("plenary: {refused}"),
                None => eprintln!("plenary: {error:#}"),
            }
            ExitCode::from(FAILED)
        }
    }
}

/// Prints a line. Whoever read it may have had enough, as behind `| head`: then there is nobody to tell.
pub(crate) fn say(words: impl fmt::Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{words}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let config = settings::read(&arguments)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.command {
        Command::Serve { demo, accept_loss, .. } => {
            logs::start(&config.log_level, config.log_format)?;
            let status = runtime.block_on(serve::run(config, demo, accept_loss, arguments.json))?;
            // What a request may still be doing (hashing a password, say) is not waited for.
            runtime.shutdown_background();
            Ok(status)
        }
        command => {
            logs::start("warn", config.log_format)?;
            runtime.block_on(commands::run(command, config, arguments.json))
        }
    }
}
