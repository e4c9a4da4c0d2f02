//! The settings: one documented field each, with its default.
//!
//! Flags beat the environment (`PLENARY_` and the name in capitals) beat the TOML file beat the default.
//! Lengths of time are written `500ms`, `30s`, `10m`, `12h` or `7d`.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A shorter session would end between two clicks.
const SESSION_MIN: Span = Span::seconds(60);

/// Every setting of the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where everything is kept. Default `./plenary-data`.
    pub data_dir: PathBuf,
    /// Address and port to listen on; port 0 takes a free one. Default `127.0.0.1:4600`.
    pub listen: SocketAddr,
    /// What people type to get here, such as `https://plenary.example.org`. Decides the sign-in cookie and which
    /// `Origin` a browser must name. Required unless `listen` is a loopback address. Default: none.
    pub public_url: Option<String>,
    /// The server's certificate and the chain behind it, in PEM form; with it and `tls_key` the server speaks TLS itself.
    /// Default: none.
    pub tls_cert: Option<PathBuf>,
    /// The private key to `tls_cert`, in PEM form. Default: none.
    pub tls_key: Option<PathBuf>,
    /// Proxies that are believed when they say, in `X-Forwarded-For`, where a request comes from: addresses, or networks
    /// such as `10.0.0.0/8`. Default: this machine.
    pub trusted_proxies: Vec<Network>,
    /// Other sites whose pages may hold our editor: origins such as `https://intranet.example.org`. Their requests
    /// rest on tokens and tickets, never on a cookie. In the environment separated by commas. Default: none.
    pub embed_origins: Vec<String>,
    /// How logs are written to stderr: `human` or `json`. Default `human`.
    pub log_format: LogFormat,
    /// Which log lines are written: `error`, `warn`, `info`, `debug`, or a filter such as
    /// `info,plenary_server=debug`. Default `info`.
    pub log_level: String,
    /// A sign-in that is not used for this long ends. Default `12h`.
    pub session_idle: Span,
    /// A sign-in ends after this long in any case. Default `7d`.
    pub session_max: Span,
    /// Who has to show a code from a device of theirs beside the password: `none`, `coordinators` (those of any
    /// group, and administrators) or `all`. Who has none yet can sign in and do nothing but set it up. Default `none`.
    pub require_second_factor: SecondFactorRule,
    /// How many connections may be open at a time; more wait. Each needs a file descriptor. Default 10000.
    pub connections_max: usize,
    /// How many connections one user may have. Default 256.
    pub connections_per_user_max: usize,
    /// How many may take part in one document at a time. Default 1000.
    pub connections_per_document_max: usize,
    /// How many documents one connection of the Hocuspocus dialect may carry. Default 64.
    pub documents_per_connection_max: usize,
    /// A document whose state has this many bytes does not grow any more. Default 16777216 (16 MiB): all of it fits into
    /// one message.
    pub document_bytes_max: usize,
    /// How many bytes of large messages one user's connections may be sending at a time, each counted as the largest
    /// there is; one always may. Others wait. Default 67108864 (64 MiB).
    pub user_inbound_bytes_max: usize,
    /// How many bytes may wait for one user's connections, before they are made no more. Default 67108864 (64 MiB).
    pub user_outbound_bytes_max: usize,
    /// How much processor time one user's messages may take, in milliseconds of each second; ten seconds' worth may be
    /// used ahead. Default 500.
    pub user_cpu_ms_per_second: u32,
    /// How many connections one address may have that is no trusted proxy. Default 2000.
    pub connections_per_address_max: usize,
    /// How many connections of one address may wait without a credential. Default 128.
    pub waiting_per_address_max: usize,
    /// How many connections from one address may come to nothing in a minute. Default 120.
    pub handshakes_per_minute_max: u32,
    /// How much memory the process may have, in bytes, before it lets go of what can wait. Default 0: three quarters of
    /// what the machine, or the control group, has.
    pub memory_max_bytes: u64,
    /// A room that nobody has joined for this long leaves memory. Default `60s`.
    pub room_idle: Span,
    /// A snapshot is taken when a document's records since the last one pass this many bytes (or half of the last
    /// snapshot, if that is more). Default 65536.
    pub snapshot_tail_bytes: u64,
    /// A snapshot is taken when the oldest record since the last one is older than this. Default `1h`.
    pub snapshot_age: Span,
    /// Bytes of the file system that are left free: below them nothing is saved until space is freed.
    /// Default 67108864 (64 MiB).
    pub disk_reserve_bytes: u64,
    /// How long an ending server waits for what is under way. Default `10s`.
    pub drain: Span,
    /// How long readers are still served after the store failed, before the process ends with status 70.
    /// Default `10s`.
    pub failed_store_grace: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./plenary-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 4600)),
            public_url: None,
            tls_cert: None,
            tls_key: None,
            trusted_proxies: vec![
                Network::only(Ipv4Addr::LOCALHOST.into()),
                Network::only(Ipv6Addr::LOCALHOST.into()),
            ],
            embed_origins: Vec::new(),
            log_format: LogFormat::Human,
            log_level: "info".into(),
            session_idle: Span::hours(12),
            session_max: Span::hours(7 * 24),
            require_second_factor: SecondFactorRule::None,
            connections_max: 10_000,
            connections_per_user_max: 256,
            connections_per_document_max: 1_000,
            documents_per_connection_max: 64,
            document_bytes_max: 16 * 1024 * 1024,
            user_inbound_bytes_max: 64 * 1024 * 1024,
            user_outbound_bytes_max: 64 * 1024 * 1024,
            user_cpu_ms_per_second: 500,
            connections_per_address_max: 2_000,
            waiting_per_address_max: 128,
            handshakes_per_minute_max: 120,
            memory_max_bytes: 0,
            room_idle: Span::seconds(60),
            snapshot_tail_bytes: 64 * 1024,
            snapshot_age: Span::hours(1),
            disk_reserve_bytes: 64 * 1024 * 1024,
            drain: Span::seconds(10),
            failed_store_grace: Span::seconds(10),
        }
    }
}

/// Who has to have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactorRule {
    /// Nobody; everybody may.
    None,
    /// Coordinators of any group, and administrators of the instance.
    Coordinators,
    /// Everybody.
    All,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Human,
    /// One JSON object a line.
    Json,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A name or value that means nothing to us.
    #[error("{place}: {reason}")]
    Unreadable {
        /// The file, the environment or the flags.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Reachable from elsewhere, but nobody said under which name.
    #[error(
        "listening on {listen}, which others can reach, needs `public_url`: the address people type, such as \
         https://plenary.example.org (behind a proxy on the same machine, listen on 127.0.0.1 instead)"
    )]
    PublicUrlMissing {
        /// The address asked for.
        listen: SocketAddr,
    },
    /// Nobody could stay signed in.
    #[error("session_idle and session_max must be at least {SESSION_MIN}")]
    SessionTooShort,
    /// Nobody could do anything.
    #[error("{name} must be at least 1")]
    LimitIsZero {
        /// The setting.
        name: &'static str,
    },
    /// The public URL is not the root of a site.
    #[error("public_url must be http:// or https:// and a host, without a path; it is {url}")]
    PublicUrlUnusable {
        /// What was given.
        url: String,
    },
    /// Half of what TLS needs.
    #[error("tls_cert and tls_key go together: {missing} is missing")]
    TlsHalf {
        /// The other one.
        missing: &'static str,
    },
    /// People would be sent where nobody speaks TLS.
    #[error("with tls_cert the server speaks TLS, so public_url must begin with https://; it is {url}")]
    TlsWithoutHttps {
        /// What was given.
        url: String,
    },
    /// An origin that no browser would name.
    #[error(
        "embed_origins holds origins as browsers name them, such as https://intranet.example.org; not {origin}"
    )]
    EmbedOriginUnusable {
        /// What was given.
        origin: String,
    },
}

impl Config {
    /// Puts the layers over each other, the later ones on top: defaults, `file` (its name and content), `environment`, `flags`.
    ///
    /// Of the environment only `PLENARY_` names that are settings count; other layers may hold nothing else.
    pub fn from_layers(
        file: Option<(&str, Map<String, Value>)>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Map<String, Value>,
    ) -> Result<Self, ConfigError> {
        let Ok(Value::Object(defaults)) = serde_json::to_value(Self::default()) else {
            unreachable!("the settings are a flat structure");
        };
        let mut layers = Map::new();
        if let Some((name, content)) = file {
            // Read on its own first, so that a mistake is reported with the file's name.
            read(name, content.clone())?;
            layers.extend(content);
        }
        for (name, text) in environment {
            let Some(field) = name.strip_prefix("PLENARY_").map(str::to_ascii_lowercase) else {
                continue;
            };
            let Some(default) = defaults.get(&field) else {
                continue;
            };
            let value = match default {
                Value::Array(_) => {
                    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                    parts.map(Value::from).collect()
                }
                Value::Number(_) => text.parse::<u64>().map(Value::from).unwrap_or(Value::String(text)),
                _ => Value::String(text),
            };
            read(&name, Map::from_iter([(field.clone(), value.clone())]))?;
            layers.insert(field, value);
        }
        layers.extend(flags);
        let mut config = read("the flags", layers)?;
        config.public_url = config.public_url.map(|url| as_browsers_name(&url));
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        if self.session_idle.0.min(self.session_max.0) < SESSION_MIN.0 {
            return Err(ConfigError::SessionTooShort);
        }
        let limits = [
            ("connections_max", self.connections_max),
            ("connections_per_user_max", self.connections_per_user_max),
            ("connections_per_document_max", self.connections_per_document_max),
            ("documents_per_connection_max", self.documents_per_connection_max),
            ("document_bytes_max", self.document_bytes_max),
            ("user_inbound_bytes_max", self.user_inbound_bytes_max),
            ("user_outbound_bytes_max", self.user_outbound_bytes_max),
            ("user_cpu_ms_per_second", self.user_cpu_ms_per_second as usize),
            ("connections_per_address_max", self.connections_per_address_max),
            ("waiting_per_address_max", self.waiting_per_address_max),
            ("handshakes_per_minute_max", self.handshakes_per_minute_max as usize),
        ];
        if let Some((name, _)) = limits.into_iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::LimitIsZero { name });
        }
        // Compared byte by byte with what browsers send, so it has to be written as they write it.
        let is_as_sent = |origin: &&String| is_origin(origin) && **origin == as_browsers_name(origin);
        if let Some(origin) = self.embed_origins.iter().find(|origin| !is_as_sent(origin)) {
            return Err(ConfigError::EmbedOriginUnusable { origin: origin.clone() });
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => return Err(ConfigError::TlsHalf { missing: "tls_key" }),
            (None, Some(_)) => return Err(ConfigError::TlsHalf { missing: "tls_cert" }),
            _ => {}
        }
        match &self.public_url {
            Some(url) if self.tls_cert.is_some() && !url.starts_with("https://") => {
                return Err(ConfigError::TlsWithoutHttps { url: url.clone() });
            }
            Some(url) if !is_origin(url) => {
                return Err(ConfigError::PublicUrlUnusable { url: url.clone() });
            }
            Some(_) => {}
            None if !self.listen.ip().is_loopback() => {
                return Err(ConfigError::PublicUrlMissing { listen: self.listen });
            }
            None => {}
        }
        Ok(())
    }

    /// Whether an address is a trusted proxy's, so that it stands for nobody.
    pub(crate) fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }

    /// Whether browsers reach us by https, so that cookies can be tied to it.
    pub fn is_https(&self) -> bool {
        self.tls_cert.is_some() || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// A network in the settings, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    fn only(address: IpAddr) -> Self {
        Self(address.into())
    }

    /// Whether an address is in it. An IPv4 address that comes over IPv6 is what it is over IPv4.
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

impl Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is neither an address nor a network such as 10.0.0.0/8"
            ))
        })
    }
}

fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or("");
    !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*'])
}

/// An origin as browsers name it: in small letters, without the port that its scheme has anyway.
fn as_browsers_name(origin: &str) -> String {
    let named = origin.to_ascii_lowercase();
    let usual_port = if named.starts_with("https://") { ":443" } else { ":80" };
    named.strip_suffix(usual_port).map_or(named.clone(), ToOwned::to_owned)
}

fn read(place: &str, values: Map<String, Value>) -> Result<Config, ConfigError> {
    serde_json::from_value(Value::Object(values.clone())).map_err(|error: serde_json::Error| {
        // What is wrong with a value is said without its name, so the name is looked for.
        let is_it = |(name, value): &(String, Value)| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            serde_json::from_value::<Config>(Value::Object(alone)).is_err()
        };
        let reason = match values.into_iter().find(is_it) {
            Some((name, value)) => format!("{name} = {value}: {error}"),
            None => error.to_string(),
        };
        ConfigError::Unreadable { place: place.to_owned(), reason }
    })
}

/// A length of time in the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Span {
    const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    const fn hours(hours: u64) -> Self {
        Self(Duration::from_secs(hours * 3600))
    }

    /// In milliseconds.
    pub fn as_ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A length of time is not written the way we read it.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a length of time: write a number and a unit, such as 500ms, 30s, 10m, 12h or 7d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit_ms = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, ms)| *ms);
        number
            .parse::<u64>()
            .ok()
            .zip(unit_ms)
            .and_then(|(number, unit_ms)| number.checked_mul(unit_ms))
            .map(|ms| Self(Duration::from_millis(ms)))
            .ok_or_else(|| SpanError(text.to_owned()))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_ms();
        let (name, unit_ms) = UNITS
            .into_iter()
            .rev()
            .find(|(_, unit)| ms.is_multiple_of(*unit) && ms >= *unit)
            .unwrap_or(UNITS[0]);
        write!(f, "{}{name}", ms / unit_ms)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn flags_beat_environment_beats_file_beats_default() {
        let file = object(serde_json::json!({"room_idle": "1s", "log_level": "warn", "snapshot_age": "2h"}));
        let environment =
            [("PLENARY_ROOM_IDLE", "2s"), ("PLENARY_LOG_LEVEL", "debug"), ("PLENARY_WEB", "skip")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let flags = object(serde_json::json!({"room_idle": "3s"}));
        let config = Config::from_layers(Some(("plenary.toml", file)), environment, flags).unwrap();
        assert_eq!(config.room_idle, Span::seconds(3));
        assert_eq!(config.log_level, "debug");
        assert_eq!(config.snapshot_age, Span::hours(2));
        assert_eq!(config.drain, Span::seconds(10));
    }

    #[test]
    fn what_cannot_be_served_is_said_before_anything_is_opened() {
        let refused =
            |text: serde_json::Value| Config::from_layers(None, [], object(text)).unwrap_err().to_string();
        assert!(refused(serde_json::json!({"tls_cert": "a.pem"})).contains("tls_key is missing"));
        assert!(refused(serde_json::json!({"tls_key": "a.pem"})).contains("tls_cert is missing"));
        let plain =
            serde_json::json!({"tls_cert": "a", "tls_key": "b", "public_url": "http://plenary.example.org"});
        assert!(refused(plain).contains("https://"));
        assert!(refused(serde_json::json!({"trusted_proxies": ["10.0.0.0/99"]})).contains("10.0.0.0/99"));
        let zero = refused(serde_json::json!({"connections_per_document_max": 0}));
        assert!(zero.contains("connections_per_document_max must be at least 1"), "{zero}");
        assert!(refused(serde_json::json!({"document_bytes_max": -1})).contains("-1"));
    }

    #[test]
    fn an_unknown_name_in_the_file_is_an_error_that_names_both() {
        let file = object(serde_json::json!({"lisen": "127.0.0.1:1"}));
        let error =
            Config::from_layers(Some(("plenary.toml", file)), [], Map::new()).unwrap_err().to_string();
        assert!(
            error.contains("plenary.toml") && error.contains("lisen") && error.contains("listen"),
            "{error}"
        );
    }

    #[test]
    fn a_bad_value_in_the_environment_is_an_error_that_names_it() {
        let environment = [("PLENARY_DRAIN".to_owned(), "soon".to_owned())];
        let error = Config::from_layers(None, environment, Map::new()).unwrap_err().to_string();
        assert!(error.contains("PLENARY_DRAIN") && error.contains("soon"), "{error}");
    }

    #[test]
    fn an_address_others_can_reach_needs_a_public_url() {
        let flags = object(serde_json::json!({"listen": "0.0.0.0:4600"}));
        assert!(matches!(
            Config::from_layers(None, [], flags.clone()),
            Err(ConfigError::PublicUrlMissing { .. })
        ));
        let mut named = flags;
        named.insert("public_url".into(), "https://plenary.example.org".into());
        assert!(Config::from_layers(None, [], named).unwrap().is_https());
    }

    #[test]
    fn the_public_url_is_compared_as_browsers_name_it_however_it_was_typed() {
        let table = [
            ("https://Plenary.Example.org", "https://plenary.example.org"),
            ("https://plenary.example.org:443", "https://plenary.example.org"),
            ("http://localhost:80", "http://localhost"),
            ("https://plenary.example.org:8443", "https://plenary.example.org:8443"),
            ("http://plenary.example.org:443", "http://plenary.example.org:443"),
        ];
        for (typed, named) in table {
            let flags = object(serde_json::json!({"public_url": typed}));
            let config = Config::from_layers(None, [], flags).unwrap();
            assert_eq!(config.public_url.as_deref(), Some(named));
        }
    }

    #[test]
    fn a_bad_value_in_the_file_is_an_error_that_names_its_setting() {
        for (name, value) in
            [("listen", Value::from("localhost:0")), ("log_format", "xml".into()), ("tls_cert", 4.into())]
        {
            let file = Map::from_iter([("drain".to_owned(), "9s".into()), (name.to_owned(), value.clone())]);
            let error =
                Config::from_layers(Some(("plenary.toml", file)), [], Map::new()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("plenary.toml: {name} = {value}: ")), "{error}");
        }
    }

    #[test]
    fn embed_origins_are_written_as_browsers_name_them() {
        let named = |text: &str| {
            let environment = [("PLENARY_EMBED_ORIGINS".to_owned(), text.to_owned())];
            Config::from_layers(None, environment, Map::new()).map(|config| config.embed_origins)
        };
        let two = named("https://a.example, http://localhost:8080").unwrap();
        assert_eq!(two, ["https://a.example", "http://localhost:8080"]);
        assert!(named("").unwrap().is_empty());
        let unusable = [
            "*",
            "https://*.example",
            "https://a.example/",
            "a.example",
            "https://A.example",
            "https://a.example:443",
        ];
        for text in unusable {
            let error = named(text).unwrap_err().to_string();
            assert!(error.contains("embed_origins") && error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_span_reads_back_as_it_is_shown() {
        for text in ["500ms", "30s", "10m", "12h", "7d", "90s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["", "12", "h", "-1s", "1.5h", "99999999999999999999d", "18446744073709551615d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
