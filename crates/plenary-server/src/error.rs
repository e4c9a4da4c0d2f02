//! What goes wrong for a caller, and the one place where that becomes an HTTP status.
//!
//! Answers are problem documents (RFC 9457) with a `code` that stays the same, and words about what to do. What
//! happened inside goes to the log.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use plenary_permissions::{DenyReason, UnknownName};
use plenary_statements::{MembershipError, NameError, StageError};
use plenary_storage::StoreError;
use serde::Serialize;

use crate::{
    auth::{AuthError, PasswordError},
    directory::Denied,
    rooms::StateError,
};

/// Why a request is not answered as hoped. Nothing has been changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody signed in, or the sign-in has ended.
    #[error("sign in first, or send a valid bearer token")]
    SignInNeeded,
    /// E-mail and password, or link, do not fit. Which of them is wrong is not said.
    #[error("these do not fit; check the address and the password, or ask for a new link")]
    WrongCredentials,
    /// A page of another site sent this, or the browser did not say which one did.
    #[error(
        "this request must come from a page of this server; programs use a bearer token instead of a cookie"
    )]
    ForeignOrigin,
    /// There is no such thing, or none for this caller: told apart by nobody.
    #[error("there is nothing here, or nothing that you may see")]
    NotFound,
    /// The address exists, but not for this method.
    #[error("this address does not take this method")]
    MethodNotAllowed,
    /// They may see it but not do this.
    #[error("{0}")]
    Denied(DenyReason),
    /// Only the instance's administrators may.
    #[error("only an administrator of this server may do this")]
    AdministratorNeeded,
    /// Only whoever has the data directory may.
    #[error("only the `plenary` command on the server itself may do this")]
    OperatorNeeded,
    /// The request cannot be read.
    #[error("the request cannot be read: {reason}")]
    Malformed {
        /// Where and why.
        reason: String,
    },
    /// The body is not JSON.
    #[error("send `Content-Type: application/json`")]
    NotJson,
    /// The body is too long.
    #[error("the request is longer than this address takes")]
    TooLarge,
    /// A value does not keep its rules.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// An account with this address exists.
    #[error("there is an account with this address already")]
    EmailTaken,
    /// Nobody has this address.
    #[error("nobody here has this address; an administrator can make an account for it")]
    UnknownUser,
    /// The first administrator exists.
    #[error("this instance has its first administrator already; use `plenary user add`")]
    AlreadyInitialised,
    /// The group's rules forbid this change.
    #[error("{0}")]
    Membership(#[from] MembershipError),
    /// The statement cannot move there.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// Somebody else changed the same thing at the same time.
    #[error("this was changed at the same time; look at it again and repeat")]
    ChangedMeanwhile,
    /// Too many tries from here.
    #[error("too many tries from here; wait {retry_after_s} seconds")]
    TooManyTries {
        /// How long to wait.
        retry_after_s: u64,
    },
    /// More than can be done at a time.
    #[error("too much at once just now; try again in a moment")]
    Busy,
    /// The disk is nearly full.
    #[error("the server's disk is nearly full; nothing was saved. Its operator has to free space")]
    DiskFull,
    /// The store failed, or the process is ending.
    #[error("the server cannot write just now and starts afresh soon; try again in half a minute")]
    Unavailable,
    /// Something stored does not read back.
    #[error("something stored is damaged; the server's operator finds out with `plenary verify`")]
    Damaged,
    /// Our mistake.
    #[error("something went wrong on the server; its log says what")]
    Internal,
}

/// An RFC 9457 problem document.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: String,
}

impl Error {
    /// The name that stays the same, for programs.
    pub fn code(&self) -> &'static str {
        self.parts().1
    }

    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::SignInNeeded => (StatusCode::UNAUTHORIZED, "sign-in-needed"),
            Self::WrongCredentials => (StatusCode::UNAUTHORIZED, "wrong-credentials"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign-origin"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::Denied(DenyReason::NotAMember) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Denied(DenyReason::Role) => (StatusCode::FORBIDDEN, "role"),
            Self::Denied(DenyReason::Stage) => (StatusCode::CONFLICT, "stage"),
            Self::Denied(DenyReason::Needs(_)) => (StatusCode::FORBIDDEN, "condition"),
            Self::Denied(DenyReason::Archived) => (StatusCode::CONFLICT, "archived"),
            Self::AdministratorNeeded => (StatusCode::FORBIDDEN, "administrator-needed"),
            Self::OperatorNeeded => (StatusCode::FORBIDDEN, "operator-needed"),
            Self::Malformed { .. } => (StatusCode::BAD_REQUEST, "malformed"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::EmailTaken => (StatusCode::CONFLICT, "email-taken"),
            Self::UnknownUser => (StatusCode::UNPROCESSABLE_ENTITY, "unknown-user"),
            Self::AlreadyInitialised => (StatusCode::CONFLICT, "already-initialised"),
            Self::Membership(MembershipError::AlreadyMember) => (StatusCode::CONFLICT, "already-member"),
            Self::Membership(MembershipError::NotAMember) => (StatusCode::NOT_FOUND, "not-found"),
            Self::Membership(MembershipError::ContactPersonStays) => {
                (StatusCode::CONFLICT, "contact-person-stays")
            }
            Self::Membership(MembershipError::NotACoordinator) => (StatusCode::CONFLICT, "not-a-coordinator"),
            Self::Stage(_) => (StatusCode::CONFLICT, "stage-order"),
            Self::ChangedMeanwhile => (StatusCode::CONFLICT, "changed-meanwhile"),
            Self::TooManyTries { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-tries"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk-full"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::Damaged => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManyTries { retry_after_s } => Some(*retry_after_s),
            Self::Busy => Some(2),
            Self::Unavailable => Some(30),
            _ => None,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.parts();
        let problem = Problem {
            r#type: format!("urn:plenary:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            // As the same thing that is missing, so that nobody can tell the two apart.
            detail: if code == "not-found" { Self::NotFound.to_string() } else { self.to_string() },
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Full { free_bytes, reserve_bytes } => {
                tracing::warn!(free_bytes, reserve_bytes, "the disk is nearly full");
                Self::DiskFull
            }
            StoreError::Failed { .. } => Self::Unavailable,
            StoreError::Corrupt { .. } => {
                tracing::error!(%error, "something stored is damaged");
                Self::Damaged
            }
            StoreError::Conflict { .. } => Self::ChangedMeanwhile,
            StoreError::TooLarge { .. } => Self::TooLarge,
            StoreError::NotFound | StoreError::BeyondHead { .. } => {
                tracing::error!(%error, "the store does not hold what it should");
                Self::Internal
            }
        }
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing | AuthError::Invalid => Self::SignInNeeded,
            AuthError::Store(error) => error.into(),
        }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotFound => Self::NotFound,
            Denied::SignInEnded => Self::SignInNeeded,
            Denied::Store(error) => error.into(),
        }
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        match error {
            StateError::MalformedStateVector => {
                Self::Malformed { reason: "sv is not a Yjs state vector in base64url".into() }
            }
            StateError::Store(error) => error.into(),
            StateError::Damaged => Self::Damaged,
            StateError::Unanswered => Self::Busy,
        }
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooShort { .. } | PasswordError::TooLong { .. } => {
                Self::Invalid { field: "password", reason: error.to_string() }
            }
            PasswordError::Busy => Self::Busy,
            PasswordError::Hashing => Self::Internal,
        }
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::Invalid { field: "name", reason: error.to_string() }
    }
}

impl From<UnknownName> for Error {
    fn from(error: UnknownName) -> Self {
        Self::Invalid { field: error.what, reason: error.to_string() }
    }
}
