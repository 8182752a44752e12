//! What a person may do where: roles give permissions, a grant gives a role in an area and all within it.
//!
//! Which permission a request needs is decided in `http::access`, and nowhere else; what it means for the areas it names is asked here.

use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{programme::territory::Territory, store::PersonRow};

/// What somebody is, in an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything: people, areas, policies, sources.
    Admin,
    /// Makes bulletins, and plans when they air.
    Editor,
    /// Approves what is to air, and may send it.
    Approver,
    /// Puts on air, stops, releases, decides what comes from above.
    Operator,
    /// Adds nodes and tries them.
    Installer,
    /// Looks, and changes nothing.
    Viewer,
}

/// What a role allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// See what is there and what was aired.
    Read,
    /// Make bulletins and their sound.
    Compose,
    /// Approve what others made.
    Approve,
    /// Put a bulletin on air now.
    Air,
    /// Put it into the programme, change it there, take it out.
    Schedule,
    /// Decide what becomes of what came from above.
    Decide,
    /// Say what goes first of what collides.
    Order,
    /// Silence.
    Stop,
    /// Release a stop.
    Release,
    /// Give the programme out as a calendar.
    Share,
    /// Add nodes, enrol and try them.
    Install,
    /// People, areas, policies, sources; take a node out.
    Manage,
}

impl Permission {
    /// All there are.
    pub const ALL: [Self; 12] = [
        Self::Read,
        Self::Compose,
        Self::Approve,
        Self::Air,
        Self::Schedule,
        Self::Decide,
        Self::Order,
        Self::Stop,
        Self::Release,
        Self::Share,
        Self::Install,
        Self::Manage,
    ];
}

impl Role {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::Admin, Self::Editor, Self::Approver, Self::Operator, Self::Installer, Self::Viewer];

    /// What it allows.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            Air, Approve, Compose, Decide, Install, Order, Read, Release, Schedule, Share, Stop,
        };
        match self {
            Self::Admin => &Permission::ALL,
            Self::Editor => &[Read, Compose, Air, Schedule, Stop, Share],
            Self::Approver => &[Read, Approve, Air, Schedule, Stop, Share],
            Self::Operator => &[Read, Air, Decide, Order, Stop, Release],
            Self::Installer => &[Read, Install],
            Self::Viewer => &[Read],
        }
    }

    /// Whether it allows this.
    pub fn allows(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

/// A role in an area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The area, with all within it; none: everywhere.
    pub area: Option<AreaCode>,
}

/// Where somebody has a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere, and for what lies in no area.
    Everywhere,
    /// In these, and all within them.
    Areas(Vec<AreaCode>),
}

impl Reach {
    /// Whether an area lies within.
    pub fn covers(&self, area: &AreaCode, territory: &Territory) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Areas(areas) => territory.lies_in(area, areas),
        }
    }

    /// Whether what concerns these areas concerns some place within.
    pub fn touches(&self, concerned: &[AreaCode], territory: &Territory) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Areas(areas) => {
                concerned.iter().any(|area| territory.lies_in(area, areas))
                    || areas.iter().any(|area| territory.lies_in(area, concerned))
            }
        }
    }

    /// The areas to take when none is named.
    pub fn outermost(&self, territory: &Territory) -> Vec<AreaCode> {
        match self {
            Self::Everywhere => territory.outermost(),
            Self::Areas(areas) => areas.clone(),
        }
    }

    /// Whether nothing lies outside.
    pub fn is_whole(&self, territory: &Territory) -> bool {
        territory.outermost().iter().all(|area| self.covers(area, territory))
    }
}

impl PersonRow {
    /// Where this person has a permission.
    pub fn reach(&self, permission: Permission) -> Reach {
        let grants = || self.grants.iter().filter(|grant| grant.role.allows(permission));
        if grants().any(|grant| grant.area.is_none()) {
            return Reach::Everywhere;
        }
        Reach::Areas(grants().filter_map(|grant| grant.area.clone()).collect())
    }

    /// Whether this person may do this in an area.
    pub fn may(&self, permission: Permission, area: &AreaCode, territory: &Territory) -> bool {
        self.reach(permission).covers(area, territory)
    }

    /// Whether there is a place where this person may do this.
    pub fn may_somewhere(&self, permission: Permission) -> bool {
        self.grants.iter().any(|grant| grant.role.allows(permission))
    }

    /// What this person may do at least somewhere.
    pub fn permissions(&self) -> Vec<Permission> {
        Permission::ALL.into_iter().filter(|permission| self.may_somewhere(*permission)).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::{AreaRow, Kind};

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    fn territory() -> Territory {
        let area = |text: &str, parent: Option<&str>| AreaRow {
            code: code(text),
            name: text.into(),
            parent: parent.map(code),
        };
        let areas = vec![
            area("94", None),
            area("31699", Some("94")),
            area("31699-01", Some("31699")),
            area("31700", Some("94")),
            area("31700-01", Some("31700")),
        ];
        Territory::new(areas, Vec::new(), Vec::new())
    }

    fn with(grants: &[(Role, Option<&str>)]) -> PersonRow {
        PersonRow {
            id: "p".into(),
            username: "p".into(),
            display_name: "P".into(),
            kind: Kind::Person,
            password_hash: String::new(),
            created_at: Timestamp::UNIX_EPOCH,
            deactivated_at: None,
            two_step: false,
            grants: grants.iter().map(|(role, area)| Grant { role: *role, area: area.map(code) }).collect(),
        }
    }

    #[test]
    fn a_grant_holds_in_its_area_and_all_within_and_nowhere_else() {
        let territory = territory();
        let editor = with(&[(Role::Editor, Some("31699"))]);
        let may = |area: &str| editor.may(Permission::Compose, &code(area), &territory);
        assert!(may("31699") && may("31699-01"));
        assert!(!may("94") && !may("31700") && !may("31700-01") && !may("31699-99"));
        assert!(!editor.may(Permission::Manage, &code("31699"), &territory));
    }

    #[test]
    fn each_grant_counts_only_where_it_is() {
        let territory = territory();
        let both = with(&[(Role::Viewer, Some("94")), (Role::Operator, Some("31700"))]);
        assert!(both.may(Permission::Read, &code("31699-01"), &territory));
        assert!(both.may(Permission::Release, &code("31700-01"), &territory));
        assert!(!both.may(Permission::Release, &code("31699-01"), &territory));
        assert!(both.may_somewhere(Permission::Release) && !both.may_somewhere(Permission::Compose));
    }

    #[test]
    fn an_admin_of_everywhere_may_everything_and_one_of_a_commune_only_there() {
        let territory = territory();
        let all = with(&[(Role::Admin, None)]);
        let commune = with(&[(Role::Admin, Some("31699"))]);
        let province = with(&[(Role::Admin, Some("94"))]);
        for permission in Permission::ALL {
            assert!(all.may(permission, &code("94"), &territory), "{permission:?}");
            assert!(commune.may(permission, &code("31699-01"), &territory), "{permission:?}");
            assert!(!commune.may(permission, &code("94"), &territory), "{permission:?}");
        }
        assert!(all.reach(Permission::Manage).is_whole(&territory));
        assert!(province.reach(Permission::Manage).is_whole(&territory));
        assert!(!commune.reach(Permission::Manage).is_whole(&territory));
    }

    #[test]
    fn what_is_above_concerns_those_within() {
        let territory = territory();
        let reach = with(&[(Role::Viewer, Some("31699"))]).reach(Permission::Read);
        assert!(reach.touches(&[code("94")], &territory) && reach.touches(&[code("31699-01")], &territory));
        assert!(!reach.touches(&[code("31700")], &territory) && !reach.touches(&[], &territory));
    }

    #[test]
    fn whoever_may_put_on_air_may_stop() {
        for role in Role::ALL {
            assert_eq!(role.allows(Permission::Air), role.allows(Permission::Stop), "{role:?}");
            assert!(role.allows(Permission::Read), "{role:?}");
        }
    }
}
