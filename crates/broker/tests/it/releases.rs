//! Releases of the agent: signed elsewhere, handed in, rolled out step by step, halted by a node that went back.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use loa_protocol::{
    ClockTrust, NodeState, ReleaseState, release,
    release::{Outcome, Tried},
    state::OutputState,
    topic,
    version::VersionRange,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Broker, Link, PATIENCE};

const TARGET: &str = "aarch64-unknown-linux-gnu";

/// Runs `loa-broker releases`; what it says, or why not.
fn releases(arguments: &[&str]) -> Result<String, String> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_loa-broker")).arg("releases").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

struct Workshop {
    folder: PathBuf,
    data: PathBuf,
}

impl Workshop {
    fn of(folder: &Path, data: &Path) -> Self {
        let authority = data.join("identity/authority.json");
        let key = folder.join("key");
        releases(&["make-key", "--authority", text(&authority), text(&key)]).unwrap();
        Self { folder: folder.to_owned(), data: data.to_owned() }
    }

    /// A program and its manifest.
    fn sign(&self, version: &str, program: &[u8]) -> (PathBuf, PathBuf) {
        let (path, manifest) = (self.folder.join("program"), self.folder.join("manifest"));
        std::fs::write(&path, program).unwrap();
        let key = self.folder.join("key");
        let what = ["--key", text(&key), "--version", version, "--target", TARGET, "--out", text(&manifest)];
        releases(&[&["sign", text(&path)], &what[..]].concat()).unwrap();
        (path, manifest)
    }

    fn hand_in(&self, (program, manifest): &(PathBuf, PathBuf)) -> Result<String, String> {
        releases(&["add", "--data", text(&self.data), text(program), text(manifest)])
    }

    fn add(&self, version: &str, program: &[u8]) -> Result<String, String> {
        self.hand_in(&self.sign(version, program))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

async fn says(link: &Link, node: &crate::support::Node, version: &str, last: Option<Tried>) {
    let state = NodeState {
        online: true,
        farewell: false,
        at: node.told.now,
        version: version.into(),
        protocol: VersionRange::OURS,
        boot: "boot".into(),
        generation: None,
        clock: ClockTrust::Synchronised,
        playing: None,
        waiting: Vec::new(),
        output: OutputState::Ready,
        latched: false,
        lacking: Vec::new(),
        release: Some(ReleaseState { target: TARGET.into(), step: None, last }),
        ask: None,
    };
    link.say(topic::state(&node.id()), &state).await;
}

/// The version that the next plans name, once it is this.
async fn is_to_run(link: &mut Link, node: &crate::support::Node, version: Option<&str>) {
    let mut seen = None;
    let named = tokio::time::timeout(PATIENCE, async {
        loop {
            let plan = link.plan().await;
            seen = plan.release.map(|sealed| {
                let (manifest, _) = release::open(&sealed, &node.told.authority, 0, plan.issued_at).unwrap();
                manifest.version.to_string()
            });
            if seen.as_deref() == version {
                return;
            }
        }
    });
    named.await.expect("a plan that says so in time");
}

fn node_of<'a>(seen: &'a Value, node: &crate::support::Node) -> &'a Value {
    let nodes = seen["nodes"].as_array().unwrap();
    nodes.iter().find(|one| one["id"] == node.id().as_str()).unwrap()
}

/// Until what is seen of a node is this.
async fn shown(broker: &Broker, node: &crate::support::Node, progress: &str) -> Value {
    let wait = async {
        loop {
            let seen = broker.get("/releases").await;
            if node_of(&seen, node)["progress"] == progress {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("seen in time")
}

#[tokio::test]
async fn a_release_goes_to_one_node_then_to_all_and_a_node_that_went_back_halts_it() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let workshop = Workshop::of(folder.path(), &broker.data);
    workshop.add("0.2.0", b"program").unwrap();
    let (first, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let (mut to_first, mut to_other) = (broker.connect(&first).await, broker.connect(&other).await);
    for (link, node) in [(&to_first, &first), (&to_other, &other)] {
        says(link, node, "0.1.0", None).await;
    }
    let step = |to: &str, expected| {
        let body = json!({ "to": to });
        let broker = &broker;
        async move { broker.post("/releases/rollout/steps", &body, expected).await }
    };

    let rollout = json!({ "version": "0.2.0", "first": first.id().as_str(), "percent": 1 });
    for (field, wrong) in [("version", json!("0.9.0")), ("first", json!("nobody")), ("percent", json!(100))] {
        let mut body = rollout.clone();
        body[field] = wrong;
        let problem = broker.post("/releases/rollout", &body, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(problem["params"]["field"], field);
    }
    broker.post("/releases/rollout", &rollout, StatusCode::CREATED).await;
    is_to_run(&mut to_first, &first, Some("0.2.0")).await;
    let seen = broker.get("/releases").await;
    assert_eq!(node_of(&seen, &first)["progress"], "told");
    assert_eq!(node_of(&seen, &other)["progress"], "later");
    let again = broker.post("/releases/rollout", &rollout, StatusCode::CONFLICT).await;
    assert_eq!(again["code"], "rollout_open");
    assert_eq!(step("to_all", StatusCode::CONFLICT).await["code"], "rollout_elsewhere");

    says(&to_first, &first, "0.2.0", None).await;
    shown(&broker, &first, "updated").await;
    step("to_share", StatusCode::OK).await;
    step("to_all", StatusCode::OK).await;
    is_to_run(&mut to_other, &other, Some("0.2.0")).await;

    // It went back: nobody else gets it, and who hasn't begun leaves off.
    let back = || {
        let reason = Some("not_ready".to_owned());
        Some(Tried { version: "0.2.0".parse().unwrap(), outcome: Outcome::RolledBack, reason })
    };
    says(&to_first, &first, "0.1.0", back()).await;
    let seen = shown(&broker, &first, "rolled_back").await;
    assert_eq!(node_of(&seen, &first)["reason"], "not_ready");
    assert_eq!(seen["rollout"]["halted_for"], first.id().as_str());
    is_to_run(&mut to_other, &other, None).await;
    step("resume", StatusCode::OK).await;
    is_to_run(&mut to_other, &other, Some("0.2.0")).await;
    // Said again, as after a restart, it is no news.
    says(&to_first, &first, "0.1.1", back()).await;
    says(&to_other, &other, "0.2.0", None).await;
    let seen = shown(&broker, &other, "updated").await;
    assert_eq!(seen["rollout"]["halted_at"], Value::Null);
    // By another it is.
    says(&to_other, &other, "0.1.0", back()).await;
    assert_eq!(shown(&broker, &other, "rolled_back").await["rollout"]["halted_for"], other.id().as_str());
    step("end", StatusCode::OK).await;
    step("end", StatusCode::NOT_FOUND).await;

    let log = broker.get("/audit?limit=200").await;
    let actions: Vec<_> = log["items"].as_array().unwrap().iter().map(|row| row["action"].clone()).collect();
    for action in ["release.add", "rollout.begin", "rollout.step", "rollout.halted"] {
        assert!(actions.contains(&json!(action)), "{action}: {actions:?}");
    }
}

#[tokio::test]
async fn only_what_the_authoritys_release_key_signed_is_taken_and_a_number_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let stranger = Broker::start(&folder.path().join("other")).await;
    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let foreign = Workshop::of(&elsewhere, &stranger.data);
    let workshop = Workshop::of(folder.path(), &broker.data);

    let refused = workshop.hand_in(&foreign.sign("0.2.0", b"program")).unwrap_err();
    assert!(refused.contains("not signed by a release key of this broker's authority"), "{refused}");
    let signed = workshop.sign("0.2.0", b"program");
    std::fs::write(&signed.0, b"PROGRAM").unwrap();
    assert!(workshop.hand_in(&signed).unwrap_err().contains("is not the program that was signed"));
    workshop.add("0.2.0", b"program").unwrap();
    workshop.add("0.2.0", b"program").unwrap();
    assert!(workshop.add("0.2.0", b"another").unwrap_err().contains("a version's number is used once"));
    let data = text(&broker.data);
    assert!(releases(&["list", "--data", data]).unwrap().starts_with("0.2.0  aarch64"));

    let local = broker.invited("local", json!([{ "role": "admin", "area": "31699" }])).await;
    let node = broker.enrolled("31699-01").await;
    let rollout = json!({ "version": "0.2.0", "first": node.id().as_str(), "percent": 10 });
    let refused = local.post("/releases/rollout", &rollout, StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "area_not_yours");
    assert_eq!(local.get("/releases", StatusCode::OK).await["may_move"], false);
    assert_eq!(broker.get("/releases").await["items"][0]["version"], "0.2.0");
    releases(&["withdraw", "--data", data, "--version", "0.2.0"]).unwrap();
    assert_eq!(broker.get("/releases").await["items"], json!([]));
    broker.post("/releases/rollout", &rollout, StatusCode::UNPROCESSABLE_ENTITY).await;
}

#[tokio::test]
async fn a_program_is_given_whole_or_in_parts_to_nodes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let program: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    Workshop::of(folder.path(), &broker.data).add("0.2.0", &program).unwrap();
    let node = broker.enrolled("31699-01").await;
    let hash = loa_protocol::ClipHash::of(&program);
    let url = format!("{}/releases/{hash}", broker.nodes);
    let known = broker.node_http(Some(node.identity()));
    let whole = known.get(&url).send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.bytes().await.unwrap(), program);
    let part = known.get(&url).header("range", "bytes=150000-150009").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 150000-150009/200000");
    assert_eq!(part.bytes().await.unwrap(), program[150_000..150_010]);
    let beyond = known.get(&url).header("range", "bytes=200000-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let stranger = broker.node_http(None).get(&url).send().await.unwrap();
    assert_eq!(stranger.status(), StatusCode::FORBIDDEN);
    for other in ["0".repeat(64), "..%2Floa.db".to_owned()] {
        let none = known.get(format!("{}/releases/{other}", broker.nodes)).send().await.unwrap();
        assert_eq!(none.status(), StatusCode::NOT_FOUND, "{other}");
    }
}
