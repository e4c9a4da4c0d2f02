//! Statements: starting one, and moving it from stage to stage.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    response::IntoResponse,
};
use bytes::Bytes;
use plenary_ids::{DocumentId, GroupId, StatementId, UserId};
use plenary_permissions::{Action, Stage};
use plenary_statements::{Documents, Name, Schema, Statement, StatementKind};
use plenary_storage::NewRecord;
use plenary_text::{MARKDOWN_BYTES_MAX, empty_body, import_markdown};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};
use uuid::Uuid;

use super::{
    caller::Caller,
    input::{Body, Id, created},
    retry::again,
    schemas,
};
use crate::{App, directory::NewStatement, error::Error, rooms::Affected};

/// A Yjs v1 update that says nothing: no structs, no deletions.
const NOTHING: [u8; 2] = [0, 0];

pub(super) fn router() -> OpenApiRouter<App> {
    // As JSON a line break or a quotation mark takes two bytes.
    let limit = DefaultBodyLimit::max(2 * MARKDOWN_BYTES_MAX + 64 * 1024);
    OpenApiRouter::new()
        .routes(routes!(create).layer(limit))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(move_to))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStatement)]
struct Create {
    #[schema(value_type = schemas::Name)]
    title: String,
    #[schema(value_type = Option<schemas::StatementKind>)]
    kind: Option<String>,
    #[schema(value_type = Option<schemas::DocumentSchema>)]
    schema: Option<String>,
    /// What the body starts with; for linear text only.
    #[schema(max_length = 1048576)]
    markdown: Option<String>,
}

/// A statement
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
struct StatementView {
    #[schema(value_type = Uuid)]
    id: StatementId,
    #[schema(value_type = Uuid)]
    group: GroupId,
    #[schema(value_type = schemas::Name)]
    title: Name,
    #[schema(value_type = schemas::StatementKind)]
    kind: StatementKind,
    #[schema(value_type = schemas::DocumentSchema)]
    schema: Schema,
    documents: DocumentsView,
    /// Milliseconds since 1970 UTC.
    created: u64,
    #[schema(value_type = schemas::Stage)]
    stage: &'static str,
}

impl From<Statement> for StatementView {
    fn from(statement: Statement) -> Self {
        let stage = statement.stage().name();
        let Statement { id, group, title, kind, schema, documents, created, lifecycle: _ } = statement;
        Self { id, group, title, kind, schema, documents: documents.into(), created, stage }
    }
}

/// The documents of a statement
#[derive(Serialize, ToSchema)]
#[schema(as = Documents)]
pub(super) struct DocumentsView {
    #[schema(value_type = Uuid)]
    body: DocumentId,
    #[schema(value_type = Uuid)]
    comments: DocumentId,
}

impl From<Documents> for DocumentsView {
    fn from(documents: Documents) -> Self {
        let Documents { body, comments } = documents;
        Self { body, comments }
    }
}

/// Start a statement
#[utoipa::path(
    post, path = "/groups/{group}/statements", request_body = Create,
    responses((status = 201, description = "Started", body = StatementView)),
)]
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
    let started = again(async || {
        let (_, standing) = app.directory.group(&identity, group.id).await?;
        standing.require(Action::CreateStatement)?;
        app.directory.create_statement(standing.authority(&identity), new.clone()).await
    });
    let statement = started.await?;
    tracing::info!(statement = %statement.id, group = %group.id, user = %identity.user, "statement started");
    Ok(created(StatementView::from(statement)))
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
    let record = NewRecord {
        user: UserId::SERVER,
        at_ms: app.clock.now_ms(),
        update: Bytes::from(update),
        relayed: Vec::new(),
    };
    app.log.append(document, vec![record]).await?;
    Ok(document)
}

#[derive(Serialize, ToSchema)]
struct Statements {
    statements: Vec<StatementView>,
}

/// A group's statements
#[utoipa::path(
    get, path = "/groups/{group}/statements",
    responses((status = 200, description = "These", body = Statements)),
)]
async fn list(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(group): Id<GroupId>,
) -> Result<Json<Statements>, Error> {
    let (group, _) = app.directory.group(&identity, group).await?;
    let statements = app.directory.statements_of(group.id).await?;
    Ok(Json(Statements { statements: statements.into_iter().map(StatementView::from).collect() }))
}

/// A statement
#[utoipa::path(
    get, path = "/statements/{statement}",
    responses((status = 200, description = "This", body = StatementView)),
)]
async fn show(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
) -> Result<Json<StatementView>, Error> {
    let (statement, _) = app.directory.statement(&identity, statement).await?;
    Ok(Json(statement.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StageChange)]
struct MoveTo {
    #[schema(value_type = schemas::Stage)]
    to: String,
}

/// Move a statement to another stage
///
/// Once this answers, everybody's access is as the new stage has it, in open sockets too.
#[utoipa::path(
    post, path = "/statements/{statement}/stage", request_body = MoveTo,
    responses((status = 200, description = "As it is now", body = StatementView)),
)]
async fn move_to(
    State(app): State<App>,
    Caller(identity): Caller,
    Id(statement): Id<StatementId>,
    Body(request): Body<MoveTo>,
) -> Result<Json<StatementView>, Error> {
    let moved = again(async || {
        let (statement, standing) = app.directory.statement(&identity, statement).await?;
        standing.require_at(Action::ChangeStage, statement.stage())?;
        let to: Stage = request.to.parse()?;
        app.directory.move_statement(standing.authority(&identity), statement.id, to).await
    });
    let statement = moved.await?;
    let Documents { body, comments } = statement.documents;
    app.rights_changed(Affected::Documents(vec![body, comments])).await;
    tracing::info!(statement = %statement.id, user = %identity.user, stage = %statement.stage(), "statement moved");
    Ok(Json(statement.into()))
}
