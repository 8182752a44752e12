//! What of the API is recorded, under which name, and what of each request. Every route that may change something has a row.

/// When a request is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it is done; without a record it isn't.
    Before,
    /// After it was answered, whatever the answer: nothing may hold it up, or nobody is known before.
    After,
    /// Never: it changes nothing that anybody hears or may do.
    Never,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// The method, in small letters.
    pub method: &'static str,
    /// The route, below `/api/v1`.
    pub route: &'static str,
    /// What it is called in the log.
    pub name: &'static str,
    /// Fields of the body that are recorded. No passwords, tokens or codes.
    pub fields: &'static [&'static str],
    /// When.
    pub when: When,
}

use When::{After, Before, Never};

const fn on(
    method: &'static str,
    route: &'static str,
    name: &'static str,
    fields: &'static [&'static str],
    when: When,
) -> Action {
    Action { method, route, name, fields, when }
}

const ENTRY: &[&str] = &[
    "bulletin",
    "areas",
    "timetable",
    "time_zone",
    "repeats",
    "gap_s",
    "catch_up_s",
    "expires_at",
    "resume",
    "exceeds",
];

/// All of them.
pub const ACTIONS: &[Action] = &[
    on("post", "/setup", "setup", &["username", "display_name"], After),
    on("post", "/session", "session.begin", &["username"], After),
    on("delete", "/session", "session.end", &[], Before),
    on("post", "/people/invitations", "people.invite", &["grants"], Before),
    on("delete", "/people/invitations/{id}", "people.uninvite", &[], Before),
    on("post", "/invitations/look", "", &[], Never),
    on("post", "/invitations/accept", "people.join", &["username", "display_name"], After),
    on("put", "/people/{id}/grants", "people.grants", &["grants"], Before),
    on("post", "/people/{id}/deactivate", "people.deactivate", &[], Before),
    on("post", "/people/{id}/reactivate", "people.reactivate", &[], Before),
    on("post", "/people/{id}/reset", "people.reset", &[], Before),
    on("delete", "/people/{id}/two-step", "people.two_step_off", &[], Before),
    on("delete", "/people/{id}/sessions", "people.sessions_end", &[], Before),
    on("put", "/account/password", "account.password", &[], Before),
    on("delete", "/account/sessions/{id}", "account.session_end", &[], Before),
    on("post", "/account/two-step", "", &[], Never),
    on("post", "/account/two-step/confirm", "account.two_step_on", &[], Before),
    on("post", "/account/two-step/drop", "account.two_step_off", &[], Before),
    on("post", "/resets", "account.reset", &[], After),
    on("post", "/areas", "area.add", &["code", "name", "parent"], Before),
    on("patch", "/areas/{code}", "area.rename", &["name"], Before),
    on(
        "put",
        "/areas/{code}/policy",
        "policy.set",
        &[
            "hours",
            "session_minutes",
            "sessions_per_day",
            "ceilings",
            "exceedable",
            "exceeders",
            "own_approvers",
        ],
        Before,
    ),
    on("delete", "/areas/{code}/policy", "policy.remove", &[], Before),
    on("post", "/nodes", "node.add", &["hamlet", "name"], Before),
    on("patch", "/nodes/{id}", "node.change", &["name", "volume", "hamlet"], Before),
    on("post", "/nodes/{id}/claims", "node.claim", &[], Before),
    on("post", "/nodes/{id}/identify", "node.identify", &[], Before),
    on("post", "/nodes/{id}/test-tone", "node.test_tone", &["duration_ms"], Before),
    on("post", "/nodes/{id}/revoke", "node.revoke", &[], Before),
    on("post", "/nodes/{id}/retirement", "node.retire", &[], Before),
    on(
        "put",
        "/nodes/{id}/commissioning",
        "node.inspect",
        &["position", "horns", "horn_watts", "lead_ms", "checks"],
        Before,
    ),
    on("put", "/nodes/{id}/commissioning/photo", "node.photo", &[], Before),
    on("post", "/nodes/{id}/commissioning/spoken-test", "node.spoken_test", &[], Before),
    on("post", "/nodes/{id}/commissioning/sign", "node.sign_off", &[], Before),
    on("post", "/readings", "", &[], Never),
    on("post", "/clips/speech", "", &[], Never),
    on("post", "/clips", "", &[], Never),
    on("post", "/bulletins", "bulletin.make", &["title", "class", "language", "text", "clip"], Before),
    on("post", "/bulletins/{id}/submit", "bulletin.submit", &["areas"], Before),
    on("post", "/bulletins/{id}/approve", "bulletin.approve", &[], Before),
    on("post", "/bulletins/{id}/return", "bulletin.return", &["remark"], Before),
    on("post", "/broadcasts", "broadcast.now", &["bulletin", "areas", "expires_in_s", "confirmed"], Before),
    on("post", "/broadcasts/{id}/stop", "broadcast.stop", &[], After),
    on("post", "/stop", "stop", &["areas"], After),
    on("post", "/latches/{id}/release", "latch.release", &[], Before),
    on("post", "/programme/preview", "", &[], Never),
    on("post", "/programme", "programme.add", ENTRY, Before),
    on("put", "/programme/{id}", "programme.change", ENTRY, Before),
    on("delete", "/programme/{id}", "programme.remove", &[], Before),
    on("put", "/programme/order", "programme.order", &["ids"], Before),
    // Recorded where the form is read part by part.
    on("post", "/inbox", "", &[], Never),
    on("post", "/inbox/{id}/schedule", "inbox.schedule", ENTRY, Before),
    on("post", "/inbox/{id}/play", "inbox.play", &[], Before),
    on("post", "/inbox/{id}/decline", "inbox.decline", &["remark"], Before),
    on("post", "/sources", "source.add", &["name", "area"], Before),
    on("delete", "/sources/{id}", "source.revoke", &[], Before),
    on("post", "/releases/rollout", "rollout.begin", &["version", "first", "percent"], Before),
    on("post", "/releases/rollout/steps", "rollout.step", &["to"], Before),
    on("post", "/calendars", "calendar.add", &["area"], Before),
    on("delete", "/calendars/{id}", "calendar.revoke", &[], Before),
];

/// The row of a route; none for one that only reads.
pub fn action_of(method: &str, route: &str) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.method.eq_ignore_ascii_case(method) && action.route == route)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::access::TABLE;

    #[test]
    fn every_route_that_may_change_something_has_a_row_and_no_other_has() {
        let changing: BTreeSet<_> =
            TABLE.iter().filter(|(method, ..)| *method != "get").map(|(m, route, _)| (*m, *route)).collect();
        let rows: BTreeSet<_> = ACTIONS.iter().map(|action| (action.method, action.route)).collect();
        assert_eq!(rows, changing);
        assert_eq!(rows.len(), ACTIONS.len(), "no route has two rows");
    }

    #[test]
    fn names_are_told_apart_and_no_secret_is_among_the_fields() {
        let recorded = || ACTIONS.iter().filter(|action| action.when != Never);
        let names: BTreeSet<_> = recorded().map(|action| action.name).collect();
        assert_eq!(names.len(), recorded().count());
        let secret = ["password", "old", "new", "token", "code_once", "totp", "recovery"];
        for action in ACTIONS {
            assert!(action.fields.iter().all(|field| !secret.contains(field)), "{}", action.name);
        }
    }
}
