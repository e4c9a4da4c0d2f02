//! Where log lines go: to stderr, for people or as JSON.

use std::io::{self, IsTerminal};

use anyhow::Context;
use plenary_server::config::LogFormat;
use tracing_subscriber::{EnvFilter, fmt};

/// What these crates say in detail quotes what people write, or is of no use to operators.
const QUIET: [&str; 4] = ["tungstenite=warn", "tokio_tungstenite=warn", "sled=warn", "hyper=warn"];

pub(crate) fn start(level: &str, format: LogFormat) -> anyhow::Result<()> {
    let mut filter =
        EnvFilter::try_new(level).with_context(|| format!("log_level `{level}` cannot be read"))?;
    for directive in QUIET {
        filter = filter.add_directive(directive.parse()?);
    }
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
