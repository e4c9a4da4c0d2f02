//! The description of the HTTP interface (OpenAPI 3.1), put together from what stands beside each route.
//!
//! What is the same everywhere is filled in here, so that a route says only what is its own: ids in paths, how one
//! shows who one is, a unique name, and the problem documents a route of its kind may answer with.

mod page;

use std::sync::Arc;

use axum::{
    Extension,
    http::header,
    response::{IntoResponse, Redirect},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, PartialSchema, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App,
    error::{Code, Problem},
};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(OpenApi)]
#[openapi(info(
    title = "Plenary",
    version = "1",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    description = "The HTTP interface. Documents themselves travel over WebSockets (`/sync`), see docs/protocol.md. \
                   What belongs to another group answers exactly as what does not exist. A request that changes \
                   something and rests on the cookie must come from a page of this server; programs use a bearer \
                   token. Whatever is not done is answered by a problem document (RFC 9457) whose `code` stays the \
                   same; then nothing has been changed."
))]
struct Base;

/// What all routes are collected in.
pub(super) fn base() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Base::openapi())
}

/// The finished description, as it is served.
#[derive(Clone)]
pub(super) struct Description(Arc<Rendered>);

struct Rendered {
    json: Bytes,
    page: Bytes,
}

impl Description {
    /// Fills in what is the same everywhere.
    pub(super) fn of(collected: &utoipa::openapi::OpenApi) -> Self {
        let mut described = serde_json::to_value(collected).expect("a description has a JSON form");
        complete(&mut described);
        let json = serde_json::to_vec(&described).expect("a JSON value has a JSON form");
        Self(Arc::new(Rendered { json: json.into(), page: page::page(&described).into() }))
    }
}

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(document))
        .routes(routes!(read))
        .routes(routes!(style))
        .routes(routes!(to_page))
}

/// This description
#[utoipa::path(
    get, path = "/api/openapi.json", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json")),
)]
async fn document(Extension(description): Extension<Description>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], description.0.json.clone())
}

/// This description, as a page for people
#[utoipa::path(
    get, path = "/api/", security(()),
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
async fn read(Extension(description): Extension<Description>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], description.0.page.clone())
}

/// What that page looks like
#[utoipa::path(
    get, path = "/api/page.css", security(()),
    responses((status = 200, description = "A style sheet", body = String, content_type = "text/css")),
)]
async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], page::STYLE)
}

/// To that page
#[utoipa::path(
    get, path = "/api", security(()),
    responses((status = 308, description = "It is at `/api/`")),
)]
async fn to_page() -> Redirect {
    Redirect::permanent("/api/")
}

fn complete(described: &mut Value) {
    let paths = described["paths"].as_object_mut().expect("there are routes");
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) {
                complete_operation(path, method, operation);
            }
        }
    }
    let components =
        described.as_object_mut().expect("it is an object").entry("components").or_insert(json!({}));
    components["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "From `plenary token create` or `POST /api/v1/tokens`",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-plenary",
            "description": "From signing in. Over plain http on this machine its name is `plenary-development-http`",
        },
    });
    components["schemas"]["Problem"] = json!(Problem::schema());
    components["schemas"]["Problem"]["properties"]["code"] =
        json!({"type": "string", "enum": Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>()});
    components["responses"] = problems();
    described["security"] = json!([{"bearer": []}, {"cookie": []}]);
}

fn complete_operation(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let segments = || path.trim_start_matches("/api/v1").split('/').filter(|segment| !segment.is_empty());
    let id: Vec<&str> = path.trim_start_matches("/api/v1").split('/').skip(1).collect();
    let id = id.join("-").replace(['{', '}'], "").replace('.', "-");
    operation.insert("operationId".into(), json!(format!("{method}-{id}")));
    operation.insert("tags".into(), json!([segments().next().unwrap_or_default()]));

    let parameters = operation.entry("parameters").or_insert(json!([])).as_array_mut().expect("it is a list");
    for name in segments().filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')) {
        if !parameters.iter().any(|given| given["name"] == name) {
            let schema = json!({"type": "string", "format": "uuid"});
            parameters.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
    }

    let possible = possible_problems(path, method, operation);
    let responses = operation["responses"].as_object_mut().expect("it says what it answers");
    for (status, response) in responses.iter_mut() {
        // A route that says which codes it means describes them; their form is the same.
        if (status.starts_with('4') || status.starts_with('5')) && response.get("content").is_none() {
            response["content"] = problem_content();
        }
    }
    for status in possible {
        let response = json!({"$ref": format!("#/components/responses/{status}")});
        responses.entry(status.to_string()).or_insert(response);
    }
}

/// The statuses of problems that any route of this kind may answer with. Others are said beside the route.
fn possible_problems(path: &str, method: &str, operation: &Map<String, Value>) -> Vec<u16> {
    let mut statuses = Vec::new();
    if !path.starts_with("/api/v1/") {
        return statuses;
    }
    let is_open = operation.get("security") == Some(&json!([{}]));
    let parameters = operation["parameters"].as_array().expect("it is a list");
    if !is_open {
        statuses.extend([401, 403]);
    }
    if parameters.iter().any(|parameter| parameter["in"] == "path") {
        statuses.push(404);
    }
    if parameters.iter().any(|parameter| parameter["in"] == "query") {
        statuses.push(400);
    }
    if operation.contains_key("requestBody") {
        statuses.extend([400, 413, 415, 422]);
    }
    if method != "get" {
        statuses.extend([409, 507]);
    }
    statuses.extend([500, 503]);
    statuses
}

/// One response for each status that problems have, with the codes it may carry.
fn problems() -> Value {
    let mut responses = Map::new();
    for code in Code::ALL {
        let status = code.status().as_u16().to_string();
        let line = format!("`{}`: {}", code.name(), code.meaning());
        let response = responses
            .entry(status)
            .or_insert_with(|| json!({"description": "", "content": problem_content()}));
        let said = response["description"].as_str().unwrap_or_default();
        let separator = if said.is_empty() { "" } else { "\n\n" };
        response["description"] = json!(format!("{said}{separator}{line}"));
    }
    responses.into()
}

fn problem_content() -> Value {
    let schema = format!("#/components/schemas/{}", Problem::name());
    json!({"application/problem+json": {"schema": {"$ref": schema}}})
}
