//! Which certificates of a node count. One that was asked for counts from when it was given, because the answer may be lost; those given
//! before one that the node has shown don't any more, because it has that one.

use jiff::Timestamp;
use loa_protocol::NodeId;
use sqlx::{Row, Sqlite, Transaction};

use super::{Store, StoreError, micros};

/// A node whose answers get lost asks again; one that asks more often than this without ever showing what it got is not well.
const UNSHOWN: i64 = 32;

/// A certificate that was made.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// Its serial number.
    pub serial: &'a str,
    /// Fingerprint of the CA that made it.
    pub ca: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Adds a certificate to those that count.
pub(super) async fn give(
    work: &mut Transaction<'_, Sqlite>,
    node: &NodeId,
    given: Given<'_>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO node_certificates (node, serial, ca, given_at, shown) VALUES (?, ?, ?, ?, 0)")
        .bind(node.as_str())
        .bind(given.serial)
        .bind(given.ca)
        .bind(micros(given.at))
        .execute(&mut **work)
        .await?;
    Ok(())
}

/// Lets none count any more.
pub(super) async fn take_all(work: &mut Transaction<'_, Sqlite>, node: &NodeId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM node_certificates WHERE node = ?")
        .bind(node.as_str())
        .execute(&mut **work)
        .await?;
    Ok(())
}

impl Store {
    /// Whether a certificate that a node shows counts. If so, those given before it don't from now on.
    pub async fn certificate_counts(&self, node: &NodeId, serial: &str) -> Result<bool, StoreError> {
        let row = sqlx::query(
            "SELECT c.given_at, c.shown FROM node_certificates c JOIN nodes n ON n.id = c.node
             WHERE c.node = ? AND c.serial = ? AND n.enrolled_at IS NOT NULL AND n.revoked_at IS NULL",
        )
        .bind(node.as_str())
        .bind(serial)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(false) };
        if row.try_get::<bool, _>("shown")? {
            return Ok(true);
        }
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("DELETE FROM node_certificates WHERE node = ? AND given_at < ?")
            .bind(node.as_str())
            .bind(row.try_get::<i64, _>("given_at")?)
            .execute(&mut *work)
            .await?;
        sqlx::query("UPDATE node_certificates SET shown = 1 WHERE node = ? AND serial = ?")
            .bind(node.as_str())
            .bind(serial)
            .execute(&mut *work)
            .await?;
        work.commit().await?;
        Ok(true)
    }

    /// The node, which showed a certificate that counts, gets another. False when it has got many and shown none.
    pub async fn node_renewed(&self, node: &NodeId, given: Given<'_>) -> Result<bool, StoreError> {
        let mut work = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let unshown =
            sqlx::query("SELECT COUNT(*) AS many FROM node_certificates WHERE node = ? AND shown = 0")
                .bind(node.as_str())
                .fetch_one(&mut *work)
                .await?;
        if unshown.try_get::<i64, _>("many")? >= UNSHOWN {
            return Ok(false);
        }
        give(&mut work, node, given).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Serial number of the certificate that a node got last.
    pub async fn newest_certificate(&self, node: &NodeId) -> Result<Option<String>, StoreError> {
        let row =
            sqlx::query("SELECT serial FROM node_certificates WHERE node = ? ORDER BY given_at DESC LIMIT 1")
                .bind(node.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|row| row.try_get("serial")).transpose()?)
    }

    /// Names of the nodes in service that have shown no certificate of this CA.
    pub async fn nodes_without_certificate_of(&self, ca: &str) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(
            "SELECT name FROM nodes n WHERE enrolled_at IS NOT NULL AND revoked_at IS NULL AND NOT EXISTS
             (SELECT 1 FROM node_certificates c WHERE c.node = n.id AND c.ca = ? AND c.shown = 1) ORDER BY name",
        )
        .bind(ca)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }
}
