//! Who stands behind what airs: whether a bulletin is approved, and whether one person is enough.
//!
//! A bulletin airs only after somebody with the right to approve it has. Their own word counts for what they made themselves where the policy
//! names them, or where nobody else could give theirs: a commune with one official has to be able to speak. What is grave needs two people
//! among its maker, its approver and its sender, as soon as there are two. An emergency that sounds now needs one.

use jiff::Timestamp;
use loa_protocol::{AreaCode, Class, Limit};
use loa_schedule::programme::zone;
use serde::Serialize;

use crate::{
    app::App,
    http::problem::{Code, Problem},
    people::{Permission, Reach},
    programme::{preview::is_night, territory::Territory},
    store::{ApprovalRow, ApprovalState, BulletinRow, Decision, Kind, PersonRow, StoreError},
};

/// Why one person isn't enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grave {
    /// It sounds between 21:00 and 05:00.
    Night,
    /// All hamlets of a commune hear it.
    WholeCommune,
    /// It exceeds a ceiling on the volume.
    Louder,
    /// It stops everything else, and by a timetable nobody is there when it does.
    ScheduledEmergency,
}

/// What is grave about airing a bulletin now.
pub fn grave_now(app: &App, areas: &[AreaCode], territory: &Territory, now: Timestamp) -> Vec<Grave> {
    let night = is_night(now, &zone(&app.settings.time_zone)).then_some(Grave::Night);
    night.into_iter().chain(whole_commune(areas, territory)).collect()
}

/// What is grave about airing it by a timetable. `night`: an airing begins at night.
pub fn grave_by_timetable(
    class: Class,
    areas: &[AreaCode],
    exceeds: &[Limit],
    night: bool,
    territory: &Territory,
) -> Vec<Grave> {
    let emergency = (class == Class::Emergency).then_some(Grave::ScheduledEmergency);
    let louder = exceeds.contains(&Limit::Volume).then_some(Grave::Louder);
    let night = night.then_some(Grave::Night);
    emergency.into_iter().chain(night).chain(whole_commune(areas, territory)).chain(louder).collect()
}

fn whole_commune(areas: &[AreaCode], territory: &Territory) -> Option<Grave> {
    let whole = !territory.whole_communes(&territory.hamlets(areas)).is_empty();
    whole.then_some(Grave::WholeCommune)
}

/// Who may approve, as it is now.
pub struct Approvers {
    people: Vec<PersonRow>,
}

impl Approvers {
    /// As the store has them.
    pub async fn load(app: &App) -> Result<Self, StoreError> {
        Ok(Self { people: app.store.people().await? })
    }

    /// Whether somebody else could approve in all of these areas.
    fn another(&self, than: &str, areas: &[AreaCode], territory: &Territory) -> bool {
        self.people.iter().any(|person| {
            person.id != than
                && person.kind == Kind::Person
                && person.deactivated_at.is_none()
                && covers(&person.reach(Permission::Approve), areas, territory)
        })
    }
}

fn covers(reach: &Reach, areas: &[AreaCode], territory: &Territory) -> bool {
    areas.iter().all(|area| reach.covers(area, territory))
}

/// Whether a person's word counts for what they made themselves, in all of these areas.
pub fn may_approve_own(
    person: &PersonRow,
    areas: &[AreaCode],
    approvers: &Approvers,
    territory: &Territory,
) -> bool {
    let named = |area: &AreaCode| {
        let policies = territory.path(area);
        let mut rows = policies.iter().filter_map(|area| territory.own_policy(area));
        rows.any(|row| row.own_approvers.contains(&person.id))
    };
    (!areas.is_empty() && areas.iter().all(named)) || !approvers.another(&person.id, areas, territory)
}

/// Refuses what may not air in these areas yet. Who sends what they may approve themselves approves it by that.
pub async fn ask(
    app: &App,
    sender: &PersonRow,
    bulletin: &BulletinRow,
    areas: &[AreaCode],
    grave: &[Grave],
    territory: &Territory,
) -> Result<(), Problem> {
    let approval = app.store.approval(&bulletin.id).await?;
    let approvers = Approvers::load(app).await?;
    let maker = &bulletin.created_by.0;
    let (approver, fresh) = match approved_by(&approval, bulletin, areas, territory) {
        Some(approver) => (approver, false),
        None if covers(&sender.reach(Permission::Approve), areas, territory)
            && approval.state != ApprovalState::Returned
            && (*maker != sender.id || may_approve_own(sender, areas, &approvers, territory)) =>
        {
            (sender.id.clone(), true)
        }
        None => {
            let state = serde_json::to_value(approval.state).unwrap_or_default();
            return Err(Problem::new(Code::NotApproved).with("state", state));
        }
    };
    let one_person = approver == *maker && approver == sender.id;
    if one_person && !grave.is_empty() && approvers.another(&approver, areas, territory) {
        let reasons = serde_json::to_value(grave).unwrap_or_default();
        return Err(Problem::new(Code::SecondPersonNeeded).with("reasons", reasons));
    }
    if fresh {
        let reach = reach_of(sender);
        app.store.decide(bulletin, Decision::Approve(reach.as_deref()), &sender.id, app.now()).await?;
        tracing::info!(
            bulletin = bulletin.id,
            title = bulletin.title,
            by = sender.username,
            "approved by sending it"
        );
    }
    Ok(())
}

/// Who approved this very sound for all of these areas.
fn approved_by(
    approval: &ApprovalRow,
    bulletin: &BulletinRow,
    areas: &[AreaCode],
    territory: &Territory,
) -> Option<String> {
    let within = |reach: &Vec<AreaCode>| areas.iter().all(|area| territory.lies_in(area, reach));
    let approved = approval.state == ApprovalState::Approved
        && approval.clip.as_ref() == Some(&bulletin.clip.hash)
        && approval.reach.as_ref().is_none_or(within);
    approval.decided_by.as_ref().filter(|_| approved).map(|(id, _)| id.clone())
}

/// Where a person's approval holds; none: everywhere.
pub fn reach_of(person: &PersonRow) -> Option<Vec<AreaCode>> {
    match person.reach(Permission::Approve) {
        Reach::Everywhere => None,
        Reach::Areas(areas) => Some(areas),
    }
}
