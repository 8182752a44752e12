//! An area's programme as a calendar (iCalendar, RFC 5545), for phones and computers that subscribe to it.
//!
//! Each airing is an event of its own with an instant in UTC, so that no calendar has to understand timetables. An event keeps its name as long as its
//! broadcast airs at that instant.

use std::collections::BTreeMap;

use icalendar::{Component, Event, EventLike, Property};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use loa_protocol::{AreaCode, BroadcastId, Class};
use loa_schedule::programme::{duration, slots, zone};

use crate::{app::App, programme::territory::Territory, store::StoreError, words::Language};

/// How far back a feed goes.
const PAST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(60 * 24);
/// Most events in one feed: more than any commune airs, and as much as a phone takes.
const EVENTS: usize = 10_000;

/// One broadcast at one instant, on any number of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Occasion {
    title: String,
    class: Class,
    duration: SignedDuration,
    hamlets: Vec<String>,
}

/// The programme of an area, the last 30 days and the next 60.
pub async fn of_area(app: &App, area: &AreaCode, language: Language) -> Result<String, StoreError> {
    let territory = Territory::load(&app.store).await?;
    let now = app.now();
    let since = now.saturating_sub(PAST).unwrap_or(now);
    // What has started is written down, whatever became of the programme; what is to come follows from it.
    let until = app.store.expected_until().await?.unwrap_or(now);
    let mut occasions = BTreeMap::<(Timestamp, BroadcastId), Occasion>::new();
    for started in app.store.started(area, since, until).await? {
        let occasion = occasions.entry((started.start, started.broadcast)).or_insert_with(|| Occasion {
            title: started.title,
            class: started.class,
            duration: SignedDuration::from_millis(started.duration_ms.cast_signed()),
            hamlets: Vec::new(),
        });
        occasion.hamlets.push(territory.name(&started.hamlet));
    }
    let here = territory.hamlets(std::slice::from_ref(area));
    let to = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    for entry in app.store.programme(Timestamp::MAX).await? {
        let hamlets = here.iter().filter(|hamlet| territory.lies_in(hamlet, &entry.areas));
        let hamlets: Vec<_> = hamlets.map(|hamlet| territory.name(hamlet)).collect();
        if hamlets.is_empty() {
            continue;
        }
        let planned = entry.planned();
        for slot in slots(&planned, &zone(&entry.time_zone), until, to) {
            let occasion = Occasion {
                title: entry.bulletin.title.clone(),
                class: entry.bulletin.class,
                duration: duration(&planned),
                hamlets: hamlets.clone(),
            };
            occasions.insert((slot.start, entry.id.clone()), occasion);
        }
    }
    if occasions.len() > EVENTS {
        tracing::warn!(%area, events = occasions.len(), "a calendar feed was cut short");
    }
    Ok(write(&territory.name(area), occasions.iter().take(EVENTS), language, now))
}

fn write<'a>(
    area: &str,
    occasions: impl Iterator<Item = (&'a (Timestamp, BroadcastId), &'a Occasion)>,
    language: Language,
    now: Timestamp,
) -> String {
    let words = language.words();
    let mut calendar = icalendar::Calendar::empty();
    let name = words.calendar.name(area);
    calendar.properties = Property::from_array([
        ("VERSION", "2.0"),
        ("PRODID", "-//Loa//loa-broker//VI"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", &name),
        ("X-PUBLISHED-TTL", "PT1H"),
    ]);
    for ((start, broadcast), occasion) in occasions {
        let end = start.saturating_add(occasion.duration).unwrap_or(*start);
        let event = Event::new()
            .uid(&format!("{}-{}@loa", broadcast, start.as_second()))
            .add_property("DTSTAMP", utc(now))
            .add_property("DTSTART", utc(*start))
            .add_property("DTEND", utc(end))
            .add_property("TRANSP", "TRANSPARENT")
            .summary(&occasion.title)
            .location(&occasion.hamlets.join(", "))
            .categories([words.class(occasion.class)])
            .done();
        calendar.push(event);
    }
    calendar.to_string()
}

/// An instant as RFC 5545 section 3.3.5 writes it, form 2.
fn utc(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occasion(title: &str, start: &str) -> ((Timestamp, BroadcastId), Occasion) {
        let occasion = Occasion {
            title: title.into(),
            class: Class::Priority,
            duration: SignedDuration::from_secs(95),
            hamlets: vec!["Ấp Chợ".into(), "Ấp Ngan Rô 1; 2".into()],
        };
        ((start.parse().unwrap(), "0123456789abcdef0123456789abcdef".parse().unwrap()), occasion)
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let title = "Lịch cúp điện, sửa đường; họp dân\\toàn xã: đề nghị bà con có mặt đông đủ tại nhà văn hoá ấp, mang theo giấy mời, đúng giờ";
        let occasions = BTreeMap::from([
            occasion(title, "2026-11-24T22:00:00Z"),
            occasion("END:VEVENT", "2026-11-25T22:00:00.25Z"),
        ]);
        let text = write("Đại Ân 2", occasions.iter(), Language::Vi, "2026-11-25T08:00:00Z".parse().unwrap());
        for line in text.split("\r\n") {
            assert!(line.len() <= 75 && !line.contains('\n'), "{line:?}");
        }
        let read: icalendar::Calendar = text.parse().unwrap();
        assert_eq!(read.get_name(), Some("Lịch phát thanh Đại Ân 2"));
        let events: Vec<_> = read.events().collect();
        assert_eq!(events.len(), 2);
        let event = events[0];
        assert_eq!(event.get_summary(), Some(title));
        assert_eq!(event.get_location(), Some("Ấp Chợ, Ấp Ngan Rô 1; 2"));
        assert_eq!(event.get_categories(), Some(vec!["Ưu tiên".to_owned()]));
        assert_eq!(event.property_value("DTSTART"), Some("20261124T220000Z"));
        assert_eq!(event.property_value("DTEND"), Some("20261124T220135Z"));
        assert_eq!(event.get_uid(), Some("0123456789abcdef0123456789abcdef-1795557600@loa"));
        assert_eq!(events[1].get_summary(), Some("END:VEVENT"));
    }
}
