//! What installers found and signed at poles.

use jiff::Timestamp;
use loa_protocol::{BroadcastId, ClipHash, NodeId};
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, from_json, instant, json, maybe_instant, micros, parsed};
use crate::commissioning::{NodeFigures, Sheet};

/// A sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct CommissioningRow {
    /// Random.
    pub id: String,
    /// Of this node.
    pub node: NodeId,
    /// What was found.
    pub sheet: Sheet,
    /// The photo's name.
    pub photo: Option<ClipHash>,
    /// The last spoken test.
    pub test: Option<BroadcastId>,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Who changed it: a person's id, and what others see of them.
    pub changed_by: (String, String),
    /// Who signed it, when, and how the node was.
    pub signed: Option<Signed>,
}

/// A signature.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// When.
    pub at: Timestamp,
    /// Who: a person's id, and what others see of them.
    pub by: (String, String),
    /// How the node was.
    pub figures: NodeFigures,
}

impl CommissioningRow {
    /// An empty sheet.
    pub fn new(id: String, node: NodeId, by: (String, String), now: Timestamp) -> Self {
        Self {
            id,
            node,
            sheet: Sheet::default(),
            photo: None,
            test: None,
            changed_at: now,
            changed_by: by,
            signed: None,
        }
    }

    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let signed_at = maybe_instant(row.try_get("signed_at")?)?;
        let signed_by: Option<String> = row.try_get("signed_by")?;
        let figures: Option<&str> = row.try_get("figures")?;
        let signed = match (signed_at, signed_by, figures) {
            (Some(at), Some(by), Some(figures)) => {
                Some(Signed { at, by: (by, row.try_get("signer")?), figures: from_json(figures)? })
            }
            _ => None,
        };
        Ok(Self {
            id: row.try_get("id")?,
            node: parsed(row.try_get("node")?)?,
            sheet: from_json(row.try_get("sheet")?)?,
            photo: row.try_get::<Option<&str>, _>("photo")?.map(parsed).transpose()?,
            test: row.try_get::<Option<&str>, _>("test")?.map(parsed).transpose()?,
            changed_at: instant(row.try_get("changed_at")?)?,
            changed_by: (row.try_get("changed_by")?, row.try_get("changer")?),
            signed,
        })
    }
}

impl Store {
    /// A node's newest sheet: the open one, or the one signed last.
    pub async fn commissioning(&self, node: &NodeId) -> Result<Option<CommissioningRow>, StoreError> {
        let row = sqlx::query(
            "SELECT c.*, p.display_name AS changer, s.display_name AS signer FROM commissionings c
             JOIN people p ON p.id = c.changed_by LEFT JOIN people s ON s.id = c.signed_by
             WHERE c.node = ? ORDER BY c.signed_at IS NOT NULL, c.signed_at DESC LIMIT 1",
        )
        .bind(node.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(CommissioningRow::read).transpose()
    }

    /// Keeps an open sheet. [`StoreError::Exists`] when another is open for the node, or this one was signed meanwhile.
    pub async fn keep_commissioning(&self, row: &CommissioningRow) -> Result<(), StoreError> {
        let done = sqlx::query(
            "INSERT INTO commissionings (id, node, sheet, photo, test, changed_at, changed_by) VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET sheet = excluded.sheet, photo = excluded.photo, test = excluded.test,
               changed_at = excluded.changed_at, changed_by = excluded.changed_by WHERE commissionings.signed_at IS NULL",
        )
        .bind(&row.id)
        .bind(row.node.as_str())
        .bind(json(&row.sheet)?)
        .bind(row.photo.as_ref().map(ClipHash::as_str))
        .bind(row.test.as_ref().map(BroadcastId::as_str))
        .bind(micros(row.changed_at))
        .bind(&row.changed_by.0)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 0 { Err(StoreError::Exists) } else { Ok(()) }
    }

    /// Signs a sheet as it is here; whether it still was open and so.
    pub async fn sign_commissioning(
        &self,
        row: &CommissioningRow,
        signed: &Signed,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE commissionings SET signed_at = ?, signed_by = ?, figures = ?
             WHERE id = ? AND signed_at IS NULL AND changed_at = ?",
        )
        .bind(micros(signed.at))
        .bind(&signed.by.0)
        .bind(json(&signed.figures)?)
        .bind(&row.id)
        .bind(micros(row.changed_at))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether a sheet names this photo.
    pub async fn photo_is_used(&self, photo: &ClipHash) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM commissionings WHERE photo = ? LIMIT 1").bind(photo.as_str());
        Ok(row.fetch_optional(&self.pool).await?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commissioning::Item,
        store::tests::{Commune, at, node},
    };

    fn figures() -> NodeFigures {
        NodeFigures {
            volume_percent: 70,
            emergency_percent: 100,
            version: None,
            clock: None,
            interface: Some("wwan0".into()),
            signal_dbm: Some(-71),
            cpu_temperature_c: None,
            sound_after_ms: Some(412),
        }
    }

    #[tokio::test]
    async fn a_sheet_is_kept_until_it_is_signed_and_never_changes_afterwards() {
        let commune = Commune::new().await;
        let store = &commune.store;
        let who = || ("p".to_owned(), "P".to_owned());
        assert_eq!(store.commissioning(&node("n1")).await.unwrap(), None);
        let mut first = CommissioningRow::new("c1".into(), node("n1"), who(), at(1));
        store.keep_commissioning(&first).await.unwrap();
        first.sheet.horns = Some(4);
        first.sheet.tick(&[Item::Mounted], &who(), at(2));
        first.photo = Some(ClipHash::of(b"photo"));
        first.changed_at = at(2);
        store.keep_commissioning(&first).await.unwrap();
        let kept = store.commissioning(&node("n1")).await.unwrap().unwrap();
        assert_eq!((&kept.sheet, &kept.photo), (&first.sheet, &first.photo));
        assert!(store.photo_is_used(&ClipHash::of(b"photo")).await.unwrap());
        assert!(!store.photo_is_used(&ClipHash::of(b"other")).await.unwrap());

        // One open sheet a node.
        let second = CommissioningRow::new("c2".into(), node("n1"), who(), at(3));
        assert!(matches!(store.keep_commissioning(&second).await, Err(StoreError::Exists)));
        let other = CommissioningRow::new("c3".into(), node("n2"), who(), at(3));
        store.keep_commissioning(&other).await.unwrap();

        let signed = Signed { at: at(4), by: who(), figures: figures() };
        let stale = CommissioningRow { changed_at: at(1), ..first.clone() };
        assert!(
            !store.sign_commissioning(&stale, &signed).await.unwrap(),
            "it changed since it was looked at"
        );
        assert!(store.sign_commissioning(&first, &signed).await.unwrap());
        assert!(!store.sign_commissioning(&first, &signed).await.unwrap());
        assert!(matches!(store.keep_commissioning(&first).await, Err(StoreError::Exists)));
        let kept = store.commissioning(&node("n1")).await.unwrap().unwrap();
        assert_eq!((kept.id.as_str(), kept.signed), ("c1", Some(signed)));

        // Whoever goes there again begins another, which is then the newest.
        store.keep_commissioning(&second).await.unwrap();
        assert_eq!(store.commissioning(&node("n1")).await.unwrap().unwrap().id, "c2");
    }
}
