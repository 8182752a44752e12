//! The broker's HTTP API, as a program signed in as a person uses it.

mod events;
mod types;

use std::{sync::Once, time::Duration};

use loa_protocol::{AreaCode, BroadcastId, Class, ClipHash, NodeId, plan::Volume};
use reqwest::{Method, RequestBuilder, Response, StatusCode, multipart};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub use events::{Event, Events};
pub use types::*;

/// Nothing this client asks takes longer on a slow, busy machine; an upload of 100 MB included.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// Why the broker didn't do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It could not be reached, or the answer broke off. Trying again may help.
    #[error("the broker can't be reached")]
    Unreachable(#[from] reqwest::Error),
    /// It refused, and says why.
    #[error("{} ({}){}", .0.code, .0.status, .0.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default())]
    Refused(Box<Problem>),
    /// It answered something that isn't of the API: another program listens there, or a fault of the broker.
    #[error("an answer ({0}) that is not of the API: {1}")]
    Unexpected(StatusCode, String),
    /// It answered something else than was promised: a fault of one side.
    #[error("an answer that can't be understood")]
    Misunderstood(#[from] serde_json::Error),
    /// The stream of events ended.
    #[error("the stream of events ended")]
    StreamEnded,
    /// The set-up link has no token.
    #[error("the set-up link has no token")]
    NoToken,
}

impl ApiError {
    /// The stable code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => Some(&problem.code),
            _ => None,
        }
    }
}

/// What makes a bulletin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text to be spoken.
    Text {
        /// As typed.
        text: String,
        /// A voice's id.
        voice: String,
    },
    /// A clip that exists.
    Clip(ClipHash),
}

/// A client. Cloned ones share the session.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    client: reqwest::Client,
}

impl Api {
    /// A client of the broker at `base`, `http://host:port`, signed in as nobody.
    pub fn new(base: &str) -> Result<Self, ApiError> {
        static PROVIDER: Once = Once::new();
        // Fails only when one is installed already, which serves as well.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let client = reqwest::Client::builder().cookie_store(true).no_proxy().build()?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    /// The page's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request to a path below `/api/v1`, from our own page as far as the broker can tell.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/api/v1{path}", self.base))
            .header("origin", &self.base)
            .timeout(ANSWER_WITHIN)
    }

    async fn answer(response: Response) -> Result<Response, ApiError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await?;
        match serde_json::from_str(&text) {
            Ok(problem) => Err(ApiError::Refused(Box::new(problem))),
            Err(_) => Err(ApiError::Unexpected(status, text.chars().take(300).collect())),
        }
    }

    async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ApiError> {
        let body = Self::answer(request.send().await?).await?.bytes().await?;
        Ok(serde_json::from_slice(&body)?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        Self::read(self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ApiError> {
        Self::read(self.request(Method::POST, path).json(body)).await
    }

    async fn post_nothing(&self, path: &str) -> Result<(), ApiError> {
        Self::answer(self.request(Method::POST, path).send().await?).await.map(drop)
    }

    /// Makes the first administrator with the link that the broker printed, and signs in as them.
    pub async fn set_up(
        &self,
        link: &str,
        username: &str,
        display_name: &str,
        password: &str,
    ) -> Result<Session, ApiError> {
        let (_, token) = link.split_once('#').ok_or(ApiError::NoToken)?;
        let body = json!({ "token": token, "username": username, "display_name": display_name, "password": password });
        self.post("/setup", &body).await
    }

    /// Signs in.
    pub async fn sign_in(&self, username: &str, password: &str) -> Result<Session, ApiError> {
        self.post("/session", &json!({ "username": username, "password": password })).await
    }

    /// All areas.
    pub async fn areas(&self) -> Result<Vec<Area>, ApiError> {
        self.get("/areas").await
    }

    /// Adds an area.
    pub async fn add_area(&self, code: &str, name: &str, parent: Option<&str>) -> Result<Area, ApiError> {
        self.post("/areas", &json!({ "code": code, "name": name, "parent": parent })).await
    }

    /// All nodes.
    pub async fn nodes(&self) -> Result<Vec<Node>, ApiError> {
        self.get("/nodes").await
    }

    /// One node.
    pub async fn node(&self, id: &NodeId) -> Result<Node, ApiError> {
        self.get(&format!("/nodes/{id}")).await
    }

    /// Adds a node to a hamlet.
    pub async fn add_node(&self, hamlet: &str, name: &str) -> Result<Node, ApiError> {
        self.post("/nodes", &json!({ "hamlet": hamlet, "name": name })).await
    }

    /// Sets how loud a node plays.
    pub async fn set_volume(&self, id: &NodeId, volume: Volume) -> Result<Node, ApiError> {
        Self::read(self.request(Method::PATCH, &format!("/nodes/{id}")).json(&json!({ "volume": volume })))
            .await
    }

    /// Makes a claim code for a node.
    pub async fn claim(&self, id: &NodeId) -> Result<Claim, ApiError> {
        Self::read(self.request(Method::POST, &format!("/nodes/{id}/claims"))).await
    }

    /// Takes away whatever a node may do.
    pub async fn revoke(&self, id: &NodeId) -> Result<(), ApiError> {
        self.post_nothing(&format!("/nodes/{id}/revoke")).await
    }

    /// Moves a node to another hamlet.
    pub async fn rehome(&self, id: &NodeId, hamlet: &str) -> Result<Node, ApiError> {
        Self::read(self.request(Method::PATCH, &format!("/nodes/{id}")).json(&json!({ "hamlet": hamlet })))
            .await
    }

    /// Takes a node out of service.
    pub async fn retire(&self, id: &NodeId) -> Result<Node, ApiError> {
        Self::read(self.request(Method::POST, &format!("/nodes/{id}/retirement"))).await
    }

    /// Makes a node known where it hangs.
    pub async fn identify(&self, id: &NodeId) -> Result<(), ApiError> {
        self.post_nothing(&format!("/nodes/{id}/identify")).await
    }

    /// Makes a node sound a test tone.
    pub async fn test_tone(&self, id: &NodeId) -> Result<(), ApiError> {
        self.post_nothing(&format!("/nodes/{id}/test-tone")).await
    }

    /// All voices.
    pub async fn voices(&self) -> Result<Vec<Voice>, ApiError> {
        self.get("/voices").await
    }

    /// Speaks a text into a clip.
    pub async fn speak(&self, text: &str, voice: &str) -> Result<Clip, ApiError> {
        self.post("/clips/speech", &json!({ "text": text, "voice": voice })).await
    }

    /// Makes a clip of a sound file.
    pub async fn upload(&self, name: &str, file: impl Into<reqwest::Body>) -> Result<Clip, ApiError> {
        let part = multipart::Part::stream(file).file_name(name.to_owned());
        let form = multipart::Form::new().part("file", part);
        Self::read(self.request(Method::POST, "/clips").multipart(form)).await
    }

    /// A clip's bytes.
    pub async fn clip(&self, hash: &ClipHash) -> Result<Vec<u8>, ApiError> {
        let response = self.request(Method::GET, &format!("/clips/{hash}")).send().await?;
        Ok(Self::answer(response).await?.bytes().await?.into())
    }

    /// Makes a bulletin.
    pub async fn add_bulletin(
        &self,
        title: &str,
        class: Class,
        content: &Content,
    ) -> Result<Bulletin, ApiError> {
        let mut body = json!({ "title": title, "language": "vi", "class": class });
        match content {
            Content::Text { text, voice } => {
                body["text"] = text.as_str().into();
                body["voice"] = voice.as_str().into();
            }
            Content::Clip(hash) => body["clip"] = hash.as_str().into(),
        }
        self.post("/bulletins", &body).await
    }

    /// Puts a bulletin on air, now.
    pub async fn air(&self, bulletin: &str, areas: &[&str]) -> Result<Broadcast, ApiError> {
        self.post("/broadcasts", &json!({ "bulletin": bulletin, "areas": areas, "confirmed": true })).await
    }

    /// The same with a time to live and a name for the intent.
    pub async fn air_with(
        &self,
        bulletin: &str,
        areas: &[&str],
        expires_in_s: u32,
        key: Option<&str>,
    ) -> Result<Broadcast, ApiError> {
        let body =
            json!({ "bulletin": bulletin, "areas": areas, "confirmed": true, "expires_in_s": expires_in_s });
        let mut request = self.request(Method::POST, "/broadcasts").json(&body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        Self::read(request).await
    }

    /// Broadcasts, newest first.
    pub async fn broadcasts(&self) -> Result<Vec<Broadcast>, ApiError> {
        self.get::<BroadcastPage>("/broadcasts?limit=100").await.map(|page| page.items)
    }

    /// One broadcast.
    pub async fn broadcast(&self, id: &BroadcastId) -> Result<Broadcast, ApiError> {
        self.get(&format!("/broadcasts/{id}")).await
    }

    /// Stops one broadcast.
    pub async fn stop(&self, id: &BroadcastId) -> Result<(), ApiError> {
        self.post_nothing(&format!("/broadcasts/{id}/stop")).await
    }

    /// Silences some areas, or everything.
    pub async fn stop_everything(&self, areas: Option<&[AreaCode]>) -> Result<Stopping, ApiError> {
        let body = areas.map_or_else(|| json!({}), |areas| json!({ "areas": areas }));
        self.post("/stop", &body).await
    }

    /// Everything that was stopped and not released.
    pub async fn latches(&self) -> Result<Vec<Latch>, ApiError> {
        self.get::<Latches>("/latches").await.map(|latches| latches.items)
    }

    /// Releases a stop.
    pub async fn release(&self, latch: &str) -> Result<(), ApiError> {
        self.post_nothing(&format!("/latches/{latch}/release")).await
    }

    /// Releases all stops.
    pub async fn release_all(&self) -> Result<(), ApiError> {
        for latch in self.latches().await? {
            self.release(&latch.id).await?;
        }
        Ok(())
    }

    /// Lets an area sound at any hour.
    pub async fn allow_everything(&self, area: &str) -> Result<(), ApiError> {
        let day = json!([{ "from": "00:00", "to": "24:00" }]);
        let body = json!({ "hours": vec![day; 7] });
        let request = self.request(Method::PUT, &format!("/areas/{area}/policy")).json(&body);
        Self::answer(request.send().await?).await.map(drop)
    }

    /// Puts a bulletin into the programme: `entry` is the body of `POST /programme`.
    pub async fn add_to_programme(&self, entry: &Value) -> Result<ProgrammeEntry, ApiError> {
        self.post("/programme", entry).await
    }

    /// Takes an entry out of the programme.
    pub async fn remove_from_programme(&self, id: &BroadcastId) -> Result<(), ApiError> {
        let request = self.request(Method::DELETE, &format!("/programme/{id}"));
        Self::answer(request.send().await?).await.map(drop)
    }

    /// What happens from now on. The first event, `hello`, has been taken.
    pub async fn events(&self) -> Result<Events, ApiError> {
        let request = self.client.get(format!("{}/api/v1/events", self.base));
        let mut events = Events::new(Self::answer(request.send().await?).await?);
        while events.next().await? != Event::Hello {}
        Ok(events)
    }

    /// Anything else: for requests that a test makes wrong on purpose. Gives the status and the body.
    pub async fn raw(&self, request: RequestBuilder) -> Result<(StatusCode, Value), ApiError> {
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }
}
