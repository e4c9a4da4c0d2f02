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
use plenary_statements::{GroupError, MembershipError, NameError, StageError};
use plenary_storage::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{AuthError, EmbedTokenError, PasswordError},
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
    /// A code does not fit, or was used before.
    #[error("this code does not fit; take the one your device shows now, or a recovery code")]
    WrongCode,
    /// Something only its owner may do with an account, and the session alone is not enough.
    #[error("show that it is you: send your password or a code, or sign in again")]
    ProofNeeded,
    /// This server asks them for a second factor, and they have none yet.
    #[error("set up a second factor first: this server asks you for one")]
    SecondFactorRequired,
    /// There is a second factor already.
    #[error("there is a second factor already; turn it off before you set up another one")]
    SecondFactorOn,
    /// There is no second factor.
    #[error("there is no second factor")]
    SecondFactorOff,
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
    /// The address is for WebSockets.
    #[error("this address takes WebSockets only; see docs/protocol.md")]
    NotAWebSocket,
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
    /// What is known about the group does not fit together.
    #[error("{0}")]
    Group(#[from] GroupError),
    /// The statement cannot move there.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// A link or an invitation does not work, or not any more. Why is not said.
    #[error("this link was used, has run out or was taken back; ask whoever sent it to you for a new one")]
    LinkOver,
    /// The invitation names another address.
    #[error(
        "this invitation is for another address; sign in with the account that has it, or ask for a new one"
    )]
    OtherAddress,
    /// Only people with an account may.
    #[error("this needs an account of your own; sign in, or ask a coordinator for an invitation")]
    AccountNeeded,
    /// Somebody is signed in who wants to come as a guest.
    #[error("you are signed in with an account; sign out first, or open the link in a private window")]
    SignedIn,
    /// A token of an embedding site is not taken.
    #[error("{0}")]
    EmbedToken(#[from] EmbedTokenError),
    /// Somebody has registered this public key.
    #[error(
        "this public key is registered already; each site, and each of its two keys, has a pair of its own"
    )]
    EmbedKeyTaken,
    /// There are as many as there may be.
    #[error("there are {limit} {what} already; revoke some that are no longer needed")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// Somebody else changed the same thing at the same time.
    #[error("this was changed at the same time; look at it again and repeat")]
    ChangedMeanwhile,
    /// Too many tries from here.
    #[error("too many tries just now; wait {retry_after_s} seconds")]
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

/// Why a request is not answered as hoped: a problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:plenary:problem:` and the code.
    r#type: String,
    /// The name of the status.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stays the same, for programs; docs/errors.md lists them.
    code: &'static str,
    /// For people: what happened and what to do.
    detail: String,
}

macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $code:ident = $name:literal, $status:ident;)+) => {
        /// The kinds of problems, by the name that stays the same.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[doc = $meaning])+ $code,)+
        }

        impl Code {
            /// Every one there is, in the order of their statuses.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The name, for programs.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// The HTTP status it comes with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            /// When it comes and what to do, in one line.
            pub fn meaning(self) -> &'static str {
                // Each line of the comment begins with a space.
                match self { $(Self::$code => concat!($($meaning),+).trim_start(),)+ }
            }
        }
    };
}

// The order is that of the statuses; the lines are what `docs/errors.md` and the interface's description say.
codes! {
    /// The request cannot be read: a body that is no JSON or has other fields than described, a query that means
    /// nothing. `detail` says where.
    Malformed = "malformed", BAD_REQUEST;
    /// Nobody is signed in, or the sign-in, token or ticket has ended. Sign in again.
    SignInNeeded = "sign-in-needed", UNAUTHORIZED;
    /// E-mail and password, or link, do not fit. Which of them is wrong is not said.
    WrongCredentials = "wrong-credentials", UNAUTHORIZED;
    /// The code does not fit, or was used before. Take the one the device shows now, or a recovery code.
    WrongCode = "wrong-code", UNAUTHORIZED;
    /// The token of an embedding site cannot be read: its header or a claim is not as docs/embedding.md says; `detail`
    /// says which.
    EmbedTokenMalformed = "embed-token-malformed", UNAUTHORIZED;
    /// The `alg` of an embedding site's token is not that of its key. EdDSA and ES256 are taken, no other.
    EmbedAlgorithm = "embed-algorithm", UNAUTHORIZED;
    /// The key that an embedding site's token names is not registered, was revoked, or has ended.
    EmbedKeyUnknown = "embed-key-unknown", UNAUTHORIZED;
    /// The signature of an embedding site's token does not fit its key.
    EmbedSignature = "embed-signature", UNAUTHORIZED;
    /// The `iss` of an embedding site's token is not the one whose key signed it.
    EmbedIssuer = "embed-issuer", UNAUTHORIZED;
    /// The `aud` of an embedding site's token is not this server's address.
    EmbedAudience = "embed-audience", UNAUTHORIZED;
    /// The `iat` or `nbf` of an embedding site's token lies ahead by more than 30 seconds.
    EmbedNotYet = "embed-not-yet", UNAUTHORIZED;
    /// The embedding site's token has run out. Ask the site for another one.
    EmbedExpired = "embed-expired", UNAUTHORIZED;
    /// From `iat` to `exp` of an embedding site's token are more than 300 seconds.
    EmbedTooLong = "embed-too-long", UNAUTHORIZED;
    /// The embedding site's token was used before. Ask the site for another one.
    EmbedReplayed = "embed-replayed", UNAUTHORIZED;
    /// The page is not of the origin that the embedding site's token names, or that is not registered with its key.
    EmbedOrigin = "embed-origin", FORBIDDEN;
    /// The request rests on the cookie and does not come from a page of this server. Programs use a bearer token.
    ForeignOrigin = "foreign-origin", FORBIDDEN;
    /// The server asks the caller for a second factor, and there is none yet: all they can do is set it up
    /// (`/api/v1/me/second-factor`) and sign out.
    SecondFactorRequired = "second-factor-required", FORBIDDEN;
    /// The session alone is not enough for this. Send the password or a code with it, or sign in again.
    ProofNeeded = "proof-needed", FORBIDDEN;
    /// The caller may see this, but their role does not let them do it.
    Role = "role", FORBIDDEN;
    /// The role would do, but something else is missing; `detail` says what.
    Condition = "condition", FORBIDDEN;
    /// The invitation is for another address than the caller's.
    OtherAddress = "other-address", FORBIDDEN;
    /// Only people with an account may; guests and embedded users have none.
    AccountNeeded = "account-needed", FORBIDDEN;
    /// Only an administrator of this server may.
    AdministratorNeeded = "administrator-needed", FORBIDDEN;
    /// Only the `plenary` command on the server itself may.
    OperatorNeeded = "operator-needed", FORBIDDEN;
    /// There is no such thing, or none that the caller may know of: told apart by nobody.
    NotFound = "not-found", NOT_FOUND;
    /// The address exists, but not for this method; `Allow` names those it takes.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED;
    /// The stage of the statement does not let anybody do this.
    Stage = "stage", CONFLICT;
    /// The group is archived. A coordinator can make it active again.
    Archived = "archived", CONFLICT;
    /// The statement cannot move from its stage to that one.
    StageOrder = "stage-order", CONFLICT;
    /// An account with this address exists already.
    EmailTaken = "email-taken", CONFLICT;
    /// The instance has its first administrator already.
    AlreadyInitialised = "already-initialised", CONFLICT;
    /// There is a second factor already.
    SecondFactorOn = "second-factor-on", CONFLICT;
    /// There is no second factor.
    SecondFactorOff = "second-factor-off", CONFLICT;
    /// They are a member already.
    AlreadyMember = "already-member", CONFLICT;
    /// The contact person stays until another coordinator has taken over.
    ContactPersonStays = "contact-person-stays", CONFLICT;
    /// Only a coordinator can be the contact person.
    NotACoordinator = "not-a-coordinator", CONFLICT;
    /// A group that comes back from the archive needs a coordinator to be its contact person.
    ContactPersonMissing = "contact-person-missing", CONFLICT;
    /// Somebody who is signed in cannot come as a guest. Sign out first, or open the link in a private window.
    SignedIn = "signed-in", CONFLICT;
    /// This public key is registered already.
    EmbedKeyTaken = "embed-key-taken", CONFLICT;
    /// There are as many as there may be; `detail` says of what.
    TooMany = "too-many", CONFLICT;
    /// Somebody else changed the same thing at the same time. Look at it again and repeat.
    ChangedMeanwhile = "changed-meanwhile", CONFLICT;
    /// The link or invitation was used up, has run out or was taken back. Ask for a new one.
    LinkOver = "link-over", GONE;
    /// The body is longer than this address takes.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE;
    /// The body is not sent as `application/json`.
    NotJson = "not-json", UNSUPPORTED_MEDIA_TYPE;
    /// A value does not keep its rules; `detail` names it.
    Invalid = "invalid", UNPROCESSABLE_ENTITY;
    /// Nobody here has this e-mail address.
    UnknownUser = "unknown-user", UNPROCESSABLE_ENTITY;
    /// The address takes WebSockets only, and this is not the beginning of one.
    NotAWebSocket = "not-a-websocket", UPGRADE_REQUIRED;
    /// Too many tries, by this caller or at this account, or too many people signing in at once. Wait as long as
    /// `Retry-After` says.
    TooManyTries = "too-many-tries", TOO_MANY_REQUESTS;
    /// The server made a mistake; its log says which.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// Something stored is damaged; the server's operator finds out with `plenary verify`.
    Damaged = "damaged", INTERNAL_SERVER_ERROR;
    /// More at once than can be done. Try again after `Retry-After`.
    Busy = "busy", SERVICE_UNAVAILABLE;
    /// The server cannot write just now and starts afresh soon. Try again after `Retry-After`.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE;
    /// The server's disk is nearly full. Nothing was saved.
    DiskFull = "disk-full", INSUFFICIENT_STORAGE;
}

impl Error {
    /// The name that stays the same, for programs.
    pub fn code(&self) -> Code {
        match self {
            Self::SignInNeeded => Code::SignInNeeded,
            Self::WrongCredentials => Code::WrongCredentials,
            Self::WrongCode => Code::WrongCode,
            Self::ProofNeeded => Code::ProofNeeded,
            Self::SecondFactorRequired => Code::SecondFactorRequired,
            Self::SecondFactorOn => Code::SecondFactorOn,
            Self::SecondFactorOff => Code::SecondFactorOff,
            Self::ForeignOrigin => Code::ForeignOrigin,
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed => Code::MethodNotAllowed,
            Self::NotAWebSocket => Code::NotAWebSocket,
            Self::Denied(DenyReason::NotAMember) => Code::NotFound,
            Self::Denied(DenyReason::Role) => Code::Role,
            Self::Denied(DenyReason::Stage) => Code::Stage,
            Self::Denied(DenyReason::Needs(_)) => Code::Condition,
            Self::Denied(DenyReason::Archived) => Code::Archived,
            Self::AdministratorNeeded => Code::AdministratorNeeded,
            Self::OperatorNeeded => Code::OperatorNeeded,
            Self::Malformed { .. } => Code::Malformed,
            Self::NotJson => Code::NotJson,
            Self::TooLarge => Code::TooLarge,
            Self::Invalid { .. } => Code::Invalid,
            Self::EmailTaken => Code::EmailTaken,
            Self::UnknownUser => Code::UnknownUser,
            Self::AlreadyInitialised => Code::AlreadyInitialised,
            Self::Membership(MembershipError::AlreadyMember) => Code::AlreadyMember,
            Self::Membership(MembershipError::NotAMember) => Code::NotFound,
            Self::Membership(MembershipError::ContactPersonStays) => Code::ContactPersonStays,
            Self::Membership(MembershipError::NotACoordinator) => Code::NotACoordinator,
            Self::Group(GroupError::ContactPersonMissing) => Code::ContactPersonMissing,
            Self::Group(
                GroupError::StateMissing | GroupError::SessionMissing | GroupError::SessionTooLong { .. },
            ) => Code::Invalid,
            Self::Stage(_) => Code::StageOrder,
            Self::LinkOver => Code::LinkOver,
            Self::OtherAddress => Code::OtherAddress,
            Self::AccountNeeded => Code::AccountNeeded,
            Self::SignedIn => Code::SignedIn,
            Self::EmbedToken(EmbedTokenError::Malformed(_)) => Code::EmbedTokenMalformed,
            Self::EmbedToken(EmbedTokenError::Algorithm) => Code::EmbedAlgorithm,
            Self::EmbedToken(EmbedTokenError::UnknownKey) => Code::EmbedKeyUnknown,
            Self::EmbedToken(EmbedTokenError::Signature) => Code::EmbedSignature,
            Self::EmbedToken(EmbedTokenError::Issuer) => Code::EmbedIssuer,
            Self::EmbedToken(EmbedTokenError::Audience) => Code::EmbedAudience,
            Self::EmbedToken(EmbedTokenError::Origin) => Code::EmbedOrigin,
            Self::EmbedToken(EmbedTokenError::NotYet) => Code::EmbedNotYet,
            Self::EmbedToken(EmbedTokenError::Expired) => Code::EmbedExpired,
            Self::EmbedToken(EmbedTokenError::TooLong) => Code::EmbedTooLong,
            Self::EmbedToken(EmbedTokenError::Replayed) => Code::EmbedReplayed,
            Self::EmbedKeyTaken => Code::EmbedKeyTaken,
            Self::TooMany { .. } => Code::TooMany,
            Self::ChangedMeanwhile => Code::ChangedMeanwhile,
            Self::TooManyTries { .. } => Code::TooManyTries,
            Self::Busy => Code::Busy,
            Self::DiskFull => Code::DiskFull,
            Self::Unavailable => Code::Unavailable,
            Self::Damaged => Code::Damaged,
            Self::Internal => Code::Internal,
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
        let (status, code) = (self.code().status(), self.code().name());
        let problem = Problem {
            r#type: format!("urn:plenary:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            code,
            // As the same thing that is missing, so that nobody can tell the two apart.
            detail: if self.code() == Code::NotFound { Self::NotFound.to_string() } else { self.to_string() },
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self == Self::NotAWebSocket {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
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
            AuthError::SecondFactorRequired => Self::SecondFactorRequired,
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
            PasswordError::TooShort { .. } | PasswordError::TooLong { .. } | PasswordError::Obvious => {
                Self::Invalid { field: "password", reason: error.to_string() }
            }
            PasswordError::Busy => Self::TooManyTries { retry_after_s: 2 },
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
