//! Where log lines go: to stderr, for people or as JSON.

use std::io::{self, IsTerminal};

use anyhow::Context;
use plenary_server::config::LogFormat;
use tracing_subscriber::{EnvFilter, fmt};

pub(crate) fn start(level: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).with_context(|| format!("log_level `{level}` cannot be read"))?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
