//! Things as the API shows them.

pub mod broadcasts;
pub mod bulletins;
pub mod commissioning;
pub mod days;
pub mod health;
pub mod inbox;
pub mod log;
pub mod nodes;
pub mod people;
pub mod policies;
pub mod preview;
pub mod programme;

use std::collections::HashMap;

use loa_protocol::AreaCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, store::StoreError};

/// An area by code and name.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AreaName {
    /// Official code.
    pub code: String,
    /// What people call it.
    pub name: String,
}

/// A person, as others see them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PersonName {
    /// Id.
    pub id: String,
    /// What others see.
    pub display_name: String,
}

impl From<(String, String)> for PersonName {
    fn from((id, display_name): (String, String)) -> Self {
        Self { id, display_name }
    }
}

/// Names of areas.
#[derive(Default)]
pub struct AreaNames(HashMap<AreaCode, String>);

impl AreaNames {
    /// Of these areas.
    pub fn of_those(areas: impl IntoIterator<Item = (AreaCode, String)>) -> Self {
        Self(areas.into_iter().collect())
    }

    /// All there are.
    pub async fn load(app: &App) -> Result<Self, StoreError> {
        Ok(Self::of_those(app.store.areas().await?.into_iter().map(|area| (area.code, area.name))))
    }

    /// Of one area alone.
    async fn of_one(app: &App, code: &AreaCode) -> Result<Self, StoreError> {
        Ok(Self::of_those(app.store.area(code).await?.into_iter().map(|area| (area.code, area.name))))
    }

    /// What an area is called; its code, when it isn't there any more.
    pub fn of(&self, code: &AreaCode) -> AreaName {
        AreaName {
            code: code.to_string(),
            name: self.0.get(code).cloned().unwrap_or_else(|| code.to_string()),
        }
    }
}
