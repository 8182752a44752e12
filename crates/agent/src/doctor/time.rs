//! The clock, and the certificate's dates.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::ClockTrust;
use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::Finding;
use crate::identity::Identity;

/// A node renews four months before the end; one that hasn't by then can't.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 30);

/// `given`: when the broker last gave a certificate, by its clock; `now`: what the machine's clock shows.
pub(super) fn clock(given: Timestamp, now: Timestamp, trust: ClockTrust) -> Option<Finding> {
    let shown = now.strftime("%Y-%m-%d %H:%M UTC");
    if now < given {
        Some(Finding::new("clock_behind", shown))
    } else if trust == ClockTrust::Unknown {
        Some(Finding::new("clock_unknown", shown))
    } else {
        None
    }
}

pub(super) fn certificate(identity: &Identity, now: Timestamp) -> Option<Finding> {
    let Some(ends) = end(&identity.enrolled.certificate_pem) else {
        return Some(Finding::new("certificate_damaged", ""));
    };
    let day = ends.strftime("%Y-%m-%d");
    if ends <= now {
        Some(Finding::new("certificate_ended", day))
    } else if ends.duration_since(now) < SOON {
        Some(Finding::new("certificate_ends_soon", day))
    } else {
        None
    }
}

fn end(certificate_pem: &str) -> Option<Timestamp> {
    let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).ok()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::Ca;

    fn code(found: Option<Finding>) -> Option<&'static str> {
        found.map(|finding| finding.code)
    }

    #[test]
    fn a_clock_that_stands_or_that_nothing_speaks_for_is_found() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (given, after) = (at("2026-01-01T00:00:00Z"), at("2026-11-25T05:00:00Z"));
        assert_eq!(code(clock(given, Timestamp::UNIX_EPOCH, ClockTrust::Unknown)), Some("clock_behind"));
        assert_eq!(code(clock(given, after, ClockTrust::Unknown)), Some("clock_unknown"));
        assert_eq!(code(clock(given, after, ClockTrust::Set)), None);
        assert_eq!(code(clock(given, after, ClockTrust::Synchronised)), None);
    }

    #[test]
    fn a_certificate_is_found_before_and_after_its_end_and_when_it_is_damaged() {
        let node = Ca::new().node("https://localhost:1/");
        let ends = end(&node.enrolled.certificate_pem).unwrap();
        let before = |hours| ends.checked_sub(SignedDuration::from_hours(hours)).unwrap();
        assert_eq!(code(certificate(&node, before(24 * 31))), None);
        assert_eq!(code(certificate(&node, before(24 * 29))), Some("certificate_ends_soon"));
        assert_eq!(code(certificate(&node, ends)), Some("certificate_ended"));
        let mut enrolled = (*node.enrolled).clone();
        enrolled.certificate_pem.truncate(100);
        let damaged = Identity::new(enrolled, "");
        assert_eq!(code(certificate(&damaged, before(1))), Some("certificate_damaged"));
    }
}
