//! The monthly report, from receipts to files.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use loa_protocol::{Action, AiringId, Clock, Outcome, Receipt, ReceiptBatch, SystemClock, topic};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Broker, answer};

#[tokio::test]
async fn a_month_is_what_nodes_reported_on_screen_and_in_files() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    let evil = "=cmd|' /C calc'!A0";
    let rename = broker.request(Method::PATCH, "/areas/31699-01").json(&json!({ "name": evil }));
    answer(rename, StatusCode::OK).await;
    let bulletin = broker.bulletin().await;
    let node = broker.enrolled("31699-01").await;
    let mut link = broker.connect(&node).await;
    let play = json!({ "bulletin": bulletin["id"], "areas": ["31699-01"] });
    for frames in [48_000_u64 * 90, 48_000 * 30] {
        broker.post("/broadcasts", &play, StatusCode::CREATED).await;
        let (command, _) = link.order().await;
        let Action::Play(play) = &command.action else { panic!("{command:?}") };
        let receipt = Receipt {
            airing: AiringId::derive(&play.broadcast, &node.id(), command.issued_at),
            broadcast: play.broadcast.clone(),
            start: None,
            outcome: if frames > 48_000 * 60 { Outcome::Played } else { Outcome::Partial },
            reason: None,
            started_at: Some(command.issued_at),
            ended_at: command.issued_at,
            frames,
            clip_frames: 48_000 * 90,
            clip: play.clip.hash.clone(),
        };
        link.say(topic::receipt(&node.id()), &ReceiptBatch { receipts: vec![receipt] }).await;
        while !matches!(link.command().await.0.action, Action::Acknowledge { .. }) {}
    }
    // One that nothing is known of yet.
    broker.post("/broadcasts", &play, StatusCode::CREATED).await;

    let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
    let month = zone.to_datetime(SystemClock::new().now()).strftime("%Y-%m").to_string();
    let query = format!("area=31699&month={month}");
    let report = broker.get(&format!("/reports/month?{query}")).await;
    let row = &report["rows"][0];
    assert_eq!((&row["hamlet"]["name"], &row["class"]), (&json!(evil), &json!("normal")));
    assert_eq!((&row["airings"], &row["minutes"]), (&json!(2), &json!(2.0)));
    assert_eq!((&row["played"], &row["partial"], &row["missed"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(report["total"]["airings"], 2);
    assert_eq!(broker.get(&format!("/reports/month?area=31699-02&month={month}")).await["rows"], json!([]));
    assert_eq!(broker.get("/reports/month?area=31699&month=2020-01").await["rows"], json!([]));

    let file = async |name: &str| {
        let response = broker.request(Method::GET, &format!("/reports/{name}&{query}")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let headers = (header("content-type"), header("content-disposition"));
        (headers, response.bytes().await.unwrap())
    };
    let ((kind, name), csv) = file("month.csv?lang=vi").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    assert_eq!(name, format!("attachment; filename=\"loa-31699-{month}.csv\""));
    let csv = std::str::from_utf8(&csv).unwrap();
    let lines: Vec<_> = csv.strip_prefix('\u{feff}').expect("a byte order mark").lines().collect();
    assert_eq!(lines[0].split(',').nth(4), Some("Số phút nghe được"));
    assert_eq!(lines[1], format!("31699-01,'{evil},Thông thường,2,2.0,1,1,0,0,0,0"));
    assert_eq!(lines[2], ",Tổng cộng,,2,2.0,1,1,0,0,0,0");

    let (_, xlsx) = file("month.xlsx?lang=en").await;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx)).unwrap();
    assert!(book.worksheet_formula(&month).unwrap().is_empty());
    let sheet = book.worksheet_range(&month).unwrap();
    let cell = |row, column| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    assert_eq!(cell(0, 3), Data::String("Airings".into()));
    assert_eq!((cell(1, 1), cell(1, 4)), (Data::String(evil.into()), Data::Float(2.0)));

    for wrong in
        ["area=99999&month=2026-11", "area=x&month=2026-11", "area=31699&month=2026-13", "area=31699"]
    {
        let request = broker.request(Method::GET, &format!("/reports/month?{wrong}"));
        let problem: Value = answer(request, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(problem["code"].as_str().unwrap().starts_with("invalid_"), "{wrong}");
    }
}
