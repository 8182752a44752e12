//! Areas.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use loa_protocol::AreaCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    access,
    extract::{Json, Path, SignedIn},
    problem::{Code, Problem, ProblemBody},
    text_field,
};
use crate::{app::App, people::Permission, store::AreaRow};

/// Level of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AreaKind {
    /// *Tỉnh, thành phố*.
    Province,
    /// *Xã, phường*.
    Commune,
    /// *Ấp, thôn, khu phố*.
    Hamlet,
}

/// An area.
#[derive(Serialize, ToSchema)]
pub struct Area {
    /// Official code; a hamlet's is its commune's, `-` and two digits.
    code: String,
    /// What people call it.
    name: String,
    /// Its level.
    kind: AreaKind,
    /// The area it lies in.
    parent: Option<String>,
    /// Whether it lies outside of what one may see, and is there because it contains some of that.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    outside: bool,
}

impl From<AreaRow> for Area {
    fn from(area: AreaRow) -> Self {
        let kind = match area.code.as_str().len() {
            2 => AreaKind::Province,
            5 => AreaKind::Commune,
            _ => AreaKind::Hamlet,
        };
        Self {
            code: area.code.to_string(),
            name: area.name,
            kind,
            parent: area.parent.map(|p| p.to_string()),
            outside: false,
        }
    }
}

/// A new area.
#[derive(Deserialize, ToSchema)]
pub struct NewArea {
    /// 2 digits, 5 digits, or a commune's code, `-` and 2 digits.
    code: String,
    /// What people call it.
    name: String,
    /// The area it lies in. A hamlet's is its commune.
    parent: Option<String>,
}

/// A new name.
#[derive(Deserialize, ToSchema)]
pub struct Rename {
    /// What people call it.
    name: String,
}

/// The areas that one may see and those they lie in, each after the one it lies in.
#[utoipa::path(get, path = "/areas", tag = "areas", responses((status = 200, body = [Area])))]
pub async fn list(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
) -> Result<axum::Json<Vec<Area>>, Problem> {
    let sight = access::Sight::of(&app, &person, Permission::Read).await?;
    let mut rows = app.store.areas().await?;
    rows.retain(|row| sight.touches(std::slice::from_ref(&row.code)));
    let show = |row: AreaRow| {
        let outside = !sight.covers(&row.code);
        Area { outside, ..Area::from(row) }
    };
    Ok(axum::Json(rows.into_iter().map(show).collect()))
}

/// Adds an area.
#[utoipa::path(post, path = "/areas", tag = "areas", request_body = NewArea,
    responses((status = 201, body = Area), (status = "4XX", body = ProblemBody)))]
pub async fn add(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Json(new): Json<NewArea>,
) -> Result<(StatusCode, axum::Json<Area>), Problem> {
    let code: AreaCode = new.code.parse().map_err(|_| Problem::field("code"))?;
    let is_hamlet = code.commune().is_some_and(|commune| commune != code);
    let parent = match new.parent {
        Some(parent) => Some(parent.parse::<AreaCode>().map_err(|_| Problem::field("parent"))?),
        None if is_hamlet => code.commune(),
        None => None,
    };
    let fits = match &parent {
        Some(parent) if is_hamlet => Some(parent) == code.commune().as_ref(),
        Some(parent) => parent.as_str().len() < code.as_str().len(),
        None => true,
    };
    if !fits {
        return Err(Problem::field("parent"));
    }
    match &parent {
        Some(parent) => {
            access::within(&app, &person, Permission::Manage, std::slice::from_ref(parent)).await?;
        }
        None => access::everywhere(&person, Permission::Manage)?,
    }
    let area = AreaRow { code, name: text_field("name", &new.name, 80)?, parent };
    app.store.add_area(&area).await?;
    // It may lie within what somebody sees.
    app.sessions_changed.send_replace(());
    Ok((StatusCode::CREATED, axum::Json(area.into())))
}

/// Renames an area; its code stays.
#[utoipa::path(patch, path = "/areas/{code}", tag = "areas", request_body = Rename, params(("code" = String, Path)),
    responses((status = 200, body = Area), (status = "4XX", body = ProblemBody)))]
pub async fn rename(
    State(app): State<Arc<App>>,
    SignedIn(person): SignedIn,
    Path(code): Path<String>,
    Json(rename): Json<Rename>,
) -> Result<axum::Json<Area>, Problem> {
    let code: AreaCode = code.parse().map_err(|_| Problem::new(Code::NotFound))?;
    access::within(&app, &person, Permission::Manage, std::slice::from_ref(&code)).await?;
    app.store.rename_area(&code, &text_field("name", &rename.name, 80)?).await?;
    let area = app.store.area(&code).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(axum::Json(area.into()))
}
