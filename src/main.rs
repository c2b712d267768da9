//! Parses the command line, runs it, and turns the result into an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use incident::cli::Cli;
use incident::commands;

fn main() -> ExitCode {
    match commands::run(&Cli::parse()) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            // Nobody is left to be told that standard error is gone.
            let _ = writeln!(anstream::stderr(), "incident: {error}");
            ExitCode::from(2)
        }
    }
}
