//! What no broker should swallow: too large, too long, rubbish. A problem with its code, nothing stored, and the broker serves on.

use std::{collections::BTreeMap, fs, path::Path, time::UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use loa_fleet::api::{AiringStatus::Played, Api};
use loa_protocol::Class;
use loa_tests::world::World;
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::{Value, json};

/// Above this the broker's memory isn't bounded by what it accepts (100 MB) but by what it is sent, MiB.
const MEMORY_MIB: u64 = 400;

/// Sends what is wrong on purpose; the answer must be a problem with this code.
async fn refused(api: &Api, what: &str, request: RequestBuilder, status: u16, code: &str) -> Result<Value> {
    let response = request.send().await.with_context(|| what.to_owned())?;
    let found = response.status();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    let text = response.text().await?;
    assert_eq!(
        (found.as_u16(), kind.as_deref()),
        (status, Some("application/problem+json")),
        "{what}: {text}"
    );
    let problem: Value = serde_json::from_str(&text)?;
    assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{what}");
    ensure!(api.areas().await.is_ok(), "the broker no longer serves after {what}");
    Ok(problem)
}

/// Everything that the broker keeps of what people send: each table's rows as the API shows them, and the clip folder's files.
async fn kept(world: &World) -> Result<(Vec<Value>, BTreeMap<String, (u64, u128)>)> {
    let mut lists = Vec::new();
    for path in ["/areas", "/bulletins?limit=100", "/broadcasts?limit=100"] {
        lists.push(world.api.raw(world.api.request(Method::GET, path)).await?.1);
    }
    let nodes = world.api.nodes().await?;
    lists.push(
        nodes
            .iter()
            .map(|node| {
                json!([node.id, node.name, node.volume, node.status == loa_fleet::api::NodeStatus::Revoked])
            })
            .collect(),
    );
    let mut files = BTreeMap::new();
    list(&world.broker_data().join("clips"), &mut files)?;
    Ok((lists, files))
}

fn list(folder: &Path, files: &mut BTreeMap<String, (u64, u128)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            let about = entry.metadata()?;
            let changed = about.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
            files.insert(entry.path().display().to_string(), (about.len(), changed));
        }
    }
    Ok(())
}

fn most_memory_mib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

fn file(body: impl Into<reqwest::Body>) -> multipart::Form {
    multipart::Form::new().part("file", multipart::Part::stream(body).file_name("sound.wav"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_taken_gets_its_code_leaves_nothing_and_costs_no_memory() -> Result<()> {
    let mut world = World::of(1).await?;
    let bulletin = world.tune(Class::Normal, 18, 1.0).await?;
    let before = kept(&world).await?;
    let api = world.api.clone();
    let post = |path: &str| api.request(Method::POST, path);
    let raw = |path: &str, body: &'static [u8]| {
        api.request(Method::POST, path).header("content-type", "application/json").body(body)
    };

    // Larger and longer than anything wanted; the last is sent twice at once.
    let upload = || post("/clips").multipart(file(vec![0x55; 200_000_000]));
    refused(&api, "200 MB", upload(), 413, "too_large").await?;
    let (one, two) = tokio::join!(
        refused(&api, "200 MB", upload(), 413, "too_large"),
        refused(&api, "200 MB", upload(), 413, "too_large")
    );
    assert_eq!(one?["params"]["limit_bytes"], two?["params"]["limit_bytes"]);
    let long = "ồ".repeat(100_000);
    for (path, body) in [
        ("/readings", json!({"text": long})),
        ("/clips/speech", json!({"text": long, "voice": "vi"})),
        ("/bulletins", json!({"title": "Dài", "text": long, "voice": "vi"})),
    ] {
        let problem = refused(&api, path, post(path).json(&body), 422, "text_too_long").await?;
        assert_eq!(problem["params"]["characters"], 100_000);
    }
    let huge = json!({"title": "x".repeat(3 << 20), "clip": bulletin.clip.hash});
    refused(&api, "3 MB of JSON", post("/bulletins").json(&huge), 413, "too_large").await?;

    // Rubbish, and JSON of other shapes.
    let paths = ["/bulletins", "/broadcasts", "/areas", "/nodes", "/stop", "/readings", "/clips/speech"];
    for rubbish in
        [&b"{"[..], b"", b"\x00\xff\xfe", b"[]", b"null", b"42", b"{\"title\": \"\xc3\x28", &[b'['; 10_000]]
    {
        for path in paths {
            let what = format!("{path} {:?}", String::from_utf8_lossy(&rubbish[..rubbish.len().min(20)]));
            refused(&api, &what, raw(path, rubbish), 422, "invalid_request").await?;
        }
    }
    let hash = bulletin.clip.hash.as_str();
    let wrong_type = [
        ("/bulletins", json!({"title": 7, "clip": hash})),
        ("/bulletins", json!({"title": "Lớp lạ", "class": "loudest", "clip": hash})),
        ("/broadcasts", json!({"bulletin": bulletin.id, "areas": "31699-01"})),
        ("/broadcasts", json!({"bulletin": bulletin.id, "areas": ["31699-01"], "expires_in_s": -5})),
        ("/nodes", json!({"hamlet": "31699-01"})),
    ];
    for (path, body) in wrong_type {
        refused(&api, &body.to_string(), post(path).json(&body), 422, "invalid_request").await?;
    }
    let wrong_value = [
        ("/bulletins", json!({"title": "  ", "clip": hash}), "title"),
        ("/bulletins", json!({"title": "x".repeat(121), "clip": hash}), "title"),
        ("/bulletins", json!({"title": "Không có", "clip": "0".repeat(64)}), "clip"),
        ("/bulletins", json!({"title": "Đường dẫn", "clip": "../../identity/signing.json"}), "clip"),
        ("/bulletins", json!({"title": "Không lời"}), "text"),
        ("/broadcasts", json!({"bulletin": "nobody", "areas": ["31699-01"]}), "bulletin"),
        ("/broadcasts", json!({"bulletin": bulletin.id, "areas": ["31699-01; DROP TABLE nodes"]}), "areas"),
        (
            "/broadcasts",
            json!({"bulletin": bulletin.id, "areas": ["31699-01"], "expires_in_s": 0}),
            "expires_in_s",
        ),
        ("/areas", json!({"code": "9", "name": "Lạ"}), "code"),
        ("/nodes", json!({"hamlet": "31699", "name": "Cả xã"}), "hamlet"),
    ];
    for (path, body, field) in wrong_value {
        let problem = refused(&api, &body.to_string(), post(path).json(&body), 422, "invalid_field").await?;
        assert_eq!(problem["params"]["field"], field);
    }
    let nowhere = json!({"bulletin": bulletin.id, "areas": ["31699-05"]});
    refused(&api, "a hamlet without a node", post("/broadcasts").json(&nowhere), 422, "no_nodes").await?;
    let voice = json!({"text": "Xin chào", "voice": "../../bin/sh"});
    refused(&api, "a voice", post("/clips/speech").json(&voice), 422, "voice_unknown").await?;
    for path in
        ["/nodes/nobody", "/nodes/..%2f..%2fetc", "/broadcasts/1", "/bulletins/1", "/clips/1", "/nothing"]
    {
        refused(&api, path, api.request(Method::GET, path), 404, "not_found").await?;
    }

    // Files that are no sound.
    let noise: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let cut = loa_tests::tune::wav(19, 1.0)[..30].to_vec();
    let mut silent = loa_tests::tune::wav(20, 1.0);
    silent[44..].fill(0);
    for sound in [Vec::new(), noise, cut, silent, b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f".to_vec()] {
        let problem =
            refused(&api, "no sound", post("/clips").multipart(file(sound)), 422, "sound_unusable").await?;
        assert!(problem["params"]["cause"].is_string(), "{problem}");
    }
    let no_file = multipart::Form::new().text("name", "value");
    refused(&api, "no file", post("/clips").multipart(no_file), 422, "invalid_field").await?;
    refused(&api, "no form", raw("/clips", b"{}"), 422, "invalid_request").await?;

    assert_eq!(kept(&world).await?, before, "something was stored");
    let pid = world.broker.process().pid().context("the broker runs")?;
    let memory = most_memory_mib(pid)?;
    assert!(memory < MEMORY_MIB, "the broker took {memory} MiB");
    let done = world.over(&api.air(&bulletin.id, &["31699-01"]).await?.id).await?;
    assert_eq!(done.airings[0].status, Played, "what is right still works");
    assert_eq!(world.broker.process().pid(), Some(pid), "it is the same process");
    eprintln!("the broker took at most {memory} MiB");
    Ok(())
}
