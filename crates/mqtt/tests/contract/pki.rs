//! A small certificate authority for the tests.

use loa_mqtt::{ServerTls, TlsIdentity};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

/// An authority, and the serial numbers it gave out.
pub(crate) struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority }
    }

    pub(crate) fn ca_pem(&self) -> Vec<u8> {
        self.authority.pem().into_bytes()
    }

    /// A certificate for `name`, with serial number `serial`.
    pub(crate) fn identity(&self, name: &str, serial: u64) -> TlsIdentity {
        let (cert_pem, key_pem) = self.issue(name, serial, vec![]);
        TlsIdentity { ca_pem: self.ca_pem(), cert_pem, key_pem }
    }

    pub(crate) fn node(&self, name: &str) -> TlsIdentity {
        self.identity(name, 7)
    }

    pub(crate) fn server(&self) -> ServerTls {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let (cert_pem, key_pem) = self.issue("server", 2, names);
        ServerTls { cert_pem, key_pem, client_ca_pem: self.ca_pem() }
    }

    fn issue(&self, name: &str, serial: u64, hosts: Vec<String>) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(serial));
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
    }

    /// A list that revokes the certificate with number `serial`.
    pub(crate) fn revocations(&self, serial: u64) -> Vec<u8> {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.authority).unwrap().pem().unwrap().into_bytes()
    }
}
