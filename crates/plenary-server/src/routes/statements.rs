//! Statements: starting one, and moving it from stage to stage.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use plenary_ids::{DocumentId, GroupId, StatementId, UserId};
use plenary_permissions::{Action, Stage};
use plenary_statements::{Documents, Schema, Statement, StatementKind};
use plenary_storage::NewRecord;
use plenary_text::{MARKDOWN_BYTES_MAX, empty_body, import_markdown};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    caller::Caller,
    input::{Body, Id, created},
};
use crate::{
    App,
    directory::{Actor, NewStatement},
    error::Error,
    rooms::Affected,
};

/// A Yjs v1 update that says nothing: no structs, no deletions.
const NOTHING: [u8; 2] = [0, 0];

pub(super) fn router() -> Router<App> {
    // As JSON a line break or a quotation mark takes two bytes.
    let limit = DefaultBodyLimit::max(2 * MARKDOWN_BYTES_MAX + 64 * 1024);
    Router::new()
        .route("/groups/{group}/statements", post(create).layer(limit).get(list))
        .route("/statements/{statement}", get(show))
        .route("/statements/{statement}/stage", post(move_to))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    title: String,
    kind: Option<String>,
    schema: Option<String>,
    /// What the body starts with; for linear text only.
    markdown: Option<String>,
}

async fn create(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
    Body(request): Body<Create>,
) -> Result<impl IntoResponse, Error> {
    let (group, standing) = app.directory.group(&identity, group).await?;
    standing.require(Action::CreateStatement)?;
    let title = request.title.parse().map_err(|error: plenary_statements::NameError| Error::Invalid {
        field: "title",
        reason: error.to_string(),
    })?;
    let kind = request.kind.map_or(Ok(StatementKind::default()), |kind| kind.parse())?;
    let schema = request.schema.map_or(Ok(Schema::default()), |schema| schema.parse())?;
    let body = first_update(schema, request.markdown).await?;

    // Documents first: a statement never points to nothing. If we fail in between, `verify` names the orphans.
    let body = start_document(&app, body).await?;
    let comments = start_document(&app, NOTHING.to_vec()).await?;
    let documents = Documents { body, comments };
    let new = NewStatement { group: group.id, title, kind, schema, documents };
    let statement = app.directory.create_statement(Actor::of(&identity), new).await?;
    tracing::info!(statement = %statement.id, group = %group.id, user = %identity.user, "statement started");
    Ok(created(statement))
}

async fn first_update(schema: Schema, markdown: Option<String>) -> Result<Vec<u8>, Error> {
    match (schema, markdown) {
        (Schema::Linear, None) => Ok(empty_body()),
        (Schema::Linear, Some(markdown)) => {
            // A long text takes a while to lay out.
            let imported =
                spawn_blocking(move || import_markdown(&markdown)).await.map_err(|_| Error::Internal)?;
            imported.map_err(|error| Error::Invalid { field: "markdown", reason: error.to_string() })
        }
        (Schema::Any, None) => Ok(NOTHING.to_vec()),
        (Schema::Any, Some(_)) => Err(Error::Invalid {
            field: "markdown",
            reason: "goes with schema `linear` only: how another editor lays out its text is not known here"
                .into(),
        }),
    }
}

async fn start_document(app: &App, update: Vec<u8>) -> Result<DocumentId, Error> {
    let document = DocumentId::from(Uuid::now_v7());
    let record = NewRecord { user: UserId::SERVER, at_ms: app.clock.now_ms(), update: Bytes::from(update) };
    app.log.append(document, vec![record]).await?;
    Ok(document)
}

#[derive(Serialize)]
struct Statements {
    statements: Vec<Statement>,
}

async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<Statements>, Error> {
    let (group, _) = app.directory.group(&identity, group).await?;
    let statements = app.directory.statements_of(group.id).await?;
    Ok(Json(Statements { statements }))
}

async fn show(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
) -> Result<Json<Statement>, Error> {
    let (statement, _) = app.directory.statement(&identity, statement).await?;
    Ok(Json(statement))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveTo {
    to: String,
}

/// Once this answers, everybody's access is as the new stage has it, in open sockets too.
async fn move_to(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
    Body(request): Body<MoveTo>,
) -> Result<Json<Statement>, Error> {
    let (statement, standing) = app.directory.statement(&identity, statement).await?;
    standing.require_at(Action::ChangeStage, statement.stage())?;
    let to: Stage = request.to.parse()?;
    let statement = app.directory.move_statement(Actor::of(&identity), statement.id, to).await?;
    let Documents { body, comments } = statement.documents;
    app.rights_changed(Affected::Documents(vec![body, comments])).await;
    tracing::info!(statement = %statement.id, user = %identity.user, stage = %to, "statement moved");
    Ok(Json(statement))
}
