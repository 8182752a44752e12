//! Renews the node's certificate at two thirds of its life, with a new key made here, and keeps trying until it succeeds.
//!
//! When one CA takes another's place, the signed plan names the new one by its fingerprint. The node then renews at once and gets the CA's
//! certificate with its own; it takes none that no plan has named, whoever answers.
//!
//! The new key and certificate are on disk, both or neither, before either is used; until then, and if the broker's answer is lost, the
//! old ones stay good. A revoked node gets no answer it could use.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use loa_protocol::{
    Clock,
    enrolment::{RenewalRequest, RenewalResponse},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio::sync::{mpsc::UnboundedSender, watch};

use crate::{
    cache::client,
    enrol::innermost,
    identity::{Identity, cas},
};

/// First wait after a failure; doubles up to a forty-eighth of the certificate's life, and never beyond [`LAST_RETRY`].
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(6 * 60 * 60);
/// The clock may be put right while it is waited for: it stands at its floor until the broker has told the time.
const LOOK_AT_THE_CLOCK: Duration = Duration::from_secs(60);

/// A change of CA reaches all nodes with one plan; they ask over so long.
const SPREAD: Duration = Duration::from_secs(10 * 60);

/// What becomes of the certificate.
#[derive(Debug)]
pub enum News {
    /// There is a new one, on disk.
    Renewed(Identity),
    /// It ends soon, and renewing it fails.
    EndsSoon,
}

/// From when to when a certificate serves. Its own beginning is the CA's day, so the day it was given counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Life {
    given: Timestamp,
    ends: Timestamp,
}

impl Life {
    fn of(identity: &Identity) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(identity.enrolled.certificate_pem.as_bytes()).ok()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
        let ends = Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()?;
        Some(Self { given: identity.enrolled.now, ends })
    }

    fn length(self) -> SignedDuration {
        self.ends.duration_since(self.given).max(SignedDuration::ZERO)
    }

    /// Two thirds of the life are over.
    fn due(self) -> Timestamp {
        self.ends.saturating_sub(self.length() / 3).unwrap_or(self.ends)
    }

    /// Less than a sixth is left.
    fn ends_soon(self, now: Timestamp) -> bool {
        now.saturating_add(self.length() / 6).unwrap_or(now) > self.ends
    }

    fn longest_wait(self) -> Duration {
        Duration::try_from(self.length() / 48).unwrap_or_default().clamp(FIRST_RETRY, LAST_RETRY)
    }
}

/// What a plan's list of CAs asks of a node that trusts others.
#[derive(Debug, PartialEq, Eq)]
enum Change {
    /// Nothing: it trusts those.
    None,
    /// It trusts more than it should.
    Drop,
    /// It needs a certificate of another CA, or doesn't know one.
    Renew,
}

impl Change {
    fn from(trusted: &[String], wanted: &[String]) -> Self {
        if wanted.is_empty() {
            Self::None
        } else if trusted.first() != wanted.first() || wanted.iter().any(|ca| !trusted.contains(ca)) {
            Self::Renew
        } else if trusted.iter().any(|ca| !wanted.contains(ca)) {
            Self::Drop
        } else {
            Self::None
        }
    }
}

/// Renews for ever, and tells. `wanted`: the CAs that the plan names.
pub async fn keep(
    mut identity: Identity,
    data: PathBuf,
    clock: Arc<dyn Clock>,
    seed: u64,
    mut wanted: watch::Receiver<Vec<String>>,
    news: UnboundedSender<News>,
) {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut wait = FIRST_RETRY;
    let mut told = false;
    let mut spread = false;
    loop {
        let cas = wanted.borrow_and_update().clone();
        let change = Change::from(&identity.cas(), &cas);
        if change == Change::Drop && kept(identity.trusting_only(&cas), &mut identity, &data, &news) {
            tracing::info!("a CA that was replaced is trusted no more");
            continue;
        }
        let Some(life) = Life::of(&identity) else {
            tracing::error!("the node's certificate can't be read, so it is not renewed");
            return;
        };
        let left = Duration::try_from(life.due().duration_since(clock.now())).unwrap_or_default();
        if change == Change::Renew {
            if !spread {
                spread = true;
                tokio::time::sleep(SPREAD.min(life.longest_wait()).mul_f64(chance.random_range(0.0..=1.0)))
                    .await;
                continue;
            }
        } else if !left.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK_AT_THE_CLOCK).min(life.longest_wait())) => {}
                Ok(()) = wanted.changed() => {}
            }
            continue;
        }
        match renew(&identity, &cas, &clock).await {
            Ok(renewed) if kept(renewed.clone(), &mut identity, &data, &news) => {
                tracing::info!("the node's certificate was renewed");
                (wait, told, spread) = (FIRST_RETRY, false, false);
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the node's certificate could not be renewed; trying again"),
        }
        if !told && life.ends_soon(clock.now()) {
            told = true;
            if news.send(News::EndsSoon).is_err() {
                return;
            }
        }
        tokio::time::sleep(wait.mul_f64(chance.random_range(0.5..=1.0))).await;
        wait = (wait * 2).min(life.longest_wait());
    }
}

/// Keeps an identity on disk, puts it in the place of the one before and tells of it; whether that could be done.
fn kept(next: Identity, identity: &mut Identity, data: &Path, news: &UnboundedSender<News>) -> bool {
    if let Err(error) = next.save_renewed(data) {
        tracing::warn!(%error, "a renewed certificate can't be kept");
        return false;
    }
    *identity = next.clone();
    // Whoever should hear it is gone only when the agent ends.
    let _ = news.send(News::Renewed(next));
    true
}

/// Asks once. `wanted`: the CAs that a plan named.
async fn renew(identity: &Identity, wanted: &[String], clock: &Arc<dyn Clock>) -> Result<Identity, String> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| error.to_string())?;
    let csr_pem = CertificateParams::default()
        .serialize_request(&key)
        .and_then(|request| request.pem())
        .map_err(|error| error.to_string())?;
    let address = format!("{}/renew", identity.enrolled.http.trim_end_matches('/'));
    let asked = client(identity, clock).map_err(|error| error.to_string())?;
    let answer = asked.post(address).json(&RenewalRequest { csr_pem }).send().await;
    let answer = answer.map_err(|error| innermost(&error))?;
    if !answer.status().is_success() {
        return Err(format!("the broker answers {}", answer.status()));
    }
    let RenewalResponse { certificate_pem, ca_pem, now } =
        answer.json().await.map_err(|error| error.to_string())?;
    let known = identity.cas();
    if let Some((stranger, _)) =
        cas(ca_pem.as_deref().unwrap_or_default()).find(|(ca, _)| !known.contains(ca) && !wanted.contains(ca))
    {
        return Err(format!("the broker names a CA that no plan has named: {stranger}"));
    }
    let renewed = identity.renewed(certificate_pem, ca_pem, &key.serialize_pem(), now);
    // What can't be used must not take the place of what can.
    loa_mqtt::tls::client_config(&renewed.tls(), None).map_err(|error| error.to_string())?;
    Ok(renewed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::{Answer, Ca, Server};

    #[test]
    fn a_certificate_is_due_at_two_thirds_of_its_life_and_ends_soon_at_five_sixths() {
        let at = |hour: i64| Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap();
        let life = Life { given: at(0), ends: at(12) };
        assert_eq!(life.due(), at(8));
        assert!(!life.ends_soon(at(10)) && life.ends_soon(at(11)));
        assert_eq!(life.longest_wait(), Duration::from_secs(15 * 60));
        assert_eq!(Life { given: at(12), ends: at(0) }.due(), at(0), "what has ended is due");
    }

    #[tokio::test]
    async fn a_renewed_certificate_comes_with_a_new_key_and_is_found_at_the_next_start() {
        let ca = Arc::new(Ca::new());
        let signer = Arc::clone(&ca);
        let server = Server::start(&ca, &ca, true, move |asked| {
            let request: RenewalRequest = serde_json::from_str(&asked.body).unwrap();
            let now = "2026-06-01T00:00:00Z".parse().unwrap();
            let answer =
                RenewalResponse { certificate_pem: signer.sign(&request.csr_pem), ca_pem: None, now };
            Answer::new("200 OK", "content-type: application/json\r\n", &serde_json::to_vec(&answer).unwrap())
        })
        .await;
        let data = tempfile::tempdir().unwrap();
        let old = ca.node(&server.url());
        old.save(data.path()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(loa_protocol::SystemClock::new());
        let renewed = renew(&old, &[], &clock).await.unwrap();
        assert_ne!(renewed.tls().key_pem, old.tls().key_pem);
        assert!(!server.asked.lock().unwrap()[0].body.contains("PRIVATE"), "the key never leaves");
        assert_eq!(Identity::open(data.path()).unwrap().tls().key_pem, old.tls().key_pem);
        renewed.save_renewed(data.path()).unwrap();
        let opened = Identity::open(data.path()).unwrap();
        assert_eq!(opened.enrolled, renewed.enrolled);
        assert_eq!(opened.tls().key_pem, renewed.tls().key_pem);
        assert_ne!(opened.enrolled.now, old.enrolled.now);
        assert_eq!(opened.since, old.since, "it is the same hardware");
        // A file that a failing card damaged is as if it had never been: the first certificate may still be good.
        std::fs::write(data.path().join("identity/renewed.json"), "{").unwrap();
        assert_eq!(Identity::open(data.path()).unwrap().enrolled, old.enrolled);
    }

    #[test]
    fn a_node_asks_for_a_certificate_of_the_ca_that_the_plan_names_first_and_drops_those_it_does_not_name() {
        let of = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (trusted, wanted, change) in [
            ("old", "", Change::None),
            ("old", "old", Change::None),
            ("old", "new old", Change::Renew),
            ("new old", "new old", Change::None),
            ("new old", "new", Change::Drop),
            ("old", "new", Change::Renew),
            // An enrolment in the middle of it brings both; then it is called off.
            ("new old", "old", Change::Renew),
            ("", "new", Change::Renew),
            // Said oddly, but the same: nothing to do, and least of all again and again.
            ("new", "new new", Change::None),
            ("a b c", "a c b", Change::None),
        ] {
            assert_eq!(Change::from(&of(trusted), &of(wanted)), change, "{trusted:?} → {wanted:?}");
        }
    }

    /// A broker whose CA is `old`, which answers with a certificate of `new` and both CAs.
    async fn replacing(old: &Ca, new: &Arc<Ca>) -> Server {
        let both = new.pem().to_owned() + old.pem();
        let signer = Arc::clone(new);
        Server::start(old, old, true, move |asked| {
            let request: RenewalRequest = serde_json::from_str(&asked.body).unwrap();
            let (now, ca_pem) = ("2026-06-01T00:00:00Z".parse().unwrap(), Some(both.clone()));
            let answer = RenewalResponse { certificate_pem: signer.sign(&request.csr_pem), ca_pem, now };
            Answer::new("200 OK", "content-type: application/json\r\n", &serde_json::to_vec(&answer).unwrap())
        })
        .await
    }

    #[tokio::test]
    async fn a_new_ca_is_trusted_if_a_plan_has_named_it_and_the_old_one_until_a_plan_does_not() {
        let (old, new) = (Ca::new(), Arc::new(Ca::new()));
        let server = replacing(&old, &new).await;
        let data = tempfile::tempdir().unwrap();
        let node = old.node(&server.url());
        node.save(data.path()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(loa_protocol::SystemClock::new());
        let stranger = renew(&node, &[], &clock).await.unwrap_err();
        assert!(stranger.contains("no plan has named"), "{stranger}");

        let prints = [new.pem(), old.pem()].map(|pem| cas(pem).next().unwrap().0);
        let during = renew(&node, &prints, &clock).await.unwrap();
        assert_eq!(during.cas(), prints);
        during.save_renewed(data.path()).unwrap();
        assert_eq!(Identity::open(data.path()).unwrap().cas(), prints);

        let (news, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let (tell, wanted) = watch::channel(prints.to_vec());
        let folder = data.path().to_owned();
        let renewing = tokio::spawn(keep(during.clone(), folder, clock, 1, wanted, news));
        tell.send_replace(prints[..1].to_vec());
        let Some(News::Renewed(after)) = heard.recv().await else { panic!("the old one is dropped") };
        assert_eq!(after.cas(), prints[..1]);
        assert_eq!(after.tls().key_pem, during.tls().key_pem);
        assert_eq!(Identity::open(data.path()).unwrap().cas(), prints[..1]);
        assert_eq!(server.asked.lock().unwrap().len(), 2, "for that it needs nobody");
        renewing.abort();
    }

    #[tokio::test]
    async fn a_broker_that_refuses_leaves_the_old_certificate() {
        let ca = Ca::new();
        let server = Server::start(&ca, &ca, true, |_| Answer::new("403 Forbidden", "", b"{}")).await;
        let clock: Arc<dyn Clock> = Arc::new(loa_protocol::SystemClock::new());
        let error = renew(&ca.node(&server.url()), &[], &clock).await.unwrap_err();
        assert!(error.contains("403"), "{error}");
    }
}
