//! The demo: a broker and the five hamlets of Đại Ân 2 on one machine, by the same steps an operator and an installer take.
//!
//! It promises that a second start continues where the first was stopped, wherever that was, and that nothing it started outlives it.
//! It listens to nodes on loopback alone, and invents a password rather than ship one.

mod notebook;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use futures_util::future::{join_all, select_all};

use self::notebook::{Notebook, SignIn};
use crate::{
    agent::{Agent, AgentOptions, Gone, Output, RESTART_AFTER},
    api::{Api, Content, Node},
    broker::{Broker, BrokerOptions, MqttSide},
    bulletins,
    commune::{self, DAI_AN_2},
    ports,
    supervision::Patience,
};

/// Where the nodes' ports are looked for first: those of a real broker.
const NODE_PORT: u16 = 8443;
const MQTT_PORT: u16 = 8883;
/// All agents are connected by then, or something is wrong.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Where the demo's sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sound {
    /// To the sound card if there is one, else to files.
    Auto,
    /// To the default sound card.
    Card,
    /// Into WAV files, a folder a hamlet.
    Wav,
}

/// How to start the demo.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Folder of everything it keeps.
    pub data: PathBuf,
    /// Address the page listens on.
    pub listen: IpAddr,
    /// Port the page listens on, if it is free.
    pub port: u16,
    /// Where the sound goes.
    pub sound: Sound,
}

/// The demo, running.
pub struct Demo {
    broker: Broker,
    agents: Vec<Agent>,
}

/// Whether ALSA knows a device that plays.
fn has_sound_card() -> bool {
    std::fs::read_to_string("/proc/asound/pcm").is_ok_and(|devices| devices.contains("playback"))
}

impl Demo {
    /// Starts everything and says what a person needs to know. `say` gets whole lines.
    pub async fn start(options: &DemoOptions, say: &mut dyn FnMut(&str)) -> anyhow::Result<Self> {
        // Absolute, because the agents and the messages outlive a change of directory.
        std::fs::create_dir_all(&options.data)?;
        let data = options.data.canonicalize()?;
        let mut notebook = Notebook::open(&data)?;
        let broker = start_broker(options, &data, &mut notebook, say).await?;
        let api = Api::new(&format!("http://{}", reachable(broker.ready().http)))?;
        let (sign_in, is_new) = sign_in(&api, &broker, &data).await?;
        let nodes = DAI_AN_2.found(&api).await?;

        if is_new {
            add_bulletins(&api).await?;
        }

        let on_card = match options.sound {
            Sound::Auto => has_sound_card(),
            Sound::Card => true,
            Sound::Wav => false,
        };
        let heard = data.join("heard");
        let mut agents = Vec::with_capacity(nodes.len());
        for node in &nodes {
            let output =
                if on_card { Output::Default } else { Output::Wav(heard.join(slug(&node.hamlet.name))) };
            let agent = AgentOptions {
                own_group: true,
                supervised: Some(Patience::default()),
                ..AgentOptions::below(&data, &slug(&node.hamlet.name), output)
            };
            enrol(&api, node, &agent, &mut notebook).await?;
            agents.push(Agent::start(agent)?);
        }
        let ids: Vec<_> = nodes.iter().map(|node| node.id.clone()).collect();
        match tokio::time::timeout(READY_WITHIN, commune::ready(&api, &ids)).await {
            Ok(ready) => ready?,
            Err(_) => bail!("the agents did not reach the broker; see {}", data.join("logs").display()),
        }

        say(&format!("Loa is ready: {}", api.base()));
        say(&format!("  Sign in as    {}", sign_in.username));
        if is_new {
            say(&format!(
                "  Password      {}   (kept in {})",
                sign_in.password,
                SignIn::path(&data).display()
            ));
        } else {
            say(&format!("  Password      as at the first start, in {}", SignIn::path(&data).display()));
        }
        if on_card {
            say("  Sound         all five hamlets play to the sound card");
        } else {
            say(&format!(
                "  Sound         what each hamlet hears is a WAV file in {}/HAMLET/",
                heard.display()
            ));
        }
        if let Some(bulletin) = bulletins::all().first() {
            say(&format!("  Try saying    {}", bulletin.text.lines().next().unwrap_or_default()));
        }
        say(&format!("  Logs          {}", data.join("logs").display()));
        say("  Ctrl-C stops it; the next start continues with the same data.");
        Ok(Self { broker, agents })
    }

    /// Keeps it running until `stop` completes, then stops everything in order: the agents fade out and say farewell to a broker
    /// that still listens.
    pub async fn run(
        mut self,
        stop: impl Future<Output = ()>,
        say: &mut dyn FnMut(&str),
    ) -> anyhow::Result<()> {
        tokio::pin!(stop);
        let ended = loop {
            let gone = {
                let Self { broker, agents } = &mut self;
                let agents = agents.iter_mut().map(|agent| Box::pin(agent.gone()));
                tokio::select! {
                    () = &mut stop => break Ok(()),
                    _ = broker.process().ended() => None,
                    (why, index, _) = select_all(agents) => Some((why, index)),
                }
            };
            let Some((why, index)) = gone else {
                let words = self.broker.process().last_words();
                break Err(anyhow::anyhow!("the broker ended by itself:\n{words}"));
            };
            let agent = &mut self.agents[index];
            say(&format!(
                "The agent of {} {} and is started again; see {}",
                agent.options().name,
                match why {
                    Gone::Ended => "ended by itself",
                    Gone::NotReady => "did not become ready",
                    Gone::Hung => "hung",
                },
                agent.options().log.display()
            ));
            tokio::select! {
                () = &mut stop => break Ok(()),
                () = tokio::time::sleep(RESTART_AFTER) => agent.start_again().await?,
            }
        };
        say("Stopping ...");
        join_all(self.agents.iter_mut().map(Agent::stop)).await;
        self.broker.stop().await;
        ended
    }
}

/// An address to put into a link: `0.0.0.0` is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { (ports::LOOPBACK, address.port()).into() } else { address }
}

async fn start_broker(
    options: &DemoOptions,
    data: &Path,
    notebook: &mut Notebook,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<Broker> {
    let page = ports::free_from(options.listen, options.port)?;
    if page != options.port {
        say(&format!("Port {} is taken by another program; the page is on {page}.", options.port));
    }
    let (node_port, mqtt_port) = match notebook.ports {
        Some((node, mqtt)) => {
            for port in [node, mqtt] {
                if !ports::is_free((ports::LOOPBACK, port).into()) {
                    bail!(
                        "port {port}, where the agents of {} know the broker, is taken. Does the demo run already? \
                         Otherwise stop the other program, or begin anew with `--data ANOTHER_FOLDER`.",
                        data.display()
                    );
                }
            }
            (node, mqtt)
        }
        None => {
            (ports::free_from(ports::LOOPBACK, NODE_PORT)?, ports::free_from(ports::LOOPBACK, MQTT_PORT)?)
        }
    };
    let broker = Broker::start(BrokerOptions {
        http: (options.listen, page).into(),
        node_http: (ports::LOOPBACK, node_port).into(),
        mqtt: MqttSide::Embedded((ports::LOOPBACK, mqtt_port).into()),
        own_group: true,
        ..BrokerOptions::on_loopback(data)
    })
    .await?;
    notebook.ports = Some((node_port, mqtt_port));
    notebook.save()?;
    Ok(broker)
}

/// Signs in; at the first start as the administrator that is made for it. Tells whether this is the first start.
async fn sign_in(api: &Api, broker: &Broker, data: &Path) -> anyhow::Result<(SignIn, bool)> {
    // Written before it is used: a password nobody knows would lock the demo for good.
    let sign_in = SignIn::open_or_invent(data)?;
    if let Some(link) = broker.setup_link() {
        api.set_up(link, &sign_in.username, &sign_in.display_name, &sign_in.password).await?;
        return Ok((sign_in, true));
    }
    let signed_in = api.sign_in(&sign_in.username, &sign_in.password).await;
    signed_in.with_context(|| format!("{} doesn't open this broker", SignIn::path(data).display()))?;
    Ok((sign_in, false))
}

/// Something to air: what is in the store of a commune that works with Loa.
async fn add_bulletins(api: &Api) -> anyhow::Result<()> {
    let voices = api.voices().await?;
    let Some(voice) = voices.first() else { return Ok(()) };
    for bulletin in bulletins::all() {
        let content = Content::Text { text: bulletin.text, voice: voice.id.clone() };
        api.add_bulletin(&bulletin.title, bulletin.class, &content).await?;
    }
    Ok(())
}

async fn enrol(api: &Api, node: &Node, agent: &AgentOptions, notebook: &mut Notebook) -> anyhow::Result<()> {
    let hamlet = node.hamlet.code.to_string();
    if notebook.enrolled.get(&hamlet) == Some(&node.id) {
        return Ok(());
    }
    if agent.data.exists() {
        // Of an enrolment that was cut short.
        std::fs::remove_dir_all(&agent.data)?;
    }
    let claim = api.claim(&node.id).await?;
    agent.enrol(&claim).await.with_context(|| format!("{} could not be enrolled", node.name))?;
    notebook.enrolled.insert(hamlet, node.id.clone());
    notebook.save()
}

/// A hamlet's name as a folder's: `Ấp Ngan Rô 1` becomes `ap-ngan-ro-1`.
fn slug(name: &str) -> String {
    let letters: BTreeMap<char, &str> = [
        ('a', "àáảãạăằắẳẵặâầấẩẫậ"),
        ('e', "èéẻẽẹêềếểễệ"),
        ('i', "ìíỉĩị"),
        ('o', "òóỏõọôồốổỗộơờớởỡợ"),
        ('u', "ùúủũụưừứửữự"),
        ('y', "ỳýỷỹỵ"),
        ('d', "đ"),
    ]
    .into();
    let plain = |c: char| {
        let base = letters.iter().find(|(_, marked)| marked.contains(c)).map_or(c, |(base, _)| *base);
        if base.is_ascii_alphanumeric() { base } else { '-' }
    };
    name.to_lowercase().chars().map(plain).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hamlet_has_a_folder_that_can_be_typed() {
        let folders: Vec<_> = DAI_AN_2.hamlets.iter().map(|(_, name)| slug(name)).collect();
        assert_eq!(folders, ["ap-cho", "ap-ngan-ro-1", "ap-ngan-ro-2", "ap-tam-vu", "ap-lam-do"]);
    }

    #[test]
    fn a_link_never_says_the_unspecified_address() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("192.168.1.2:80".parse().unwrap()).to_string(), "192.168.1.2:80");
    }
}
