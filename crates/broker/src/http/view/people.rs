//! People and what they may do, as the API shows them.

use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AreaName, AreaNames};
use crate::{
    app::App,
    http::problem::Problem,
    people::{Grant, Role},
    programme::territory::Territory,
    store::StoreError,
};

/// Most grants of a person.
const GRANTS: usize = 20;

/// A role in an area.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GrantBody {
    /// The role.
    role: Role,
    /// The area, with all within it; none: everywhere.
    area: Option<AreaName>,
}

/// A role to be given.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewGrant {
    /// The role.
    role: Role,
    /// Code of an area; everywhere when absent.
    area: Option<String>,
}

/// Grants with their areas' names.
pub async fn grants(app: &App, rows: &[Grant]) -> Result<Vec<GrantBody>, StoreError> {
    let names = if rows.iter().any(|grant| grant.area.is_some()) {
        AreaNames::load(app).await?
    } else {
        AreaNames::default()
    };
    Ok(named(&names, rows))
}

/// The same, with names that are there already.
pub fn named(names: &AreaNames, rows: &[Grant]) -> Vec<GrantBody> {
    let show =
        |grant: &Grant| GrantBody { role: grant.role, area: grant.area.as_ref().map(|area| names.of(area)) };
    rows.iter().map(show).collect()
}

/// Grants as they were asked for: at least one, each once, of areas that there are.
pub fn read(grants: &[NewGrant], territory: &Territory) -> Result<Vec<Grant>, Problem> {
    let read = |grant: &NewGrant| {
        let area = grant.area.as_deref().map(str::parse::<AreaCode>).transpose();
        let area = area.map_err(|_| Problem::field("grants"))?;
        if area.as_ref().is_some_and(|area| !territory.knows(area)) {
            return Err(Problem::field("grants"));
        }
        Ok(Grant { role: grant.role, area })
    };
    let mut read = grants.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    read.sort();
    read.dedup();
    if read.is_empty() || read.len() > GRANTS {
        return Err(Problem::field("grants"));
    }
    Ok(read)
}
