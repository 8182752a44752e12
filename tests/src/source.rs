//! A province's system, as small as it can be: it sends items from above and asks what became of them, without a session.

use anyhow::{Context, Result, ensure};
use loa_fleet::api::Api;
use loa_protocol::BroadcastId;
use reqwest::{
    Method, RequestBuilder, StatusCode,
    multipart::{Form, Part},
};
use serde_json::{Value, json};

/// The system.
pub struct Source {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Source {
    /// A system that an administrator has let in for an area.
    pub async fn of(api: &Api, area: &str) -> Result<Self> {
        let request = api.request(Method::POST, "/sources").json(&json!({ "name": "Tỉnh", "area": area }));
        let (status, source) = api.raw(request).await?;
        ensure!(status == StatusCode::CREATED, "{source}");
        let token = source["token"].as_str().context("a token")?.to_owned();
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { client, base: format!("{}/api/v1", api.base()), token })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Sends an item, with or without its sound; the receipt.
    pub async fn send(&self, item: &Value, sound: Option<Vec<u8>>) -> Result<Value> {
        let mut form = Form::new().text("item", item.to_string());
        if let Some(sound) = sound {
            form = form.part("sound", Part::bytes(sound).file_name("sound.wav"));
        }
        let response = self.request(Method::POST, "/inbox").multipart(form).send().await?;
        let status = response.status();
        let receipt: Value = serde_json::from_slice(&response.bytes().await?)?;
        ensure!(status.is_success(), "{status}: {receipt}");
        Ok(receipt)
    }

    /// What became of an item.
    pub async fn outcome(&self, receipt: &Value) -> Result<Value> {
        let id = receipt["id"].as_str().context("an id")?;
        let response = self.request(Method::GET, &format!("/inbox/{id}/outcome")).send().await?;
        Ok(serde_json::from_slice(&response.error_for_status()?.bytes().await?)?)
    }
}

/// What airs an item.
pub fn broadcast_of(receipt: &Value) -> Result<BroadcastId> {
    Ok(receipt["broadcast"].as_str().context("something airs it")?.parse()?)
}
