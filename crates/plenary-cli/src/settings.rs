//! Settings: flags beat the environment beat the file.

use std::{fs, io, path::Path};

use anyhow::{Context, bail};
use plenary_server::config::Config;
use serde_json::{Map, Value};

use crate::arguments::{Arguments, Command};

const FILE: &str = "plenary.toml";
const DEMO_DATA_DIR: &str = "./plenary-demo";

pub(crate) fn read(arguments: &Arguments) -> anyhow::Result<Config> {
    let mut flags = Map::new();
    if let Some(data_dir) = &arguments.data_dir {
        let data_dir = data_dir.to_str().context("--data-dir must be Unicode")?;
        flags.insert("data_dir".into(), data_dir.into());
    }
    let is_demo = matches!(arguments.command, Command::Serve { demo: true, .. });
    if let Command::Serve { listen, public_url, tls_cert, tls_key, .. } = &arguments.command {
        for (name, path) in [("tls_cert", tls_cert), ("tls_key", tls_key)] {
            let Some(path) = path else { continue };
            let path = path.to_str().with_context(|| format!("the path of {name} must be Unicode"))?;
            flags.insert(name.into(), path.into());
        }
        flags.extend(listen.map(|listen| ("listen".into(), listen.to_string().into())));
        flags.extend(public_url.clone().map(|url| ("public_url".into(), url.into())));
    }
    let file = match &arguments.config {
        Some(path) => Some((path.display().to_string(), file(path)?)),
        // The demo is for looking around, not for a server somebody has set up.
        None if is_demo => None,
        None => match file(Path::new(FILE)) {
            Ok(content) => Some((FILE.into(), content)),
            Err(error) if is_missing(&error) => None,
            Err(error) => return Err(error),
        },
    };
    let environment = std::env::vars_os().filter_map(|(name, value)| {
        // Only our own names have to be text.
        Some((name.into_string().ok()?, value.into_string().ok()?))
    });
    let says_where = file.as_ref().is_some_and(|(_, content)| content.contains_key("data_dir"))
        || std::env::var_os("PLENARY_DATA_DIR").is_some()
        || flags.contains_key("data_dir");
    if is_demo && !says_where {
        flags.insert("data_dir".into(), DEMO_DATA_DIR.into());
    }
    let file = file.as_ref().map(|(name, content)| (name.as_str(), content.clone()));
    let config = Config::from_layers(file, environment, flags)?;
    if is_demo && !config.listen.ip().is_loopback() {
        bail!(
            "the demo signs in whoever has a link, so it listens on this machine only; leave --listen away"
        );
    }
    Ok(config)
}

fn file(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings in {}", path.display()))?;
    let content: Map<String, Value> =
        toml::from_str(&text).with_context(|| format!("{} is not TOML as we know it", path.display()))?;
    Ok(content)
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}
