//! Who wrote what of a document.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use plenary_ids::{DocumentId, StatementId, UserId};
use plenary_permissions::Action;
use plenary_room::{Attribution, Run};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use super::{caller::Caller, documents::PLACE_WITHIN, input::Id, parts::Params};
use crate::{App, error::Error};

/// Runs in one answer: about a megabyte before it is compressed.
const RUNS_MAX: usize = 10_000;

/// The same work is done for a document that does not exist.
const NO_STATEMENT: StatementId = StatementId::from_bytes([0; 16]);

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(attribution).layer(CompressionLayer::new()))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// `next` of the answer before.
    after: Option<String>,
    /// At most so many runs.
    #[serde(default = "one_page")]
    #[param(minimum = 1, maximum = 10000, default = 10000)]
    limit: usize,
}

fn one_page() -> usize {
    RUNS_MAX
}

/// Who wrote what of a document
#[derive(Serialize, ToSchema)]
#[schema(as = Attribution)]
struct AttributionView {
    #[schema(value_type = Uuid)]
    document: DocumentId,
    /// The record up to which this is told.
    seq: u64,
    /// Whoever is named in these runs.
    users: Vec<UserView>,
    /// By client and clock. Every clock of the document is in one of them.
    inserts: Vec<RunView>,
    /// By client and clock. What Yjs deleted as a consequence is not in them: what was in a deleted type, a value that
    /// another replaced.
    deletes: Vec<RunView>,
    /// There is more: ask again with this as `after`.
    next: Option<String>,
}

/// Somebody who wrote
#[derive(Serialize, ToSchema)]
#[schema(as = AttributedUser)]
struct UserView {
    /// All zeros for the server itself, which writes a document's beginning and what is imported.
    #[schema(value_type = Uuid)]
    id: UserId,
    /// `null` where there is no account of that name any more, for guests, and for the server.
    name: Option<String>,
}

/// Consecutive clocks of one Yjs client that one user wrote, or deleted, within a minute
#[derive(Serialize, ToSchema)]
#[schema(as = AttributedRun)]
struct RunView {
    /// The Yjs client that wrote them.
    client: u64,
    /// The first of them.
    clock: u32,
    /// How many: UTF-16 units of text, embeds, format marks, types and values count one each.
    len: u32,
    /// Who brought them, or deleted them.
    #[schema(value_type = Uuid)]
    user: UserId,
    /// When the server accepted the first, milliseconds since 1970 UTC; the others came less than a minute later.
    at: u64,
    /// The user may have passed on what somebody else wrote: in groups that let their members do so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false, default = false)]
    relayed: bool,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let (clock, len) = (run.clocks.start, run.clocks.len() as u32);
        Self { client: run.client, clock, len, user: run.user, at: run.at_ms, relayed: run.is_relayed }
    }
}

/// Who wrote what of a document, and when
///
/// For those who may look at its history; only what is durable. It is told in runs of Yjs clocks: each letter of a
/// Yjs text carries the client and the clock it was written with. Long ones come in several answers; what is written
/// between two of them may or may not be told.
#[utoipa::path(
    get, path = "/documents/{document}/attribution", params(Page),
    responses((status = 200, description = "These runs", body = AttributionView)),
)]
async fn attribution(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(document): Id<DocumentId>,
    Params(Page { after, limit }): Params<Page>,
) -> Result<Json<AttributionView>, Error> {
    let may_read = async || {
        let statement = app.directory.statement_of(document).await?.unwrap_or(NO_STATEMENT);
        let (statement, standing) = app.directory.statement(&identity, statement).await?;
        standing.require_at(Action::ReadHistory, statement.stage())?;
        app.directory.access(&identity, document).await?;
        Ok::<_, Error>(())
    };
    may_read().await?;
    let from = after.map_or(Ok(Place::BEGINNING), |text| Place::read(&text))?;
    if !(1..=RUNS_MAX).contains(&limit) {
        return Err(Error::Malformed { reason: format!("`limit` is from 1 to {RUNS_MAX}") });
    }
    let place = timeout(PLACE_WITHIN, app.states.clone().acquire_owned()).await.map_err(|_| Error::Busy)?;
    let _place = place.map_err(|_| Error::Busy)?;
    let (seq, attribution) = app.rooms.attribution(document).await?;
    let (inserts, deletes, next) = from.page(&attribution, limit);
    let named: BTreeSet<UserId> = inserts.iter().chain(&deletes).map(|run| run.user).collect();
    let mut users = Vec::new();
    for id in named {
        let name = app.directory.user(id).await?.map(|user| user.name.into());
        users.push(UserView { id, name });
    }
    // Who was removed while it was being put together gets nothing.
    may_read().await?;
    let next = next.map(|place| place.write());
    Ok(Json(AttributionView { document, seq, users, inserts, deletes, next }))
}

/// How far somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Insertions from this client and clock on, then deletions.
    Inserts(u64, u32),
    /// Deletions from there on.
    Deletes(u64, u32),
}

impl Place {
    const BEGINNING: Self = Self::Inserts(0, 0);

    fn read(text: &str) -> Result<Self, Error> {
        let malformed = || Error::Malformed { reason: "`after` is no `next` of an answer".into() };
        let mut parts = text.split('-');
        let kind = parts.next();
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok());
        let (Some(client), Some(clock)) = (number(), number()) else { return Err(malformed()) };
        let clock = u32::try_from(clock).map_err(|_| malformed())?;
        match (kind, parts.next()) {
            (Some("i"), None) => Ok(Self::Inserts(client, clock)),
            (Some("d"), None) => Ok(Self::Deletes(client, clock)),
            _ => Err(malformed()),
        }
    }

    fn write(self) -> String {
        match self {
            Self::Inserts(client, clock) => format!("i-{client}-{clock}"),
            Self::Deletes(client, clock) => format!("d-{client}-{clock}"),
        }
    }

    /// At most `limit` runs from here on, and where the next page begins.
    fn page(self, attribution: &Attribution, limit: usize) -> (Vec<RunView>, Vec<RunView>, Option<Self>) {
        let mut inserts = Vec::new();
        let mut deletes_from = (0, 0);
        match self {
            Self::Inserts(client, clock) => {
                for run in attribution.inserted((client, clock)) {
                    if inserts.len() == limit {
                        return (inserts, Vec::new(), Some(Self::Inserts(run.client, run.clocks.start)));
                    }
                    inserts.push(RunView::from(run));
                }
            }
            Self::Deletes(client, clock) => deletes_from = (client, clock),
        }
        let mut deletes = Vec::new();
        for run in attribution.deleted(deletes_from) {
            if inserts.len() + deletes.len() == limit {
                return (inserts, deletes, Some(Self::Deletes(run.client, run.clocks.start)));
            }
            deletes.push(RunView::from(run));
        }
        (inserts, deletes, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_nothing_else_is_one() {
        for place in [Place::BEGINNING, Place::Inserts((1 << 53) - 1, 7), Place::Deletes(1, u32::MAX)] {
            assert_eq!(Place::read(&place.write()).unwrap(), place);
        }
        for text in ["", "i", "i-1", "x-1-1", "i-1-1-1", "i-1-4294967296", "i--1-1", "i-a-1"] {
            assert!(Place::read(text).is_err(), "{text}");
        }
    }
}
