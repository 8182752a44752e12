//! The audit log: everything that changes something is in it, nothing secret is, and what was tampered with is found by the program itself.

use std::{path::Path, process::Output};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::support::{Broker, PASSWORD, answer};

fn audit(data: &Path, arguments: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_loa-broker"));
    command.arg("audit").arg(arguments[0]).arg("--data").arg(data).args(&arguments[1..]).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The newest record of an action.
async fn newest(broker: &Broker, action: &str) -> Value {
    let log = broker.get("/audit?limit=200").await;
    let items = log["items"].as_array().unwrap();
    items
        .iter()
        .find(|row| row["action"] == action)
        .cloned()
        .unwrap_or_else(|| panic!("no {action} in {log}"))
}

#[tokio::test]
async fn who_did_what_to_what_from_where_is_recorded_and_so_is_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let node = broker.enrolled("31699-01").await;
    let bulletin = broker.bulletin().await;
    let order = json!({ "bulletin": bulletin["id"], "areas": ["31699-01"] });
    broker.post("/broadcasts", &order, StatusCode::CREATED).await;
    let aired = newest(&broker, "broadcast.now").await;
    assert_eq!(aired["name"], "UBND xã");
    assert_eq!(aired["address"], "127.0.0.1");
    assert_eq!((&aired["object"], &aired["details"]), (&json!("/broadcasts"), &order));

    // What was asked and refused is there twice: that it was asked, and the answer.
    let nowhere = json!({ "bulletin": bulletin["id"], "areas": ["31699-02"] });
    broker.post("/broadcasts", &nowhere, StatusCode::UNPROCESSABLE_ENTITY).await;
    let refused = newest(&broker, "broadcast.now.refused").await;
    assert_eq!(
        (&refused["details"]["code"], &refused["details"]["status"]),
        (&json!("no_nodes"), &json!(422))
    );
    assert_eq!(refused["details"]["record"].as_i64(), refused["seq"].as_i64().map(|seq| seq - 1));

    broker.post("/stop", &json!({ "areas": ["31699"] }), StatusCode::ACCEPTED).await;
    assert_eq!(newest(&broker, "stop").await["details"]["areas"], json!(["31699"]));
    let enrolled = newest(&broker, "node.enrolled").await;
    assert_eq!(enrolled["object"], format!("/nodes/{}", node.id()));
    assert_eq!(enrolled["actor"], Value::Null);

    let wrong = json!({ "username": "ubnd", "password": "không phải" });
    broker.stranger().post("/session", &wrong, StatusCode::UNAUTHORIZED).await;
    let tried = newest(&broker, "session.begin").await;
    assert_eq!((&tried["name"], &tried["details"]["code"]), (&json!("ubnd"), &json!("wrong_credentials")));

    let log = broker.get("/audit?limit=200").await.to_string();
    for secret in [PASSWORD, "không phải", broker.setup_token()] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn only_who_manages_everything_reads_the_log_and_what_others_try_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let viewer = broker.invited("xem", json!([{ "role": "viewer", "area": "94" }])).await;
    let commune = broker.invited("xa-daian2", json!([{ "role": "admin", "area": "31699" }])).await;
    for person in [&viewer, &commune] {
        person.get("/audit", StatusCode::FORBIDDEN).await;
    }
    viewer.post("/stop", &json!({}), StatusCode::FORBIDDEN).await;
    let tried = newest(&broker, "stop.refused").await;
    assert_eq!(tried["name"], "xem");
    let id = tried["actor"].as_str().unwrap();
    let theirs = broker.get(&format!("/audit?actor={id}")).await;
    assert!(theirs["items"].as_array().unwrap().iter().all(|row| row["actor"] == id));
    assert_eq!(broker.request(Method::GET, "/audit?before=1").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_log_names_what_it_is_about_and_is_narrowed_by_person_action_and_day() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    broker.enrolled("31699-01").await;
    let flood = json!({ "title": "Lũ về", "language": "vi", "class": "emergency", "text": "Lũ đang về." });
    let flood = broker.post("/bulletins", &flood, StatusCode::CREATED).await;
    let order = json!({ "bulletin": flood["id"], "areas": ["31699-01"], "confirmed": true });
    broker.post("/broadcasts", &order, StatusCode::CREATED).await;
    let aired = newest(&broker, "broadcast.now").await;
    assert_eq!((&aired["about"], &aired["emergency"]), (&json!(["Lũ về", "Ấp Chợ"]), &json!(true)));
    assert_eq!(newest(&broker, "node.add").await["emergency"], false);

    broker
        .post(
            "/broadcasts",
            &json!({ "bulletin": flood["id"], "areas": ["31699-02"], "confirmed": true }),
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
    let actions = async |query: &str| {
        let log = broker.get(&format!("/audit?{query}")).await;
        let names =
            log["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        actions("action=broadcast.now").await,
        ["broadcast.now.refused", "broadcast.now", "broadcast.now"]
    );
    let day = aired["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let day = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap().to_datetime(day).date();
    assert_eq!(actions(&format!("action=bulletin.make&day={day}")).await, ["bulletin.make"]);
    let before = day.yesterday().unwrap();
    assert!(actions(&format!("day={before}")).await.is_empty());
    let odd = broker.request(Method::GET, "/audit?day=hôm-nay").send().await.unwrap();
    assert_eq!(odd.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_log_is_taken_along_as_csv_in_which_nothing_is_a_formula() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    broker
        .post(
            "/areas",
            &json!({ "code": "31699-09", "name": "=HYPERLINK(\"//x\")", "parent": "31699" }),
            StatusCode::CREATED,
        )
        .await;
    // More than are read at a time.
    for number in 0..510 {
        let name = json!({ "name": format!("Ấp Mới {number}") });
        answer(broker.request(Method::PATCH, "/areas/31699-02").json(&name), StatusCode::OK).await;
    }
    let file = broker.request(Method::GET, "/audit.csv?lang=en").send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"loa-audit-2")
    );
    let text = file.text().await.unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark by which spreadsheets know UTF-8");
    assert!(text.starts_with("Number,Time,Who,"), "{}", &text[..80]);
    let mut lines = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
    let numbers: Vec<i64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    let newest = broker.get("/audit?limit=1").await["items"][0]["seq"].as_i64().unwrap();
    assert_eq!(numbers, (1..=newest).rev().collect::<Vec<_>>(), "all of them, once, newest first");
    let added = rows.iter().find(|row| row[6].contains("HYPERLINK")).expect("the area");
    assert!(added[6].starts_with("'="), "{}", &added[6]);
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));

    let only =
        broker.request(Method::GET, "/audit.csv?action=area.add").send().await.unwrap().text().await.unwrap();
    assert!(only.lines().skip(1).all(|line| line.contains(",area.add,")) && only.lines().count() > 5);
    let commune = broker.invited("xa-daian2", json!([{ "role": "admin", "area": "31699" }])).await;
    commune.get("/audit.csv", StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn the_program_finds_what_was_edited_or_cut_off_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let broker = Broker::with_commune(&data).await;
    let whole = audit(&data, &["verify"]);
    assert!(whole.status.success(), "while the broker runs: {}", said(&whole));
    let noted = said(&audit(&data, &["head"])).trim().to_owned();
    broker.post("/stop", &json!({}), StatusCode::ACCEPTED).await;
    let records = broker.get("/audit?limit=1").await["items"][0]["seq"].as_i64().unwrap();
    let export = said(&audit(&data, &["export"]));
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(i64::try_from(lines.len()).unwrap(), records);
    assert_eq!(lines.last().unwrap()["action"], "stop");
    let still = audit(&data, &["verify", "--noted", &noted]);
    assert!(still.status.success(), "{}", said(&still));
    assert!(broker.stop().await.success());

    let file = format!("sqlite:{}", data.join("loa.db").display());
    let mut connection = SqliteConnection::connect(&file).await.unwrap();
    let mut tamper = async |sql: &'static str| {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    };
    tamper("DROP TRIGGER audit_kept").await;
    tamper("DROP TRIGGER audit_written").await;
    tamper("DELETE FROM audit WHERE action = 'stop'").await;
    let cut = audit(&data, &["verify"]);
    assert!(!cut.status.success() && said(&cut).contains("was written"), "{}", said(&cut));
    tamper("UPDATE audit SET name = 'Ai khác' WHERE seq = 2").await;
    let edited = audit(&data, &["verify"]);
    assert!(!edited.status.success() && said(&edited).contains("record 2 was changed"), "{}", said(&edited));
    tamper("DELETE FROM audit").await;
    std::fs::remove_file(data.join("audit.head")).unwrap();
    let gone = audit(&data, &["verify", "--noted", &noted]);
    assert!(!gone.status.success() && said(&gone).contains("is gone"), "{}", said(&gone));
}
