//! How the broker is started: command line, then environment (`LOA_…`), then a TOML file, then defaults.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

/// What may be given on the command line. Whatever is absent is looked for elsewhere.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct Arguments {
    /// Folder of everything the broker keeps
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// TOML file with settings of the same names
    #[arg(long)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Where people's browsers come to [default: 127.0.0.1:8080]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<SocketAddr>,
    /// Certificate of the page, then its issuers', PEM: browsers come by HTTPS
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_cert: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_key: Option<PathBuf>,
    /// Where nodes enrol and fetch clips, TLS [default: 0.0.0.0:8443]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_http: Option<SocketAddr>,
    /// Where nodes connect by MQTT over TLS [default: 0.0.0.0:8883]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt_listen: Option<SocketAddr>,
    /// Use this MQTT 5 server instead of the embedded one: `mqtts://HOST:PORT`
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt_url: Option<String>,
    /// CA of the external MQTT server, PEM
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt_ca: Option<PathBuf>,
    /// The broker's certificate for the external MQTT server, PEM
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt_cert: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mqtt_key: Option<PathBuf>,
    /// Host name or address that nodes reach the broker at; may be repeated, the first is given to nodes
    #[arg(long = "public-name")]
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "public_names")]
    pub public_names: Vec<String>,
    /// Address that people reach the page at, when it isn't the one listened on
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// How long a node's certificate lasts, seconds; nodes renew it at two thirds [default: a year]
    #[arg(long, hide = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_certificate_life_s: Option<u32>,
}

/// The settings in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Folder of everything the broker keeps.
    pub data: PathBuf,
    /// Where people's browsers come to.
    pub http: SocketAddr,
    /// Certificate of the page, PEM; plain HTTP without.
    pub http_cert: Option<PathBuf>,
    /// Key of that certificate, PEM.
    pub http_key: Option<PathBuf>,
    /// Where nodes enrol and fetch clips.
    pub node_http: SocketAddr,
    /// Where nodes connect by MQTT.
    pub mqtt_listen: SocketAddr,
    /// An MQTT server instead of the embedded one.
    pub mqtt_url: Option<String>,
    /// CA of the external MQTT server, PEM.
    pub mqtt_ca: Option<PathBuf>,
    /// The broker's certificate for it, PEM.
    pub mqtt_cert: Option<PathBuf>,
    /// Key of that certificate, PEM.
    pub mqtt_key: Option<PathBuf>,
    /// Names nodes reach the broker at.
    pub public_names: Vec<String>,
    /// Address of the page.
    pub public_url: Option<String>,
    /// IANA zone of the communes served.
    pub time_zone: String,
    /// How long a node's certificate lasts, seconds.
    pub node_certificate_life_s: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "loa-data".into(),
            http: SocketAddr::from(([127, 0, 0, 1], 8080)),
            http_cert: None,
            http_key: None,
            node_http: SocketAddr::from(([0, 0, 0, 0], 8443)),
            mqtt_listen: SocketAddr::from(([0, 0, 0, 0], 8883)),
            mqtt_url: None,
            mqtt_ca: None,
            mqtt_cert: None,
            mqtt_key: None,
            public_names: vec!["localhost".into(), "127.0.0.1".into()],
            public_url: None,
            time_zone: "Asia/Ho_Chi_Minh".into(),
            // A node that lay in a drawer for four months still gets through.
            node_certificate_life_s: 365 * 24 * 60 * 60,
        }
    }
}

impl Settings {
    /// How long a node's certificate lasts.
    pub fn node_certificate_life(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(self.node_certificate_life_s.into())
    }

    /// Puts the sources together. An unknown name in the file is an error: a setting misspelt is a setting ignored.
    pub fn gather(arguments: &Arguments) -> Result<Self, Box<figment::Error>> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = &arguments.config {
            figment = figment.merge(Toml::file_exact(file));
        }
        let names: Vec<String> = match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(fields)) => fields.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        figment
            .merge(Env::prefixed("LOA_").only(&names))
            .merge(Serialized::defaults(arguments))
            .extract()
            .map_err(Box::new)
    }

    /// The address that people reach the page at, without a slash at the end, when it listens at `http`.
    pub fn page_url(&self, http: SocketAddr) -> String {
        let given = self.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        given.unwrap_or_else(|| format!("{}://{http}", self.page_scheme()))
    }

    /// How the broker itself serves the page.
    pub fn page_scheme(&self) -> &'static str {
        if self.http_cert.is_some() { "https" } else { "http" }
    }

    /// Whether the page is reached by TLS, so that its cookie may be kept from plain HTTP.
    pub fn page_is_secure(&self) -> bool {
        self.http_cert.is_some() || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_stronger_than_the_file_and_the_file_than_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loa.toml");
        std::fs::write(&file, "http = '127.0.0.1:1'\nnode_http = '127.0.0.1:2'\n").unwrap();
        let arguments = Arguments {
            config: Some(file),
            http: Some("127.0.0.1:3".parse().unwrap()),
            ..Arguments::default()
        };
        let settings = Settings::gather(&arguments).unwrap();
        assert_eq!(settings.http.port(), 3);
        assert_eq!(settings.node_http.port(), 2);
        assert_eq!(settings.mqtt_listen.port(), 8883);
    }

    /// The file with its commented examples in force, over what they replace.
    fn with_examples(text: &str) -> String {
        let mut lines: Vec<&str> = Vec::new();
        for line in text.lines() {
            let example = line.strip_prefix('#').filter(|rest| rest.starts_with(char::is_alphabetic));
            let line = example.unwrap_or(line);
            if let Some((name, _)) = line.split_once(" = ") {
                lines.retain(|earlier| earlier.split_once(" = ").is_none_or(|(earlier, _)| earlier != name));
            }
            lines.push(line);
        }
        lines.join("\n")
    }

    #[test]
    fn the_example_file_is_accepted_with_and_without_its_examples() {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/broker.toml"));
        let settings =
            Settings::gather(&Arguments { config: Some(file.clone()), ..Arguments::default() }).unwrap();
        assert_eq!((settings.http_cert.as_deref(), settings.mqtt_url.as_deref()), (None, None));
        assert!(settings.page_is_secure());

        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("loa.toml");
        std::fs::write(&whole, with_examples(&std::fs::read_to_string(file).unwrap())).unwrap();
        let settings = Settings::gather(&Arguments { config: Some(whole), ..Arguments::default() }).unwrap();
        assert_eq!(settings.http.port(), 443);
        assert!(settings.http_cert.is_some() && settings.http_key.is_some() && settings.mqtt_url.is_some());
    }

    #[test]
    fn a_link_leads_to_the_address_that_people_use() {
        let mut settings = Settings::default();
        let http = settings.http;
        assert_eq!(settings.page_url(http), "http://127.0.0.1:8080");
        settings.public_url = Some("https://loa.example.vn/".into());
        assert_eq!(settings.page_url(http), "https://loa.example.vn");
    }

    #[test]
    fn a_setting_misspelt_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loa.toml");
        std::fs::write(&file, "htpp = '127.0.0.1:1'\n").unwrap();
        let arguments = Arguments { config: Some(file), ..Arguments::default() };
        assert!(Settings::gather(&arguments).is_err());
    }
}
