//! What comes over MQTT, from whoever: the same bytes as they are, and once more as the body of something rightly signed. Nothing may panic, and
//! what was not signed must not open.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use loa_protocol::{
    AuthorityKey, Command, NodeState, Plan, ReceiptBatch, SigningKey, envelope, envelope::Message,
};
use serde::{Deserialize, Serialize};

/// Signed as if it were a command, whatever it is.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct AsCommand(serde_json::Value);

impl Message for AsCommand {
    const TYPE: &'static str = Command::TYPE;
}

struct Keys {
    authority: AuthorityKey,
    signing: SigningKey,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let authority = AuthorityKey::from_seed(&[1; 32]).expect("a seed");
    let signing = authority.certify(&[2; 32], Timestamp::MIN, Timestamp::MAX).expect("a seed");
    Keys { authority, signing }
});

fuzz_target!(|data: &[u8]| {
    let (now, pinned) = (Timestamp::UNIX_EPOCH, KEYS.authority.public_key());
    if let Ok((text, _)) = envelope::unframe(data) {
        assert!(loa_protocol::open::<Command>(text, &pinned, now).is_err(), "opened without a signature");
        assert!(loa_protocol::open::<Plan>(text, &pinned, now).is_err(), "opened without a signature");
    }
    if let Ok(body) = serde_json::from_slice(data)
        && let Ok(sealed) = loa_protocol::seal(&KEYS.signing, &AsCommand(body))
        && let Ok(command) = loa_protocol::open::<Command>(&sealed, &pinned, now)
    {
        let again = loa_protocol::seal(&KEYS.signing, &command).expect("what was opened can be sealed");
        assert_eq!(loa_protocol::open::<Command>(&again, &pinned, now), Ok(command));
    }
    // What nodes tell the broker isn't signed.
    let _ = serde_json::from_slice::<NodeState>(data);
    let _ = serde_json::from_slice::<ReceiptBatch>(data);
    let _ = serde_json::from_slice::<loa_protocol::health::Heartbeat>(data);
});
