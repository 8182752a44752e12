//! From the tap on *Phát ngay*, or on *Dừng tất cả*, to what the horns of five hamlets do.
//!
//! The time runs from before the request is sent until the frame in question leaves the last of five sound cards, by the cards' own
//! account. Each announcement finds the cards closed, as on a quiet day.

use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use loa_fleet::api::Content;
use loa_protocol::Class;
use loa_tests::{
    soundcard::EventKind,
    world::{Hamlet, PATIENCE, World},
};

use super::figure::{Sample, figure, monotonic_ns};

/// All of Đại Ân 2.
const EVERYWHERE: [&str; 1] = ["31699"];

/// The five hamlets, ready.
pub(crate) struct Commune(World);

impl Commune {
    pub(crate) async fn start() -> Result<Self> {
        Ok(Self(World::start().await?))
    }

    /// `POST /broadcasts` of a ready bulletin → first sound at the last card.
    pub(crate) async fn tap_to_sound(&self, runs: usize) -> Result<()> {
        let bulletin = self.0.tune(Class::Normal, 1, 1.0).await?;
        let one = async |_| {
            let tap = monotonic_ns()?;
            let broadcast = self.0.api.air(&bulletin.id, &EVERYWHERE).await?;
            let taken = self.last_sound_since(tap).await?;
            self.0.over(&broadcast.id).await?;
            Ok(taken)
        };
        self.measure("tap_to_sound", "tap to sound, five hamlets, cards closed before", runs, one).await
    }

    /// `POST /bulletins` with a text never spoken before, then `POST /broadcasts` → first sound at the last card.
    pub(crate) async fn text_to_sound(&self, runs: usize) -> Result<()> {
        let voice = self.0.api.voices().await?.first().context("a voice")?.id.clone();
        let one = async |run| {
            let text = format!(
                "Kính mời bà con ấp Chợ ra nhà văn hoá họp lúc {} giờ {run} phút tối nay để nghe thông báo",
                17 + run % 3
            );
            let content = Content::Text { text, voice: voice.clone() };
            let tap = monotonic_ns()?;
            let bulletin = self.0.api.add_bulletin("Mời họp", Class::Normal, &content).await?;
            let broadcast = self.0.api.air(&bulletin.id, &EVERYWHERE).await?;
            let taken = self.last_sound_since(tap).await?;
            self.0.api.stop(&broadcast.id).await?;
            self.0.over(&broadcast.id).await?;
            Ok(taken)
        };
        self.measure("text_to_sound", "text of 22 words to sound, speech included", runs, one).await
    }

    /// `POST /stop` while all five sound → last sound of the last card.
    pub(crate) async fn stop_to_silence(&self, runs: usize) -> Result<()> {
        let bulletin = self.0.tune(Class::Normal, 2, 30.0).await?;
        let one = async |_| {
            let begun = monotonic_ns()?;
            let broadcast = self.0.api.air(&bulletin.id, &EVERYWHERE).await?;
            self.last_sound_since(begun).await?;
            let tap = monotonic_ns()?;
            self.0.api.stop_everything(None).await?;
            let silent = try_join_all(self.0.hamlets.iter().map(Hamlet::falls_silent)).await?;
            let last = silent.iter().map(|moment| moment.monotonic_ns).max().context("a hamlet")?;
            self.0.over(&broadcast.id).await?;
            self.0.api.release_all().await?;
            self.0.ready().await?;
            Ok((last - tap) as f64 / 1e6)
        };
        self.measure("stop_to_silence", "stop everything to silence, five hamlets", runs, one).await
    }

    /// So many runs of `one`, which is given its number and gives milliseconds; each begins in silence.
    async fn measure(
        &self,
        name: &str,
        what: &str,
        runs: usize,
        one: impl AsyncFn(usize) -> Result<f64>,
    ) -> Result<()> {
        let mut taken = Vec::new();
        for run in 1..=runs {
            self.be_quiet().await?;
            taken.push(one(run).await?);
        }
        let sample = Sample::new(taken)?;
        sample.tell(what, "ms");
        figure(&format!("{name}_p50_ms"), sample.median(), "ms");
        figure(&format!("{name}_p99_ms"), sample.percentile(99.0), "ms");
        Ok(())
    }

    async fn last_sound_since(&self, tap_ns: i64) -> Result<f64> {
        let heard = try_join_all(self.0.hamlets.iter().map(Hamlet::sounds)).await?;
        let last = heard.iter().map(|moment| moment.monotonic_ns).max().context("a hamlet")?;
        Ok((last - tap_ns) as f64 / 1e6)
    }

    /// Waits until the agents have closed all cards, and forgets what has sounded.
    async fn be_quiet(&self) -> Result<()> {
        for hamlet in &self.0.hamlets {
            let card = hamlet.card.clone();
            tokio::task::spawn_blocking(move || -> Result<()> {
                let opened = card.events()?.iter().filter(|event| event.kind == EventKind::Open).count();
                if opened > 0 {
                    card.wait_for_event(EventKind::Close, opened, PATIENCE)?;
                }
                card.skip()
            })
            .await??;
        }
        // Cards that just closed did so on a linger; the machine gets a moment to do its own things, as between two bulletins.
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(())
    }
}
