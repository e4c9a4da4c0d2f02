//! Where log lines go: to stderr, for people or as JSON.

use std::io::{self, IsTerminal};

use anyhow::{Context, bail};
use plenary_server::config::LogFormat;
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

/// What these crates say in detail quotes what people write, or is of no use to operators.
const QUIET: [&str; 4] = ["tungstenite=warn", "tokio_tungstenite=warn", "sled=warn", "hyper=warn"];

pub(crate) fn start(level: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = filter(level)?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Human => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    // A word alone would be taken for the name of a module, and nothing else would be logged any more.
    let is_word = |part: &&str| !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err();
    if let Some(word) = level.split(',').map(str::trim).find(is_word) {
        bail!(
            "log_level: `{word}` is no level; write error, warn, info, debug, or for a part of the program \
             plenary_server=debug"
        );
    }
    let mut filter =
        EnvFilter::try_new(level).with_context(|| format!("log_level `{level}` cannot be read"))?;
    for directive in QUIET {
        filter = filter.add_directive(directive.parse()?);
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_an_error_and_not_silence() {
        for level in ["error", "info", "DEBUG", "off", "info,plenary_server=debug", "warn,plenary_room=trace"]
        {
            assert!(filter(level).is_ok(), "{level}");
        }
        for (level, word) in [("inof", "inof"), ("info,plenary_server", "plenary_server")] {
            let error = filter(level).unwrap_err().to_string();
            assert!(error.contains("log_level") && error.contains(&format!("`{word}`")), "{error}");
        }
    }
}
