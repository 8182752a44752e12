//! Forms with files: parts of a bounded size, in the order they come.

use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError, MultipartRejection},
    },
    http::StatusCode,
};
use bytes::{Bytes, BytesMut};

use super::problem::{Code, Problem};

/// How much more of a part that is too large is read, to be thrown away.
const FINISH_BYTES: usize = 1 << 30;

/// A form. Its route has no limit of its own for the body: what is read counts here, so that a sender can finish before it is refused.
pub struct Form(Multipart);

/// One part of it.
pub struct Part<'a>(Field<'a>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let form: Result<_, MultipartRejection> = Multipart::from_request(request, state).await;
        form.map(Self).map_err(|error| Problem::new(Code::InvalidRequest).detail(error.body_text()))
    }
}

impl Form {
    /// The next part.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Problem> {
        self.0.next_field().await.map(|field| field.map(Part)).map_err(|error| malformed(&error, None))
    }
}

impl Part<'_> {
    /// What the sender calls it.
    pub fn name(&self) -> &str {
        self.0.name().unwrap_or_default()
    }

    /// All of it, if it isn't larger than so many bytes. What is larger is heard out: whoever is cut off while they send never see the answer.
    pub async fn bytes(mut self, most: usize) -> Result<Bytes, Problem> {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = self.0.chunk().await.map_err(|error| malformed(&error, Some(most)))? {
            if bytes.len() + chunk.len() > most {
                drop(bytes);
                self.let_it_finish().await;
                return Err(too_large(most));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    async fn let_it_finish(mut self) {
        let mut left = FINISH_BYTES;
        while let Ok(Some(chunk)) = self.0.chunk().await {
            let Some(less) = left.checked_sub(chunk.len()) else { return };
            left = less;
        }
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(Code::TooLarge).with("limit_bytes", most)
}

fn malformed(error: &MultipartError, most: Option<usize>) -> Problem {
    match most {
        Some(most) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => too_large(most),
        _ => Problem::new(Code::InvalidRequest).detail(error.body_text()),
    }
}
