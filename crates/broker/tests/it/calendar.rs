//! Calendar feeds: a secret address, and what is read at it.

use icalendar::{Component, EventLike};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Broker, at_any_hour};

async fn fetch(broker: &Broker, path: &str) -> (StatusCode, String) {
    // As a phone's calendar comes: without a session.
    let response = reqwest::get(format!("{}{path}", broker.http)).await.unwrap();
    (response.status(), response.text().await.unwrap())
}

#[tokio::test]
async fn the_programme_is_read_at_a_secret_address_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::with_commune(&folder.path().join("data")).await;
    broker.put("/areas/94/policy", &at_any_hour(), StatusCode::OK).await;
    let clip = broker.bulletin().await["clip"]["hash"].clone();
    let title = "Lịch cúp điện; họp dân, dọn vệ sinh đường ấp: đề nghị mỗi nhà một người, đúng giờ";
    let bulletin = json!({ "title": title, "class": "priority", "clip": clip });
    let bulletin = broker.post("/bulletins", &bulletin, StatusCode::CREATED).await;
    let entry = json!({ "bulletin": bulletin["id"], "areas": ["31699-01"],
        "timetable": { "every": "day", "times": ["05:00"], "from": "2020-01-01" } });
    let entry = broker.post("/programme", &entry, StatusCode::CREATED).await;
    let calendar = broker.post("/calendars", &json!({ "area": "31699" }), StatusCode::CREATED).await;
    let url = calendar["url"].as_str().unwrap();

    let (status, text) = fetch(&broker, url).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let read: icalendar::Calendar = text.parse().unwrap();
    let events: Vec<_> = read.events().collect();
    assert!((59..=61).contains(&events.len()), "{} events in sixty days", events.len());
    let first = events[0];
    assert_eq!((first.get_summary(), first.get_location()), (Some(title), Some("Ấp Chợ")));
    assert_eq!(first.get_categories(), Some(vec!["Ưu tiên".to_owned()]));
    assert!(first.get_uid().unwrap().starts_with(entry["id"].as_str().unwrap()));
    let start = first.property_value("DTSTART").unwrap();
    assert!(start.ends_with("T220000Z"), "five in the morning there is {start}");
    // The names of events don't change from one look to the next.
    let again: icalendar::Calendar = fetch(&broker, url).await.1.parse().unwrap();
    assert_eq!(again.events().next().unwrap().get_uid(), first.get_uid());

    // Another area has another calendar.
    let other = broker.post("/calendars", &json!({ "area": "31699-02" }), StatusCode::CREATED).await;
    let (_, text) = fetch(&broker, other["url"].as_str().unwrap()).await;
    assert!(text.contains("BEGIN:VCALENDAR") && !text.contains("BEGIN:VEVENT"));
    assert_eq!(broker.get("/calendars").await["items"].as_array().unwrap().len(), 2);

    let revoke = format!("/calendars/{}", calendar["id"].as_str().unwrap());
    broker.delete(&revoke, StatusCode::NO_CONTENT).await;
    broker.delete(&revoke, StatusCode::NOT_FOUND).await;
    assert_eq!(fetch(&broker, url).await.0, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(fetch(&broker, "/calendar/guess.ics").await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(fetch(&broker, "/calendar/guess.ics").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(fetch(&broker, other["url"].as_str().unwrap()).await.0, StatusCode::OK);
}
