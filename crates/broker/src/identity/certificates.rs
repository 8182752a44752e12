//! The broker's own certificate authority (X.509, ECDSA P-256). It speaks for one system only and no one else trusts it.

use jiff::{SignedDuration, Timestamp};
use loa_protocol::NodeId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use time::OffsetDateTime;

use super::{Credentials, IdentityError, hex};

/// Longer than any deployment; replacing it is a planned act.
const CA_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 25);
/// A server makes itself a new one at each start.
const SERVER_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 5);

/// A node's certificate, as signed.
pub struct NodeCertificate {
    /// PEM.
    pub pem: String,
    /// Its serial number, hexadecimal: what a revocation names.
    pub serial: String,
    /// Good until then.
    pub not_after: Timestamp,
}

pub(super) struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn instant(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn after(start: Timestamp, life: SignedDuration) -> Timestamp {
    start.saturating_add(life).unwrap_or(Timestamp::MAX)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn serial() -> Result<SerialNumber, IdentityError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| IdentityError::Random)?;
    bytes[0] = bytes[0] & 0x7f | 0x40; // positive, and always of full length
    Ok(SerialNumber::from_slice(&bytes))
}

impl Ca {
    pub(super) fn generate(now: Timestamp) -> Result<Self, IdentityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = named("Loa CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = instant(now);
        params.not_after = instant(after(now, CA_LIFE));
        params.serial_number = Some(serial()?);
        let certificate = params.self_signed(&key)?;
        Ok(Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) })
    }

    pub(super) fn open(certificate_pem: String, key_pem: &str) -> Result<Self, IdentityError> {
        let damaged = || IdentityError::Damaged { path: "ca.pem".into() };
        let key = KeyPair::from_pem(key_pem).map_err(|_| damaged())?;
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(|_| damaged())?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).map_err(|_| damaged())?;
        if *parsed.public_key().subject_public_key.data != *key.public_key_raw() {
            return Err(damaged());
        }
        let issuer = Issuer::from_ca_cert_der(&der, key)?;
        Ok(Self { pem: certificate_pem, der: der.clone().into_owned(), issuer })
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    pub(super) fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    pub(super) fn sign_node(
        &self,
        csr_pem: &str,
        node: &NodeId,
        not_before: Timestamp,
        now: Timestamp,
        life: SignedDuration,
    ) -> Result<NodeCertificate, IdentityError> {
        // Parsing also proves that the sender holds the key: the request is signed with it.
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem)
            .map_err(|error| IdentityError::Request(error.to_string()))?;
        let serial = serial()?;
        let not_after = after(now, life);
        request.params = leaf(node.as_str(), ExtendedKeyUsagePurpose::ClientAuth, not_before, not_after);
        request.params.serial_number = Some(serial.clone());
        let certificate = request.signed_by(&self.issuer)?;
        Ok(NodeCertificate { pem: certificate.pem(), serial: hex(serial.as_ref()), not_after })
    }

    pub(super) fn sign_server(
        &self,
        names: &[String],
        not_before: Timestamp,
        now: Timestamp,
    ) -> Result<Credentials, IdentityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params =
            leaf("Loa broker", ExtendedKeyUsagePurpose::ServerAuth, not_before, after(now, SERVER_LIFE));
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.serial_number = Some(serial()?);
        self.credentials(&params, &key)
    }

    pub(super) fn sign_client(
        &self,
        name: &str,
        not_before: Timestamp,
        now: Timestamp,
    ) -> Result<Credentials, IdentityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = leaf(name, ExtendedKeyUsagePurpose::ClientAuth, not_before, after(now, SERVER_LIFE));
        params.serial_number = Some(serial()?);
        self.credentials(&params, &key)
    }

    fn credentials(&self, params: &CertificateParams, key: &KeyPair) -> Result<Credentials, IdentityError> {
        let certificate = params.signed_by(key, &self.issuer)?;
        Ok(Credentials { chain_pem: certificate.pem() + &self.pem, key_pem: key.serialize_pem() })
    }
}

/// `not_before` is the day of the CA, not of the certificate: a node whose clock stopped meanwhile must still get through.
fn leaf(
    common_name: &str,
    usage: ExtendedKeyUsagePurpose,
    not_before: Timestamp,
    not_after: Timestamp,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    params.not_before = instant(not_before);
    params.not_after = instant(not_after);
    params
}
