//! The spoken test: a sentence that says where one is, through the same voice, policy, signature, player and receipt as any bulletin, on one node.
//!
//! Its words are the program's, never its sender's; so it needs no approval. Hours and stops hold for it as for everything that is no emergency.

use jiff::Timestamp;
use loa_protocol::{BroadcastId, Class};

use crate::{
    app::App,
    http::{
        problem::{Code, Problem},
        sound,
    },
    on_air::{self, Aired, Order},
    programme::now,
    secrets,
    store::{AiringStatus, BroadcastRow, BulletinRow, NodeRow, PersonRow, StoreError},
    words::Language,
};

const VOICE: &str = "vi";

/// What became of a spoken test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sounded {
    /// So far.
    pub status: AiringStatus,
    /// When it was sent, by the broker's clock.
    pub sent_at: Timestamp,
    /// When it began to sound, by the node's.
    pub started_at: Option<Timestamp>,
}

impl Sounded {
    /// From sending to sound, milliseconds.
    pub fn after_ms(&self) -> Option<i64> {
        self.started_at.map(|at| at.duration_since(self.sent_at).as_millis() as i64)
    }
}

/// What a node says of itself: its hamlet, and its number among the hamlet's nodes, by age.
pub async fn sentence(app: &App, node: &NodeRow) -> Result<String, StoreError> {
    let mut own = app.store.nodes().await?;
    own.retain(|other| other.hamlet == node.hamlet && (other.revoked_at.is_none() || other.id == node.id));
    own.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    let number = own.iter().position(|other| other.id == node.id).map_or(1, |at| at + 1);
    let hamlet =
        app.store.area(&node.hamlet).await?.map_or_else(|| node.hamlet.to_string(), |area| area.name);
    Ok(Language::Vi.words().commissioning.sentence(&hamlet, number))
}

/// What became of the test that a sheet names.
pub async fn sounded(app: &App, test: &BroadcastId) -> Result<Option<Sounded>, StoreError> {
    let airing = app.store.airings(test).await?.pop();
    Ok(airing.map(|airing| Sounded {
        status: airing.status,
        sent_at: airing.sent_at,
        started_at: airing.started_at,
    }))
}

/// Airs it on this node alone. `earlier`: a test of it before, whose bulletin does again while the words are the same.
pub async fn speak(
    app: &App,
    person: &PersonRow,
    node: &NodeRow,
    earlier: Option<&BroadcastId>,
) -> Result<BroadcastRow, Problem> {
    let text = sentence(app, node).await?;
    let by = (person.id.clone(), person.display_name.clone());
    let bulletin = match said_before(app, earlier, &text).await? {
        Some(bulletin) => bulletin,
        None => spoken(app, node, text, by.clone()).await?,
    };
    let areas = vec![node.hamlet.clone()];
    let now = app.now();
    if let Some(hindrance) = now::hindrance(app, &bulletin, &areas, now).await? {
        return Err(Problem::hindrance(&hindrance, now));
    }
    let life = on_air::usual_life(Class::Normal);
    let node = Some(node.id.clone());
    let order = Order { bulletin: &bulletin, areas, node, life, by, key: None, inbox_item: None };
    match on_air::now(app, order).await? {
        Aired::New(row) | Aired::Earlier(row) => Ok(row),
    }
}

async fn said_before(
    app: &App,
    earlier: Option<&BroadcastId>,
    text: &str,
) -> Result<Option<BulletinRow>, Problem> {
    let Some(earlier) = earlier else { return Ok(None) };
    let Some(bulletin) = app.store.bulletin_of(earlier).await? else { return Ok(None) };
    let bulletin = app.store.bulletin(&bulletin).await?;
    Ok(bulletin.filter(|bulletin| bulletin.text.as_deref() == Some(text)))
}

async fn spoken(
    app: &App,
    node: &NodeRow,
    text: String,
    by: (String, String),
) -> Result<BulletinRow, Problem> {
    if !node.is_trusted() {
        return Err(Problem::new(Code::NodeNotTrusted));
    }
    let clip = sound::spoken(app, &text, VOICE, None).await?;
    let bulletin = BulletinRow {
        id: secrets::id()?,
        title: Language::Vi.words().commissioning.title(&node.name),
        language: VOICE.to_owned(),
        class: Class::Normal,
        text: Some(text),
        clip,
        created_at: app.now(),
        created_by: by,
    };
    app.store.add_bulletin(&bulletin).await?;
    Ok(bulletin)
}
