//! An item arrives.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use loa_protocol::{AreaCode, Class};

use super::{advance, tell};
use crate::{
    app::App,
    dispatch::Targets,
    http::{
        problem::{Code, Problem},
        sound,
    },
    secrets,
    store::{BulletinRow, ClipRow, InboxRow, InboxStatus, SourceRow, StoreError},
};

/// What a source sends. Texts are checked already; areas are sorted, each once.
#[derive(Debug)]
pub struct Arrival {
    /// The sender's name for it.
    pub reference: String,
    /// Its class.
    pub class: Class,
    /// Its title.
    pub title: String,
    /// BCP 47.
    pub language: String,
    /// What is said. Spoken when there is no sound.
    pub text: Option<String>,
    /// Where it is meant to sound.
    pub areas: Vec<AreaCode>,
    /// It must not begin from then on.
    pub expires_at: Option<Timestamp>,
    /// What sounds: a file of any common format.
    pub sound: Option<Bytes>,
}

/// Keeps an item and takes it as far as its class takes it. The same reference again gives the same item, and does nothing twice; whether it is new.
pub async fn receive(
    app: &Arc<App>,
    source: &SourceRow,
    arrival: Arrival,
) -> Result<(InboxRow, bool), Problem> {
    if let Some(item) = earlier(app, source, &arrival).await? {
        return Ok((settled(app, item).await?, false));
    }
    within_reach(app, source, &arrival.areas).await?;
    let now = app.now();
    if arrival.expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::new(Code::Expired));
    }
    if arrival.class == Class::Emergency && Targets::within(app, &arrival.areas).await?.count() == 0 {
        tracing::error!(source = source.name, reference = arrival.reference, areas = ?arrival.areas, "an emergency from above for areas without a loudspeaker");
        return Err(Problem::new(Code::NoNodes));
    }
    let clip = clip(app, &arrival).await?;
    let bulletin = BulletinRow {
        id: secrets::id()?,
        title: arrival.title.clone(),
        language: arrival.language.clone(),
        class: arrival.class,
        text: arrival.text.clone(),
        clip,
        created_at: app.now(),
        created_by: (source.person.clone(), source.name.clone()),
    };
    let item = InboxRow {
        id: secrets::id()?,
        source: (source.id.clone(), source.name.clone()),
        sender: source.person.clone(),
        reference: arrival.reference.clone(),
        bulletin: bulletin.id.clone(),
        class: arrival.class,
        areas: arrival.areas.clone(),
        received_at: app.now(),
        expires_at: arrival.expires_at,
        status: InboxStatus::Waiting,
        broadcast: None,
        decided_at: None,
        decided_by: None,
        remark: None,
    };
    match app.store.add_inbox_item(&item, &bulletin).await {
        Ok(()) => {}
        // Sent twice at once: the other one was first.
        Err(StoreError::Exists) => {
            let item = earlier(app, source, &arrival).await?.ok_or_else(|| Problem::new(Code::Internal))?;
            return Ok((settled(app, item).await?, false));
        }
        Err(error) => return Err(error.into()),
    }
    tracing::info!(item = item.id, source = source.name, reference = item.reference, class = ?item.class, title = bulletin.title, "an item came from above");
    tell(app, &item.id).await;
    Ok((settled(app, item).await?, true))
}

/// The item as it is after its class was obeyed. That failing is not the sender's affair: the item is kept, and it is tried again.
async fn settled(app: &Arc<App>, item: InboxRow) -> Result<InboxRow, Problem> {
    if let Err(problem) = advance(app, &item.id).await {
        tracing::error!(item = item.id, ?problem, "an item from above could not be taken further yet");
    }
    Ok(app.store.inbox_item(&item.id).await?.unwrap_or(item))
}

/// The item of this reference that is there already, if it is the same one: a sender that gives another item a used name would never be heard.
async fn earlier(app: &Arc<App>, source: &SourceRow, arrival: &Arrival) -> Result<Option<InboxRow>, Problem> {
    let Some(item) = app.store.inbox_by_reference(&source.id, &arrival.reference).await? else {
        return Ok(None);
    };
    let bulletin = super::bulletin_of(app, &item).await?;
    let same = item.class == arrival.class
        && item.areas == arrival.areas
        && item.expires_at == arrival.expires_at
        && bulletin.title == arrival.title
        && bulletin.text == arrival.text;
    if same { Ok(Some(item)) } else { Err(Problem::new(Code::KeyReused)) }
}

async fn within_reach(app: &App, source: &SourceRow, areas: &[AreaCode]) -> Result<(), Problem> {
    for area in areas {
        let path = app.store.path_of(area).await?;
        if path.is_empty() {
            return Err(Problem::field("areas").detail(format!("there is no area {area}")));
        }
        if !path.contains(&source.area) {
            tracing::warn!(source = source.name, %area, "a source may not send to this area");
            return Err(Problem::new(Code::Forbidden).with("area", area.as_str()));
        }
    }
    Ok(())
}

async fn clip(app: &App, arrival: &Arrival) -> Result<ClipRow, Problem> {
    match (&arrival.sound, &arrival.text) {
        (Some(sound), _) => sound::make_clip(app, sound.clone()).await,
        (None, Some(text)) => sound::spoken(app, text, voice(app, &arrival.language)?, None).await,
        (None, None) => Err(Problem::field("text")),
    }
}

/// The first voice of a language: of `vi` and `vi-VN` alike.
fn voice(app: &App, language: &str) -> Result<&'static str, Problem> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let voice = app.speech.voices().into_iter().find(|voice| primary(voice.language) == primary(language));
    voice.map(|voice| voice.id).ok_or_else(|| Problem::new(Code::VoiceUnknown).with("language", language))
}
