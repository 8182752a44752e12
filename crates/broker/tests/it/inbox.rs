//! From above: what a system may send, what its class makes of it, and what people decide.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{Action, Class, Clock, Outcome, Reason, Receipt, ReceiptBatch, SystemClock, topic};
use reqwest::{
    Method, RequestBuilder, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

use crate::support::{Broker, answer, at_any_hour, tone};

/// A system of the province, as it is outside: without a session.
pub struct Province {
    client: reqwest::Client,
    base: String,
    pub id: String,
    token: String,
}

impl Province {
    pub async fn of(broker: &Broker, area: &str) -> Self {
        let source = json!({ "name": "Sở Thông tin", "area": area });
        let source = broker.post("/sources", &source, StatusCode::CREATED).await;
        let text = |name: &str| source[name].as_str().unwrap().to_owned();
        let base = format!("{}/api/v1", broker.http);
        Self { client: reqwest::Client::new(), base, id: text("id"), token: text("token") }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    fn form(&self, form: Form) -> RequestBuilder {
        self.request(Method::POST, "/inbox").multipart(form)
    }

    /// An item, with a second of tone.
    pub async fn send(&self, item: &Value, expected: StatusCode) -> Value {
        let form = Form::new().text("item", item.to_string()).part("sound", Part::bytes(tone()));
        answer(self.form(form), expected).await
    }

    pub async fn outcome(&self, id: &Value) -> Value {
        let path = format!("/inbox/{}/outcome", id.as_str().unwrap());
        answer(self.request(Method::GET, &path), StatusCode::OK).await
    }
}

pub fn item(reference: &str, class: &str, areas: &[&str]) -> Value {
    json!({ "reference": reference, "class": class, "title": "Công điện", "areas": areas })
}

fn in_seconds(seconds: i64) -> Timestamp {
    SystemClock::new().now().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn path(item: &Value, what: &str) -> String {
    format!("/inbox/{}/{what}", item["id"].as_str().unwrap())
}

/// Asks until it is so.
async fn status_of(province: &Province, item: &Value, wanted: &str) -> Value {
    let asked = async {
        loop {
            let outcome = province.outcome(&item["id"]).await;
            if outcome["status"] == wanted {
                return outcome;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, asked).await.expect("it moves on in time")
}

#[tokio::test]
async fn a_normal_item_waits_and_its_sender_is_told_why_it_was_declined() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let province = Province::of(&broker, "94").await;
    let sent = item("a/1", "normal", &["31699"]);
    let first = province.send(&sent, StatusCode::CREATED).await;
    assert_eq!((&first["status"], &first["broadcast"]), (&json!("waiting"), &Value::Null));
    assert_eq!(province.send(&sent, StatusCode::OK).await, first, "sent again, it is there once");
    let items = broker.get("/inbox").await["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!((&items[0]["source"], &items[0]["reference"]), (&json!("Sở Thông tin"), &json!("a/1")));
    assert_eq!(items[0]["areas"][0]["name"], "Đại Ân 2");

    // A used name for something else would be a bulletin lost.
    for other in [item("a/1", "emergency", &["31699"]), item("a/1", "normal", &["31699-01"])] {
        assert_eq!(province.send(&other, StatusCode::CONFLICT).await["code"], "key_reused");
    }

    let no = json!({ "remark": "Đã phát sáng nay" });
    broker.post(&path(&first, "decline"), &json!({ "remark": " " }), StatusCode::UNPROCESSABLE_ENTITY).await;
    broker.post(&path(&first, "decline"), &no, StatusCode::NO_CONTENT).await;
    let outcome = province.outcome(&first["id"]).await;
    assert_eq!((&outcome["status"], &outcome["remark"]), (&json!("declined"), &no["remark"]));
    assert!(outcome["decided_at"].is_string());
    let late = broker.post(&path(&first, "play"), &json!({}), StatusCode::CONFLICT).await;
    assert_eq!((&late["code"], &late["params"]["status"]), (&json!("already_decided"), &json!("declined")));
    assert_eq!(broker.get("/inbox").await["items"], json!([]));
    assert_eq!(broker.get("/inbox?status=all").await["items"][0]["decided_by"], "UBND xã");
}

#[tokio::test]
async fn a_person_picks_a_time_for_a_normal_item_once() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let province = Province::of(&broker, "31699").await;
    let sent = province.send(&item("b/1", "normal", &["31699-01"]), StatusCode::CREATED).await;
    let when = json!({ "timetable": { "every": "day", "times": ["05:30"], "from": "2099-01-01" } });
    let entry = broker.post(&path(&sent, "schedule"), &when, StatusCode::CREATED).await;
    assert_eq!((&entry["bulletin"]["title"], &entry["inbox_item"]), (&json!("Công điện"), &sent["id"]));
    while link.plan().await.broadcasts.is_empty() {}
    broker.post(&path(&sent, "schedule"), &when, StatusCode::CONFLICT).await;
    assert_eq!(province.outcome(&sent["id"]).await["status"], "scheduled");
    assert_eq!(broker.get("/programme").await["items"].as_array().unwrap().len(), 1);
    // Taken out of the programme again: that is a no.
    let entry = format!("/programme/{}", entry["id"].as_str().unwrap());
    broker.delete(&entry, StatusCode::NO_CONTENT).await;
    status_of(&province, &sent, "declined").await;
}

#[tokio::test]
async fn a_waiting_item_is_played_now_only_where_a_person_might_play_anything() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let province = Province::of(&broker, "94").await;
    let sent = province.send(&item("c/1", "normal", &["31699-01"]), StatusCode::CREATED).await;
    let stopped = broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let refused = broker.post(&path(&sent, "play"), &json!({}), StatusCode::CONFLICT).await;
    assert_eq!(refused["code"], "latched");
    let latch = format!("/latches/{}/release", stopped["latches"][0]["id"].as_str().unwrap());
    broker.post(&latch, &json!({}), StatusCode::OK).await;
    let broadcast = broker.post(&path(&sent, "play"), &json!({}), StatusCode::CREATED).await;
    assert_eq!(broadcast["created_by"]["display_name"], "UBND xã");
    assert!(matches!(link.order().await.0.action, Action::Stop { .. }));
    let Action::Play(play) = link.order().await.0.action else { panic!("a play") };
    assert_eq!((play.broadcast.as_str(), play.class), (broadcast["id"].as_str().unwrap(), Class::Normal));
    assert_eq!(province.outcome(&sent["id"]).await["counts"], json!({ "sent": 1 }));
}

#[tokio::test]
async fn an_emergency_is_on_air_at_once_and_where_everything_was_stopped_that_is_what_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    // At no hour may anything sound, but for emergencies.
    let silence =
        json!({ "hours": [[], [], [], [], [], [], []], "ceilings": [], "exceedable": [], "exceeders": [] });
    broker.put("/areas/94/policy", &silence, StatusCode::OK).await;
    let (node, other) = (broker.enrolled("31699-01").await, broker.enrolled("31699-02").await);
    let (mut link, mut bystander) = (broker.connect(&node).await, broker.connect(&other).await);
    let province = Province::of(&broker, "94").await;
    let mut storm = item("d/1", "emergency", &["31699-01"]);
    storm["expires_at"] = in_seconds(1800).to_string().into();
    let sent = province.send(&storm, StatusCode::CREATED).await;
    assert_eq!(sent["status"], "aired");
    let (command, sound) = link.order().await;
    let Action::Play(play) = &command.action else { panic!("{command:?}") };
    assert_eq!(
        (play.broadcast.as_str(), play.class),
        (sent["broadcast"].as_str().unwrap(), Class::Emergency)
    );
    assert!(sound.is_some());
    let life = command.expires_at.duration_since(command.issued_at);
    assert!(life > SignedDuration::from_mins(29) && life <= SignedDuration::from_mins(30), "{life}");

    assert_eq!(province.send(&storm, StatusCode::OK).await, sent);
    broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let next = |link: Action| assert!(matches!(link, Action::Stop { latch: true, .. }), "{link:?}");
    next(link.order().await.0.action);
    next(bystander.order().await.0.action);

    // A second one, into the latch: the node has the last word, and the item says so.
    let second = province.send(&item("d/2", "emergency", &["31699-01"]), StatusCode::CREATED).await;
    assert_eq!(second["status"], "aired");
    let (command, _) = link.order().await;
    let Action::Play(play) = &command.action else { panic!("{command:?}") };
    let receipt = Receipt {
        airing: loa_protocol::AiringId::derive(&play.broadcast, &node.id(), command.issued_at),
        broadcast: play.broadcast.clone(),
        start: None,
        outcome: Outcome::Refused,
        reason: Some(Reason::Latched),
        started_at: None,
        ended_at: command.issued_at,
        frames: 0,
        clip_frames: 48_000,
        clip: play.clip.hash.clone(),
    };
    link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![receipt] }).await;
    while !matches!(link.command().await.0.action, Action::Acknowledge { .. }) {}
    assert_eq!(province.outcome(&second["id"]).await["counts"], json!({ "refused": 1 }));
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("AN EMERGENCY FROM ABOVE IS NOT HEARD"));

    let nowhere = province.send(&item("d/3", "emergency", &["94"]), StatusCode::CREATED).await;
    assert_eq!(nowhere["status"], "aired", "the province has two nodes");
    broker.post("/areas", &json!({ "code": "31699-09", "name": "Ấp mới" }), StatusCode::CREATED).await;
    let nowhere =
        province.send(&item("d/4", "emergency", &["31699-09"]), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(nowhere["code"], "no_nodes");
}

#[tokio::test]
async fn priority_items_are_queued_by_arrival_where_the_policy_allows_and_the_commune_orders_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let province = Province::of(&broker, "94").await;
    // Nothing may sound for the next two hours, by the clock there.
    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let now = zone.to_datetime(in_seconds(0)).time();
    let minute =
        (u32::try_from(now.hour()).unwrap() * 60 + u32::try_from(now.minute()).unwrap() + 120) % 1440;
    // Ten minutes of one day.
    let minute = minute.min(1420);
    let open = format!("{:02}:{:02}", minute / 60, minute % 60);
    let shut = format!("{:02}:{:02}", (minute + 10) / 60, (minute + 10) % 60);
    let mut policy = at_any_hour();
    policy["hours"] = json!(vec![json!([{ "from": open, "to": shut }]); 7]);
    broker.put("/areas/94/policy", &policy, StatusCode::OK).await;
    let mut sent = Vec::new();
    for reference in ["e/1", "e/2"] {
        sent.push(province.send(&item(reference, "priority", &["31699"]), StatusCode::CREATED).await);
    }
    assert!(sent.iter().all(|item| item["status"] == "queued"), "{sent:?}");
    let entries = broker.get("/programme").await["items"].clone();
    let of = |index: usize| entries[index]["inbox_item"].clone();
    assert_eq!([of(0), of(1)], [sent[0]["id"].clone(), sent[1]["id"].clone()], "by arrival");
    for entry in entries.as_array().unwrap() {
        assert_eq!(entry["timetable"]["times"], json!([open]));
        assert_eq!((&entry["timetable"]["every"], &entry["catch_up_s"]), (&json!("once"), &json!(14_400)));
        assert_eq!(entry["created_by"], "Sở Thông tin");
    }
    let ids = json!({ "ids": [sent[1]["broadcast"], sent[0]["broadcast"]] });
    broker.put("/programme/order", &ids, StatusCode::NO_CONTENT).await;
    loop {
        let mut broadcasts = link.plan().await.broadcasts;
        broadcasts.sort_by_key(|planned| planned.order);
        let ids: Vec<_> = broadcasts.iter().map(|planned| planned.id.as_str()).collect();
        if ids == [sent[1]["broadcast"].as_str().unwrap(), sent[0]["broadcast"].as_str().unwrap()] {
            break;
        }
    }
    // Declined, it leaves the programme; and nothing is forgotten or doubled by a power cut.
    broker.post(&path(&sent[0], "decline"), &json!({ "remark": "Trùng" }), StatusCode::NO_CONTENT).await;
    broker.kill().await;
    let broker = Broker::start(&data).await;
    broker.sign_in().await;
    let entries = broker.get("/programme").await["items"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["inbox_item"], sent[1]["id"]);
    let statuses: Vec<_> = broker.get("/inbox?status=all").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["status"].clone())
        .collect();
    assert_eq!(statuses, ["queued", "declined"]);
}

#[tokio::test]
async fn where_no_policy_ever_allows_a_priority_item_a_person_is_left_to_decide() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let silence =
        json!({ "hours": [[], [], [], [], [], [], []], "ceilings": [], "exceedable": [], "exceeders": [] });
    broker.put("/areas/94/policy", &silence, StatusCode::OK).await;
    let province = Province::of(&broker, "94").await;
    let sent = province.send(&item("f/1", "priority", &["31699"]), StatusCode::CREATED).await;
    assert_eq!(sent["status"], "waiting");
    assert_eq!(broker.get("/programme").await["items"], json!([]));
}

#[tokio::test]
async fn what_nobody_decides_in_time_expires_and_can_be_decided_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let _node = broker.enrolled("31699-01").await;
    let province = Province::of(&broker, "94").await;
    let mut brief = item("g/1", "normal", &["31699"]);
    brief["expires_at"] = in_seconds(3).to_string().into();
    let sent = province.send(&brief, StatusCode::CREATED).await;
    status_of(&province, &sent, "expired").await;
    assert_eq!(
        province.send(&brief, StatusCode::OK).await["status"],
        "expired",
        "a late replay is no new item"
    );
    broker.post(&path(&sent, "play"), &json!({}), StatusCode::CONFLICT).await;
    let mut past = item("g/2", "emergency", &["31699"]);
    past["expires_at"] = in_seconds(-1).to_string().into();
    assert_eq!(province.send(&past, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "expired");
}

#[tokio::test]
async fn a_source_reaches_its_own_area_and_its_own_items_only_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let (hamlet, commune) = (Province::of(&broker, "31699-01").await, Province::of(&broker, "31699").await);
    let sent = hamlet.send(&item("h/1", "normal", &["31699-01"]), StatusCode::CREATED).await;
    for foreign in [&["31699-02"][..], &["31699"], &["94"], &["31699-01", "31699-02"]] {
        let problem = hamlet.send(&item("h/2", "normal", foreign), StatusCode::FORBIDDEN).await;
        assert_eq!(problem["code"], "forbidden");
    }
    let unknown = hamlet.send(&item("h/3", "normal", &["99999"]), StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(unknown["params"]["field"], "areas");
    // The same reference of another source is another item.
    let other = commune.send(&item("h/1", "normal", &["31699-01"]), StatusCode::CREATED).await;
    assert_ne!(other["id"], sent["id"]);
    answer(commune.request(Method::GET, &path(&sent, "outcome")), StatusCode::NOT_FOUND).await;
    assert_eq!(broker.get("/inbox?status=all").await["items"].as_array().unwrap().len(), 2);
    assert_eq!(broker.get("/people").await["items"].as_array().unwrap().len(), 1, "a source is nobody");

    let revoke = format!("/sources/{}", hamlet.id);
    broker.delete(&revoke, StatusCode::NO_CONTENT).await;
    broker.delete(&revoke, StatusCode::NOT_FOUND).await;
    let refused = hamlet.send(&item("h/4", "normal", &["31699-01"]), StatusCode::UNAUTHORIZED).await;
    assert_eq!(refused["code"], "sign_in_required");
    assert_eq!(broker.get("/sources").await["items"].as_array().unwrap().len(), 1);
    for password in ["", "!", "source"] {
        let credentials = json!({ "username": format!("source:{}", commune.id), "password": password });
        broker.post("/session", &credentials, StatusCode::UNAUTHORIZED).await;
    }
}

#[tokio::test]
async fn guessing_a_credential_is_slowed_and_the_right_one_is_heard_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let province = Province::of(&broker, "94").await;
    let guess = || reqwest::Client::new().post(format!("{}/api/v1/inbox", broker.http)).bearer_auth("guess");
    for _ in 0..3 {
        answer(guess(), StatusCode::UNAUTHORIZED).await;
    }
    let slowed = answer(guess(), StatusCode::TOO_MANY_REQUESTS).await;
    assert!(slowed["params"]["retry_after_s"].as_u64().unwrap() >= 1);
    province.send(&item("i/1", "normal", &["31699"]), StatusCode::CREATED).await;
}

#[tokio::test]
async fn nothing_is_kept_of_what_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let province = Province::of(&broker, "94").await;
    let good = || item("j/1", "normal", &["31699"]).to_string();
    let with = |field: &str, value: Value| {
        let mut item = item("j/1", "normal", &["31699"]);
        item[field] = value;
        Form::new().text("item", item.to_string()).part("sound", Part::bytes(tone()))
    };
    let sound = |bytes: Vec<u8>| Form::new().text("item", good()).part("sound", Part::bytes(bytes));
    let cases = [
        (Form::new(), "invalid_request"),
        (Form::new().part("sound", Part::bytes(tone())), "invalid_field"),
        (Form::new().text("item", good()), "invalid_field"),
        (Form::new().text("item", good()).text("item", good()), "invalid_field"),
        (Form::new().text("other", "x"), "invalid_field"),
        (Form::new().text("item", "{"), "invalid_request"),
        (Form::new().text("item", "\u{0}\u{feff}"), "invalid_request"),
        (with("class", "shout".into()), "invalid_request"),
        (with("areas", json!([])), "invalid_field"),
        (with("areas", json!(["31699'; DROP TABLE inbox; --"])), "invalid_field"),
        (with("areas", json!(vec!["31699"; 1001])), "invalid_field"),
        (with("reference", " ".into()), "invalid_field"),
        (with("reference", "x".repeat(121).into()), "invalid_field"),
        (with("title", "a\r\nb".into()), "invalid_field"),
        (with("title", "x".repeat(121).into()), "invalid_field"),
        (with("language", "vi; q=1".into()), "invalid_field"),
        (with("expires_at", "tomorrow".into()), "invalid_request"),
        (with("text", "x".repeat(20_001).into()), "text_too_long"),
        (with("text", "  ".into()), "text_empty"),
        (with("text", "x".repeat(2 << 20).into()), "too_large"),
        (sound(b"not a sound at all".repeat(100)), "sound_unusable"),
        (sound(tone()[..40].to_vec()), "sound_unusable"),
    ];
    for (index, (form, code)) in cases.into_iter().enumerate() {
        let response = province.form(form).send().await.unwrap();
        let (status, body) = (response.status(), response.json::<Value>().await.unwrap());
        assert_eq!(
            (body["code"].as_str(), status.is_client_error()),
            (Some(code), true),
            "case {index}: {body}"
        );
    }
    let not_a_form = province.request(Method::POST, "/inbox").json(&json!({}));
    assert_eq!(answer(not_a_form, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "invalid_request");
    let torn = province
        .request(Method::POST, "/inbox")
        .header("content-type", "multipart/form-data; boundary=x")
        .body("--x\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\n{");
    assert_eq!(answer(torn, StatusCode::UNPROCESSABLE_ENTITY).await["code"], "invalid_request");
    assert_eq!(broker.get("/inbox?status=all").await["items"], json!([]));
    assert_eq!(broker.get("/bulletins").await, json!([]));
}
