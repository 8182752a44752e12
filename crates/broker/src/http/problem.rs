//! Errors as `application/problem+json` (RFC 9457): a stable `code` and parameters. The page has the words for people.

use axum::{
    Json,
    extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use loa_protocol::{AreaCode, limits};
use loa_schedule::Breach;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    clips::ClipError,
    dispatch::DispatchError,
    programme::{entry::EntryError, now::Hindrance},
    store::StoreError,
};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// What went wrong. A code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// All there are.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body isn't the JSON that is wanted; `detail` says where.
    InvalidRequest = "invalid_request", UNPROCESSABLE_ENTITY, "The request is not what is expected here";
    /// A field has a value that can't be; `field` names it.
    InvalidField = "invalid_field", UNPROCESSABLE_ENTITY, "A field has a value that can't be used";
    /// Nobody is signed in.
    SignInRequired = "sign_in_required", UNAUTHORIZED, "Sign in first";
    /// Wrong user name or password.
    WrongCredentials = "wrong_credentials", UNAUTHORIZED, "Wrong user name or password";
    /// Too many tries failed; `retry_after_s` says how long to wait.
    TooManyTries = "too_many_tries", TOO_MANY_REQUESTS, "Too many tries; wait";
    /// The set-up link doesn't work: used, replaced by a restart, or never made.
    SetupLinkInvalid = "setup_link_invalid", FORBIDDEN, "The set-up link does not work";
    /// Fewer characters than `least`.
    PasswordShort = "password_short", UNPROCESSABLE_ENTITY, "The password is too short";
    /// A password that everybody tries first.
    PasswordCommon = "password_common", UNPROCESSABLE_ENTITY, "The password is too common";
    /// Not allowed for whoever asks.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// The right to it ends before the area `area`, called `area_name`.
    AreaNotYours = "area_not_yours", FORBIDDEN, "Not allowed in this area";
    /// The invitation or reset link doesn't work: used, taken back, too old, or never made.
    LinkInvalid = "link_invalid", FORBIDDEN, "The link does not work";
    /// Name and password are right; a code of the second step is wanted.
    CodeRequired = "code_required", UNAUTHORIZED, "A code is wanted";
    /// The code is wrong, was used, or is of another time.
    WrongCode = "wrong_code", UNAUTHORIZED, "The code does not fit";
    /// Nobody would be left who may do everything everywhere.
    LastAdmin = "last_admin", CONFLICT, "The last admin of everywhere has to stay";
    /// The request comes from another site's page.
    ForeignOrigin = "foreign_origin", FORBIDDEN, "The request comes from another site";
    /// No such thing.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// Not this way.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This can't be done here";
    /// It is there already.
    Exists = "exists", CONFLICT, "It exists already";
    /// It refers to something that isn't there.
    Dangling = "dangling", UNPROCESSABLE_ENTITY, "It refers to something that does not exist";
    /// The body is larger than `limit_bytes`.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The upload is too large";
    /// The text has more than `most` characters.
    TextTooLong = "text_too_long", UNPROCESSABLE_ENTITY, "The text is too long";
    /// The text has nothing to say.
    TextEmpty = "text_empty", UNPROCESSABLE_ENTITY, "There is nothing to read aloud";
    /// No such voice.
    VoiceUnknown = "voice_unknown", UNPROCESSABLE_ENTITY, "There is no such voice";
    /// The voice failed or isn't installed.
    SpeechFailed = "speech_failed", BAD_GATEWAY, "The voice could not speak";
    /// The sound can't be used; `cause` says why.
    SoundUnusable = "sound_unusable", UNPROCESSABLE_ENTITY, "The sound can't be used";
    /// None of the chosen areas has a node that could play.
    NoNodes = "no_nodes", UNPROCESSABLE_ENTITY, "No loudspeaker in the chosen areas";
    /// The same Idempotency-Key was used for something else.
    KeyReused = "key_reused", CONFLICT, "The key was used for something else";
    /// Its `expires_at` is past.
    Expired = "expired", UNPROCESSABLE_ENTITY, "Its time is over";
    /// Somebody, or its own class, decided already what becomes of the item; `status` says what.
    AlreadyDecided = "already_decided", CONFLICT, "It was decided already";
    /// Nobody approved it for these areas; `state` says how far it is.
    NotApproved = "not_approved", UNPROCESSABLE_ENTITY, "The bulletin is not approved";
    /// One person made, approved and sends it, and that isn't enough: `reasons` of `night`, `whole_commune`, `louder`, `scheduled_emergency`.
    SecondPersonNeeded = "second_person_needed", UNPROCESSABLE_ENTITY, "A second person has to stand behind it";
    /// Who made it can't approve it there.
    OwnBulletin = "own_bulletin", FORBIDDEN, "Somebody else has to approve it";
    /// An emergency is to be confirmed: `confirmed`.
    ConfirmationNeeded = "confirmation_needed", UNPROCESSABLE_ENTITY, "An emergency has to be confirmed";
    /// The node isn't enrolled, or is revoked.
    NodeNotTrusted = "node_not_trusted", CONFLICT, "The node is not enrolled";
    /// A release is rolled out already; that has to end first.
    RolloutOpen = "rollout_open", CONFLICT, "Another release is being rolled out";
    /// The roll-out is halted, or not at the stage that this step begins from.
    RolloutElsewhere = "rollout_elsewhere", CONFLICT, "The roll-out is not where this step begins";
    /// The photo is no JPEG.
    PhotoUnusable = "photo_unusable", UNPROCESSABLE_ENTITY, "The photo is not a JPEG that can be used";
    /// The commissioning can't be signed yet: `missing`.
    CommissioningIncomplete = "commissioning_incomplete", UNPROCESSABLE_ENTITY, "Something is missing before it can be signed";
    /// The claim code isn't one.
    ClaimUnknown = "claim_unknown", FORBIDDEN, "The code is not known";
    /// The claim code was used.
    ClaimUsed = "claim_used", FORBIDDEN, "The code was used already";
    /// The claim code's time is over.
    ClaimExpired = "claim_expired", FORBIDDEN, "The code has expired";
    /// Broker and agent have no protocol version in common.
    NoCommonVersion = "no_common_version", CONFLICT, "Agent and broker are too far apart; update the older";
    /// The agent's certificate request isn't valid.
    InvalidCertificateRequest = "invalid_certificate_request", UNPROCESSABLE_ENTITY, "The certificate request is not valid";
    /// MQTT doesn't take commands now; nothing was sent.
    NodesUnreachable = "nodes_unreachable", SERVICE_UNAVAILABLE, "The nodes can't be reached now";
    /// The broker's disk is full; nothing was kept.
    DiskFull = "disk_full", INSUFFICIENT_STORAGE, "The server's disk is full";
    /// A clip's bytes on the broker's disk are damaged.
    ClipDamaged = "clip_damaged", INTERNAL_SERVER_ERROR, "The sound is damaged on the server";
    /// A policy would refuse it: `limit`, `start`, `area` and `area_name` of the first airing, `would` and `may` where there is a number, `count`
    /// of all.
    PolicyBreached = "policy_breached", UNPROCESSABLE_ENTITY, "The policy of an area would refuse it";
    /// An area's policy would allow more than those above it: `limits`.
    PolicyLoosens = "policy_loosens", UNPROCESSABLE_ENTITY, "A policy can only be tighter than those above it";
    /// The person may not lift the limit `limit` there.
    LimitNotYours = "limit_not_yours", FORBIDDEN, "Somebody else has the right to lift this limit";
    /// The timetable can't be meant; `field` says what of it.
    TimetableInvalid = "timetable_invalid", UNPROCESSABLE_ENTITY, "The timetable can't be meant";
    /// No such time zone.
    TimeZoneUnknown = "time_zone_unknown", UNPROCESSABLE_ENTITY, "There is no such time zone";
    /// A node would have more broadcasts than its plan holds: `most`.
    TooManyBroadcasts = "too_many_broadcasts", UNPROCESSABLE_ENTITY, "Too many broadcasts in the programme";
    /// Everything is stopped in `area`, called `area_name`, `since` then, `by` somebody.
    Latched = "latched", CONFLICT, "Everything is stopped there";
    /// A fault of the broker; its log says which.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on the server";
}

/// An error answer.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<String>,
    params: Map<String, Value>,
}

/// How a problem looks on the wire.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// Always `about:blank`: the code says more.
    r#type: &'static str,
    /// English, for developers.
    title: &'static str,
    /// The HTTP status again.
    status: u16,
    /// What went wrong.
    code: Code,
    /// More, in English, for developers.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What the words for people need.
    #[schema(value_type = Object)]
    params: Map<String, Value>,
}

impl Problem {
    /// A problem without more to say.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, params: Map::new() }
    }

    /// With a parameter for the words.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }

    /// With a detail for developers.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// A field that can't be.
    pub fn field(name: &str) -> Self {
        Self::new(Code::InvalidField).with("field", name)
    }

    fn disk_full(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the disk is full");
        Self::new(Code::DiskFull)
    }

    /// An airing that a policy would refuse, the first of `count`.
    fn breached(breach: Breach, start: Timestamp, (area, name): (&AreaCode, &str), count: usize) -> Self {
        let limit = serde_json::to_value(breach.limit()).unwrap_or_default();
        let problem = Self::new(Code::PolicyBreached)
            .with("limit", limit)
            .with("start", start.to_string())
            .with("area", area.as_str())
            .with("area_name", name)
            .with("count", count);
        match breach {
            Breach::Hours => problem,
            Breach::SessionMinutes { would, may } => problem.with("would", would).with("may", may),
            Breach::SessionsPerDay { may } => problem.with("may", may),
        }
    }

    /// What keeps something from sounding now.
    pub fn hindrance(hindrance: &Hindrance, now: Timestamp) -> Self {
        match hindrance {
            Hindrance::Latched { latch, area } => Self::new(Code::Latched)
                .with("area", latch.area.as_str())
                .with("area_name", area.as_str())
                .with("since", latch.since.to_string())
                .with("by", latch.set_by.1.as_str()),
            Hindrance::Breached { breach, hamlet, name, count } => {
                Self::breached(*breach, now, (hamlet, name), *count)
            }
        }
    }

    /// A fault of the broker: logged, not shown.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Code::Internal)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            r#type: "about:blank",
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code,
            detail: self.detail,
            params: self.params,
        };
        let code = self.code;
        let retry = body.params.get("retry_after_s").and_then(Value::as_u64);
        let mut response = (status, Json(body)).into_response();
        // For who records what became of a request.
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::SignInRequired {
            // RFC 9110 section 15.5.2 wants to be told how; a browser does nothing with this one.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Exists => Self::new(Code::Exists),
            StoreError::Dangling => Self::new(Code::Dangling),
            StoreError::DiskFull => Self::disk_full(&StoreError::DiskFull),
            error => Self::internal(&error),
        }
    }
}

impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Self {
        match error {
            EntryError::Timetable(field) => Self::new(Code::TimetableInvalid).with("field", field),
            EntryError::ZoneUnknown => Self::new(Code::TimeZoneUnknown),
            EntryError::Field(field) => Self::field(field),
            EntryError::Breached { first, hamlet, count } => {
                Self::breached(first.breach, first.start, (&first.hamlet, &hamlet), count)
            }
            EntryError::LimitNotYours(limit) => {
                let limit = serde_json::to_value(limit).unwrap_or_default();
                Self::new(Code::LimitNotYours).with("limit", limit)
            }
            EntryError::TooMany => {
                Self::new(Code::TooManyBroadcasts).with("most", limits::PLANNED_BROADCASTS)
            }
            EntryError::NotThere => Self::new(Code::NotFound),
            EntryError::Store(error) => error.into(),
            error @ (EntryError::Random(_) | EntryError::Broken) => Self::internal(&error),
        }
    }
}

impl From<ClipError> for Problem {
    fn from(error: ClipError) -> Self {
        match error {
            ClipError::Unknown => Self::new(Code::NotFound),
            ClipError::Damaged(hash) => {
                tracing::error!(%hash, "a clip is damaged");
                Self::new(Code::ClipDamaged)
            }
            error @ ClipError::Folder(_) if error.is_full() => Self::disk_full(&error),
            error @ ClipError::Folder(_) => Self::internal(&error),
        }
    }
}

impl From<DispatchError> for Problem {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Bus(error) => {
                tracing::error!(%error, "a command could not be sent");
                Self::new(Code::NodesUnreachable)
            }
            DispatchError::Store(error) => error.into(),
            DispatchError::Clip(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl From<crate::secrets::NoRandom> for Problem {
    fn from(error: crate::secrets::NoRandom) -> Self {
        Self::internal(&error)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::BytesRejection(rejection) => rejection.into(),
            rejection => Self::new(Code::InvalidRequest).detail(rejection.body_text()),
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Self::new(Code::TooLarge)
        } else {
            Self::new(Code::InvalidRequest).detail(rejection.body_text())
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Code::NotFound)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Code::InvalidRequest).detail(rejection.body_text())
    }
}
