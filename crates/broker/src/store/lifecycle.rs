//! What becomes of a node in its life: new hardware, another hamlet, revoked, out of service.

use jiff::Timestamp;
use loa_protocol::{AreaCode, NodeId, Reason};

use super::{
    Given, Store, StoreError,
    certificates::{give, take_all},
    micros, word,
};

impl Store {
    /// The node has its certificate, for a claim shown when it was given; whether nobody has revoked it since. A certificate it had before no longer counts.
    ///
    /// What it hasn't reported until now it can't report any more, for its hardware may be another: that is *missed*, or *partial* if it was said
    /// to sound. Should the hardware be the same, a receipt that comes later still replaces it.
    pub async fn node_enrolled(&self, id: &NodeId, given: Given<'_>) -> Result<bool, StoreError> {
        let now = given.at;
        let mut tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "UPDATE nodes SET enrolled_at = ?, revoked_at = NULL, retired_at = NULL,
               state = NULL, heartbeat = NULL
             WHERE id = ? AND (revoked_at IS NULL OR revoked_at < ?)",
        )
        .bind(micros(now))
        .bind(id.as_str())
        .bind(micros(now))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        take_all(&mut tx, id).await?;
        give(&mut tx, id, given).await?;
        sqlx::query(
            "UPDATE airings SET status = CASE status WHEN 'playing' THEN 'partial' ELSE 'missed' END, reason = ?, ended_at = ?
             WHERE status IN ('sent', 'waiting', 'playing', 'unreported') AND settled = 0 AND node = ?",
        )
        .bind(word(&Reason::NodeSilent)?)
        .bind(micros(now))
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The node stands in another hamlet from now on. What it aired before stays where it was aired.
    pub async fn rehome_node(
        &self,
        id: &NodeId,
        hamlet: &AreaCode,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "UPDATE airings SET hamlet = (SELECT hamlet FROM nodes WHERE id = ?) WHERE node = ? AND hamlet IS NULL",
        )
        .bind(id.as_str())
        .bind(id.as_str())
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE nodes SET hamlet = ?, homed_at = ? WHERE id = ?")
            .bind(hamlet.as_str())
            .bind(micros(now))
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// From now on the node may do nothing, nor do claim codes made for it before; whether it was there and trusted.
    pub async fn revoke_node(&self, id: &NodeId, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE nodes SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
            .bind(micros(now))
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The node is out of service from now on, and may do nothing; whether it was in service. Codes made for it before are worth nothing.
    /// Its newest plan is no longer at the MQTT server.
    pub async fn retire_node(&self, id: &NodeId, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE nodes SET retired_at = ?, revoked_at = ?, state = NULL, heartbeat = NULL, published = 0
             WHERE id = ? AND retired_at IS NULL",
        )
        .bind(micros(now))
        .bind(micros(now))
        .bind(id.as_str())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        AiringStatus, AreaRow, Claimed,
        tests::{Commune, at, node},
    };

    #[tokio::test]
    async fn what_a_node_aired_stays_with_the_hamlet_that_it_left() {
        let commune = Commune::new().await;
        let store = &commune.store;
        let (old, new): (AreaCode, AreaCode) = ("31699-01".parse().unwrap(), "31699-02".parse().unwrap());
        let parent = Some("31699".parse().unwrap());
        store.add_area(&AreaRow { code: new.clone(), name: "Ấp mới".into(), parent }).await.unwrap();
        commune.enrol().await;
        commune.broadcast(1, None).await.unwrap();
        store.rehome_node(&node("n1"), &new, at(50)).await.unwrap();
        commune.broadcast(2, None).await.unwrap();
        let heard_in = async |area: &AreaCode| -> u64 {
            let heard = store.heard_in(area, at(-10), at(100)).await.unwrap();
            heard.iter().map(|heard| heard.airings).sum()
        };
        // Both broadcasts on n2, the first on n1 as well.
        assert_eq!((heard_in(&old).await, heard_in(&new).await), (3, 1));
        let places = store.heard(at(-10), at(100)).await.unwrap();
        assert_eq!(places.iter().filter(|row| row.hamlet == new).count(), 1);
        store.rehome_node(&node("n1"), &old, at(60)).await.unwrap();
        assert_eq!((heard_in(&old).await, heard_in(&new).await), (3, 1), "and back again");
        let planned = store.planned_nodes().await.unwrap();
        assert_eq!((planned[0].homed_at, planned[0].here_since()), (Some(at(60)), at(60)));
    }

    #[tokio::test]
    async fn new_hardware_settles_what_the_old_left_open_and_nothing_else() {
        let commune = Commune::new().await;
        let store = &commune.store;
        commune.enrol().await;
        let [first, others] = commune.broadcast(1, None).await.unwrap();
        let [sounding, _] = commune.broadcast(2, None).await.unwrap();
        assert!(
            store.airing_progress(&sounding, &node("n1"), AiringStatus::Playing, Some(at(1))).await.unwrap()
        );
        assert!(store.node_enrolled(&node("n1"), Given { serial: "new", ca: "", at: at(10) }).await.unwrap());
        let silent = Some(Reason::NodeSilent);
        assert_eq!(commune.fate(&first).await, (AiringStatus::Missed, silent));
        assert_eq!(commune.fate(&sounding).await, (AiringStatus::Partial, silent));
        assert_eq!(commune.fate(&others).await.0, AiringStatus::Sent, "the other node's");
    }

    #[tokio::test]
    async fn a_revocation_at_the_moment_of_enrolment_wins_and_an_older_one_is_over() {
        let commune = Commune::new().await;
        let store = &commune.store;
        let id = node("n1");
        store.add_claim("code", &id, at(0), at(100)).await.unwrap();
        assert_eq!(store.use_claim("code", at(5)).await.unwrap(), Claimed::Node(id.clone()));
        store.revoke_node(&id, at(5)).await.unwrap();
        assert!(!store.node_enrolled(&id, Given { serial: "01", ca: "", at: at(5) }).await.unwrap());
        assert!(store.trusted_nodes().await.unwrap().is_empty());

        store.add_claim("after", &id, at(6), at(100)).await.unwrap();
        assert_eq!(store.use_claim("after", at(7)).await.unwrap(), Claimed::Node(id.clone()));
        assert!(store.node_enrolled(&id, Given { serial: "02", ca: "", at: at(7) }).await.unwrap());
        assert!(store.certificate_counts(&id, "02").await.unwrap());
        assert!(!store.certificate_counts(&id, "01").await.unwrap());

        assert!(store.retire_node(&id, at(8)).await.unwrap());
        assert!(!store.retire_node(&id, at(9)).await.unwrap(), "once");
        let row = store.node(&id).await.unwrap().unwrap();
        assert!(!store.certificate_counts(&id, "02").await.unwrap());
        assert_eq!(row.retired_at, Some(at(8)));
    }
}
