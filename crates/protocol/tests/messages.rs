//! Every message: it survives the wire, and whatever is wrong with it is refused with its own word.
//! A message that fails to be made is a failed test, so the helpers unwrap.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use loa_protocol::{
    enrolment::{EnrolmentRequest, EnrolmentResponse},
    envelope::{Message, Refusal, frame, open, seal, unframe},
    health::Heartbeat,
    keys::{AuthorityKey, SigningKey},
    limits,
    plan::Volume,
    receipt::{Outcome, Reason},
    release::{self, Doing, ReleaseState, Step, Tried},
    state::{NodeState, OutputState, Playing},
    version::VersionRange,
    *,
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn authority(seed: u8) -> AuthorityKey {
    AuthorityKey::from_seed(&[seed; 32]).unwrap()
}

fn signing(authority: &AuthorityKey, seed: u8) -> SigningKey {
    authority.certify(&[seed; 32], at(-1000), at(1000)).unwrap()
}

fn node() -> NodeId {
    "dai-an-1".parse().unwrap()
}

fn areas() -> Vec<AreaCode> {
    ["94", "31699", "31699-01"].map(|a| a.parse().unwrap()).into()
}

fn clip() -> ClipRef {
    ClipRef { hash: ClipHash::of(b"sound"), bytes: 5, duration_ms: 1200, attached: true }
}

fn play() -> Play {
    Play {
        broadcast: BroadcastId::from_bits([1; 16]),
        class: Class::Priority,
        title: "Thông báo tiêm chủng: ấp Chợ, 7 giờ 30 \u{1F4E2}".into(),
        language: "vi".into(),
        clip: clip(),
    }
}

fn command(action: Action) -> Command {
    Command {
        id: CommandId::from_bits([9; 16]),
        issued_at: at(0),
        expires_at: at(600),
        audience: Audience { nodes: vec![node()], areas: areas() },
        action,
    }
}

fn commands() -> Vec<Command> {
    let airing = AiringId::derive(&play().broadcast, &node(), at(0));
    vec![
        command(Action::Play(play())),
        command(Action::Stop { broadcast: None, latch: false }),
        command(Action::Stop { broadcast: Some(play().broadcast), latch: false }),
        command(Action::TestTone { duration_ms: 1000 }),
        command(Action::Identify),
        command(Action::Restart),
        command(Action::Acknowledge { airings: vec![airing] }),
    ]
}

fn plan() -> Plan {
    Plan {
        cas: Vec::new(),
        node: node(),
        generation: 7,
        issued_at: at(0),
        name: "Ấp Chợ".into(),
        areas: areas(),
        time_zone: "Asia/Ho_Chi_Minh".into(),
        volume: Volume::default(),
        policy: Policy::unlimited(),
        latch: None,
        release: None,
        broadcasts: Vec::new(),
    }
}

/// `typ` and `cert` of a real envelope replaced, and signed again as its sender would.
fn with_header(key_seed: u8, envelope: &str, change: impl Fn(&mut serde_json::Value)) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
    let mut parts = envelope.split('.');
    let header = B64.decode(parts.next().unwrap()).unwrap();
    let body = parts.next().unwrap();
    let mut header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    change(&mut header);
    let signed = format!("{}.{body}", B64.encode(header.to_string()));
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[key_seed; 32]).unwrap();
    let signature = B64.encode(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn signed_survives<M: Message + PartialEq + std::fmt::Debug>(message: &M) -> String {
    let root = authority(1);
    let envelope = seal(&signing(&root, 2), message).unwrap();
    assert_eq!(&open::<M>(&envelope, &root.public_key(), at(0)).unwrap(), message);
    envelope
}

fn plain_survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: &T) {
    let text = serde_json::to_string(message).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), message, "{text}");
    // A newer side may add fields; an older one must not stumble over them.
    let mut newer: serde_json::Value = serde_json::from_str(&text).unwrap();
    newer["added_in_a_later_release"] = serde_json::json!({ "x": [1] });
    assert_eq!(&serde_json::from_value::<T>(newer).unwrap(), message);
}

#[test]
fn every_command_survives_the_wire() {
    for command in commands() {
        signed_survives(&command);
        plain_survives(&command);
    }
}

#[test]
fn a_plan_survives_the_wire_and_names_its_commune() {
    signed_survives(&plan());
    plain_survives(&plan());
    assert_eq!(plan().commune().unwrap().as_str(), "31699");
}

#[test]
fn what_a_node_says_survives_the_wire() {
    let airing = AiringId::derive(&play().broadcast, &node(), at(0));
    for playing in [None, Some(())] {
        plain_survives(&NodeState {
            online: true,
            farewell: false,
            at: at(0),
            version: "0.1.0".into(),
            protocol: VersionRange::OURS,
            boot: "b".into(),
            generation: playing.map(|()| 7),
            clock: ClockTrust::Synchronised,
            playing: playing.map(|()| Playing {
                airing: airing.clone(),
                broadcast: play().broadcast,
                class: Class::Emergency,
                started_at: at(1),
                duration_ms: 1200,
            }),
            waiting: vec![airing.clone()],
            output: OutputState::Ready,
            latched: false,
            lacking: Vec::new(),
            release: playing.map(|()| ReleaseState {
                target: "aarch64-unknown-linux-gnu".into(),
                step: Some(Step {
                    version: Some("0.2.0".parse().unwrap()),
                    doing: Doing::Waiting,
                    reason: None,
                }),
                last: Some(Tried {
                    version: "0.1.9".parse().unwrap(),
                    outcome: release::Outcome::RolledBack,
                    reason: Some("not_ready".into()),
                }),
            }),
            ask: None,
        });
    }
    for (outcome, reason) in [
        (Outcome::Played, None),
        (Outcome::Partial, Some(Reason::AgentRestarted)),
        (Outcome::PreEmpted, Some(Reason::StrongerClass)),
        (Outcome::Missed, Some(Reason::Expired)),
        (Outcome::Refused, Some(Reason::Stopped)),
    ] {
        plain_survives(&ReceiptBatch {
            receipts: vec![Receipt {
                airing: airing.clone(),
                broadcast: play().broadcast,
                start: None,
                outcome,
                reason,
                started_at: reason.is_none().then(|| at(1)),
                ended_at: at(3),
                frames: 57_600,
                clip_frames: 57_600,
                clip: clip().hash,
            }],
        });
    }
}

#[test]
fn enrolment_survives_the_wire() {
    plain_survives(&EnrolmentRequest {
        code: "ABCDE-12345".into(),
        csr_pem: "-----BEGIN CERTIFICATE REQUEST-----".into(),
        version: "0.1.0".into(),
        protocol: VersionRange::OURS,
    });
    plain_survives(&EnrolmentResponse {
        node: node(),
        areas: areas(),
        certificate_pem: "c".into(),
        ca_pem: "ca".into(),
        authority: authority(1).public_key(),
        mqtt: "loa.example:8883".into(),
        http: "https://loa.example:8443/".into(),
        now: at(0),
        protocol: 1,
    });
}

#[test]
fn a_reason_of_a_later_release_is_still_a_receipt() {
    assert_eq!(serde_json::from_str::<Reason>("\"struck_by_lightning\"").unwrap(), Reason::Other);
}

#[test]
fn a_stranger_is_not_obeyed() {
    let ours = authority(1).public_key();
    for command in commands() {
        // A stranger with an authority of his own.
        let forged = seal(&signing(&authority(66), 67), &command).unwrap();
        assert_eq!(open::<Command>(&forged, &ours, at(0)), Err(Refusal::UnknownKey));
        // A stranger who shows our broker's certificate, but has another key.
        let real = seal(&signing(&authority(1), 2), &command).unwrap();
        let forged = with_header(67, &real, |_| {});
        assert_eq!(open::<Command>(&forged, &ours, at(0)), Err(Refusal::BadSignature));
        // One who puts his own key's name beside our broker's certificate.
        let kid = signing_kid(67);
        let forged = with_header(67, &real, |header| header["kid"] = kid.clone().into());
        assert_eq!(open::<Command>(&forged, &ours, at(0)), Err(Refusal::UnknownKey));
        // No certificate at all.
        let forged = with_header(2, &real, |header| header["cert"] = serde_json::Value::Null);
        assert_eq!(open::<Command>(&forged, &ours, at(0)), Err(Refusal::UnknownKey));
    }
}

fn signing_kid(seed: u8) -> String {
    authority(seed).public_key().kid()
}

#[test]
fn a_signing_key_can_not_make_another_signing_key() {
    // The broker's signing key certifies a third key as if it were the authority.
    let root = authority(1);
    let child = authority(2).certify(&[3; 32], at(-10), at(10)).unwrap();
    let envelope = seal(&child, &plan()).unwrap();
    assert_eq!(open::<Plan>(&envelope, &root.public_key(), at(0)), Err(Refusal::UnknownKey));
}

#[test]
fn a_signing_key_speaks_only_in_its_time() {
    let root = authority(1);
    let envelope = seal(&signing(&root, 2), &plan()).unwrap();
    let open_at = |second| open::<Plan>(&envelope, &root.public_key(), at(second)).map(drop);
    assert_eq!(open_at(-1001), Err(Refusal::KeyNotInForce));
    assert_eq!(open_at(-1000), Ok(()));
    assert_eq!(open_at(999), Ok(()));
    assert_eq!(open_at(1000), Err(Refusal::KeyNotInForce));
}

#[test]
fn no_byte_of_an_envelope_can_be_changed() {
    let root = authority(1);
    for command in commands() {
        let envelope = signed_survives(&command);
        for at_byte in 0..envelope.len() {
            let mut bytes = envelope.clone().into_bytes();
            bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            let opened = open::<Command>(&changed, &root.public_key(), at(0));
            assert!(opened.is_err(), "byte {at_byte} of {} changed unseen", envelope.len());
        }
    }
}

#[test]
fn a_message_of_one_type_is_not_taken_for_another() {
    let root = authority(1);
    let key = signing(&root, 2);
    let plan = seal(&key, &plan()).unwrap();
    assert_eq!(open::<Command>(&plan, &root.public_key(), at(0)), Err(Refusal::WrongType));
    // A certificate is signed by the authority itself, and is not a message.
    assert_eq!(open::<keys::KeyCertificate>(&plan, &root.public_key(), at(0)), Err(Refusal::WrongType));
}

#[test]
fn a_newer_version_is_refused_by_its_name() {
    let root = authority(1);
    let envelope = seal(&signing(&root, 2), &plan()).unwrap();
    let typed = |typ: &str| with_header(2, &envelope, |header| header["typ"] = typ.into());
    let opened = |text: &str| open::<Plan>(text, &root.public_key(), at(0)).map(drop);
    assert_eq!(opened(&typed("loa1+plan")), Ok(()));
    assert_eq!(opened(&typed("loa2+plan")), Err(Refusal::NewerVersion));
    for typ in ["loa0+plan", "loa-1+plan", "JWT", "", "loax+plan"] {
        assert_eq!(opened(&typed(typ)), Err(Refusal::Malformed), "{typ}");
    }
}

#[test]
fn weaker_algorithms_and_unknown_extensions_are_refused() {
    let root = authority(1);
    let envelope = seal(&signing(&root, 2), &plan()).unwrap();
    let opened = |text: &str| open::<Plan>(text, &root.public_key(), at(0)).map(drop);
    for alg in ["none", "HS256", "RS256", "eddsa"] {
        let text = with_header(2, &envelope, |header| header["alg"] = alg.into());
        assert_eq!(opened(&text), Err(Refusal::Malformed), "{alg}");
    }
    let text = with_header(2, &envelope, |header| header["crit"] = serde_json::json!(["b64"]));
    assert_eq!(opened(&text), Err(Refusal::Malformed));
}

#[test]
fn every_command_is_refused_when_expired_replayed_or_for_another() {
    for command in commands() {
        let mut guard = ReplayGuard::new(at(0));
        let other: NodeId = "elsewhere".parse().unwrap();
        let far: Vec<AreaCode> = vec!["31700".parse().unwrap()];
        assert_eq!(guard.admit(&command, &other, &far, at(1)), Err(Refusal::NotForThisNode));
        assert_eq!(guard.admit(&command, &node(), &areas(), at(600)), Err(Refusal::Expired));
        assert_eq!(guard.admit(&command, &node(), &areas(), at(1)), Ok(()));
        assert_eq!(guard.admit(&command, &node(), &areas(), at(1)), Err(Refusal::Replayed));
    }
}

#[test]
fn an_attachment_follows_its_envelope() {
    let envelope = signed_survives(&command(Action::Play(play())));
    let sound: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let payload = frame(&envelope, Some(&sound)).unwrap();
    assert_eq!(unframe(&payload).unwrap(), (envelope.as_str(), Some(sound.as_slice())));
    let payload = frame(&envelope, None).unwrap();
    assert_eq!(unframe(&payload).unwrap(), (envelope.as_str(), None));
}

#[test]
fn what_is_too_large_is_neither_sent_nor_taken() {
    let envelope = signed_survives(&plan());
    let most = vec![0; limits::ATTACHMENT_BYTES];
    assert!(unframe(&frame(&envelope, Some(&most)).unwrap()).is_ok());
    let more = vec![0; limits::ATTACHMENT_BYTES + 1];
    assert!(frame(&envelope, Some(&more)).is_err());
    let payload = [envelope.as_bytes(), b"\n", &more].concat();
    assert_eq!(unframe(&payload), Err(Refusal::TooLarge));

    let key = signing(&authority(1), 2);
    let long = Plan { name: "x".repeat(limits::ENVELOPE_BYTES), ..plan() };
    assert!(seal(&key, &long).is_err());
    let text = "x".repeat(limits::ENVELOPE_BYTES + 1);
    assert_eq!(open::<Plan>(&text, &authority(1).public_key(), at(0)), Err(Refusal::TooLarge));
}

#[test]
fn the_largest_packet_fits_the_transport() {
    let largest = [limits::ENVELOPE_BYTES, 1, limits::ATTACHMENT_BYTES].iter().sum::<usize>();
    assert!(largest + 200 < limits::PACKET_BYTES);
}

#[test]
fn the_format_on_the_wire_does_not_change_by_accident() {
    // The vectors of docs/protocol.md.
    let root = authority(1);
    let key = signing(&root, 2);
    insta::assert_snapshot!("authority", serde_json::to_string(&root.public_key()).unwrap());
    insta::assert_snapshot!("kid", root.public_key().kid());
    insta::assert_snapshot!("plan", seal(&key, &plan()).unwrap());
    insta::assert_json_snapshot!("commands", commands());
}

proptest! {
    #[test]
    fn rubbish_is_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let key = authority(1).public_key();
        if let Ok((envelope, _)) = unframe(&bytes) {
            prop_assert!(open::<Command>(envelope, &key, at(0)).is_err());
            prop_assert!(open::<Plan>(envelope, &key, at(0)).is_err());
        }
        prop_assert!(serde_json::from_slice::<NodeState>(&bytes).is_err());
        prop_assert!(serde_json::from_slice::<Heartbeat>(&bytes).is_err());
        prop_assert!(serde_json::from_slice::<ReceiptBatch>(&bytes).is_err());
    }

    #[test]
    fn rubbish_in_the_shape_of_an_envelope_is_refused(a in "[A-Za-z0-9_-]{0,300}", b in "[A-Za-z0-9_-]{0,300}", c in "[A-Za-z0-9_-]{0,100}") {
        let envelope = format!("{a}.{b}.{c}");
        prop_assert!(open::<Command>(&envelope, &authority(1).public_key(), at(0)).is_err());
    }
}
