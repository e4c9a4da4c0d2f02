//! The description as a page for people: no script, one style sheet, light and dark, on a phone, too.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::METHODS;

/// What the page looks like.
pub(super) const STYLE: &str = include_str!("page.css");

/// The page. `described`: the finished description.
pub(super) fn page(described: &Value) -> String {
    let info = &described["info"];
    let operations = operations(described);
    let mut tags: Vec<&str> = operations.iter().map(|operation| operation.tag).collect();
    tags.sort_unstable();
    tags.dedup();

    let mut html = String::from(HEAD);
    let _ = write!(html, "<header><h1>{} API</h1>{}", text(&info["title"]), prose(&info["description"]));
    html.push_str("<p>For programs: <a href=\"/api/openapi.json\">openapi.json</a></p></header>\n");
    html.push_str("<nav aria-label=\"Contents\"><ul>");
    for tag in tags.iter().chain([&"types", &"problems"]) {
        let _ = write!(html, "<li><a href=\"#{0}\">{0}</a></li>", escape(tag));
    }
    html.push_str("</ul></nav>\n<main id=\"main\">\n");
    for tag in tags {
        let _ = writeln!(html, "<section><h2 id=\"{0}\">{0}</h2>", escape(tag));
        for operation in operations.iter().filter(|operation| operation.tag == tag) {
            html.push_str(&operation.html(described));
        }
        html.push_str("</section>\n");
    }
    html.push_str("<section><h2 id=\"types\">types</h2>\n");
    for (name, schema) in described["components"]["schemas"].as_object().into_iter().flatten() {
        let _ = write!(html, "<section class=\"type\"><h3 id=\"type-{0}\">{0}</h3>", escape(name));
        html.push_str(&prose(&schema["description"]));
        html.push_str(&form(schema));
        html.push_str("</section>\n");
    }
    html.push_str("</section>\n<section><h2 id=\"problems\">problems</h2>\n<dl>");
    for (status, response) in described["components"]["responses"].as_object().into_iter().flatten() {
        let said = prose(&response["description"]);
        let _ = write!(html, "<dt id=\"problem-{0}\"><code>{0}</code></dt><dd>{said}</dd>", escape(status));
    }
    html.push_str("</dl></section>\n</main>\n</body>\n</html>\n");
    html
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Plenary API</title>
<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">
<link rel=\"stylesheet\" href=\"/api/page.css\">
</head>
<body>
<a class=\"skip\" href=\"#main\">To the routes</a>
";

struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    tag: &'a str,
    said: &'a Map<String, Value>,
}

fn operations(described: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, item) in described["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(said) = item[method].as_object() else { continue };
            let tag = said["tags"][0].as_str().unwrap_or_default();
            operations.push(Operation { method, path, tag, said });
        }
    }
    operations
}

impl Operation<'_> {
    fn html(&self, described: &Value) -> String {
        let Self { method, path, said, .. } = self;
        let mut html = format!(
            "<details id=\"{id}\"><summary><span class=\"route\"><b class=\"{method}\">{upper}</b> \
             <code>{path}</code></span> <span class=\"what\">{summary}</span></summary>\n",
            id = text(&said["operationId"]),
            upper = method.to_uppercase(),
            // A long path may be broken where it has its slashes.
            path = escape(path).replace('/', "/<wbr>"),
            summary = inline(said["summary"].as_str().unwrap_or_default()),
        );
        html.push_str(&prose(said.get("description").unwrap_or(&Value::Null)));
        let security = said.get("security").unwrap_or(&described["security"]);
        let _ = writeln!(html, "<p class=\"who\">{}</p>", credentials(security));
        let parameters = said["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !parameters.is_empty() {
            html.push_str("<h4>Parameters</h4><dl>");
            for parameter in parameters {
                let _ = write!(
                    html,
                    "<dt><code>{}</code></dt><dd>in the {}{}: {}{}</dd>",
                    text(&parameter["name"]),
                    text(&parameter["in"]),
                    if parameter["required"] == true { "" } else { ", may be left out" },
                    form(&parameter["schema"]),
                    prose(&parameter["description"]),
                );
            }
            html.push_str("</dl>\n");
        }
        for (media_type, content) in content(said.get("requestBody").unwrap_or(&Value::Null)) {
            let _ = writeln!(
                html,
                "<h4>Body <small>{}</small></h4>{}",
                escape(media_type),
                form(&content["schema"])
            );
        }
        html.push_str("<h4>Answers</h4><dl>");
        let mut shared = Vec::new();
        for (status, response) in said["responses"].as_object().into_iter().flatten() {
            if response["$ref"].is_string() {
                shared.push(format!("<a href=\"#problem-{0}\">{0}</a>", escape(status)));
                continue;
            }
            let _ = write!(html, "<dt><code>{}</code></dt><dd>", escape(status));
            html.push_str(&prose(&response["description"]));
            for (media_type, content) in content(response) {
                let _ = write!(html, "<small>{}</small> {}", escape(media_type), form(&content["schema"]));
            }
            html.push_str("</dd>");
        }
        if !shared.is_empty() {
            let _ = write!(html, "<dt>problems</dt><dd>{}</dd>", shared.join(", "));
        }
        html.push_str("</dl></details>\n");
        html
    }
}

fn content(holder: &Value) -> impl Iterator<Item = (&String, &Value)> {
    holder["content"].as_object().into_iter().flatten()
}

/// Who may ask, as far as that is a matter of credentials.
fn credentials(security: &Value) -> String {
    let ways = security.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_open = ways.iter().any(|way| way.as_object().is_some_and(Map::is_empty));
    let names: Vec<String> =
        ways.iter().filter_map(Value::as_object).flat_map(Map::keys).map(|name| escape(name)).collect();
    match (is_open, names.is_empty()) {
        (_, true) => "Anybody may ask.".into(),
        (true, false) => format!("Anybody may ask; shows: {}, if anything.", names.join(" or ")),
        (false, false) => format!("Needs: {}.", names.join(" or ")),
    }
}

/// What a value looks like.
fn form(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    for joined in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[joined].as_array() {
            return choices.iter().map(form).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return parts.iter().map(form).collect::<Vec<_>>().join(" and ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("<code>{}</code>", text(word)))
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    types.into_iter().map(|one| typed(one, schema)).collect::<Vec<_>>().join(" or ")
}

fn typed(name: &str, schema: &Value) -> String {
    match name {
        "object" if schema["properties"].is_object() => fields(schema),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object with values: {}", form(&schema["additionalProperties"]))
        }
        "array" => format!("list of {}", form(&schema["items"])),
        "string" => {
            let format = schema["format"].as_str().map(|format| format!(", {}", escape(format)));
            let (min, max) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
            let length = match (min, max) {
                (Some(min), Some(max)) => format!(", {min} to {max} characters"),
                (None, Some(max)) => format!(", at most {max} characters"),
                (Some(min), None) => format!(", at least {min} characters"),
                (None, None) => String::new(),
            };
            format!("string{}{length}", format.unwrap_or_default())
        }
        other => escape(other),
    }
}

fn fields(schema: &Value) -> String {
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut html = String::from("<dl>");
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.iter().any(|one| one == name);
        let _ = write!(
            html,
            "<dt><code>{}</code></dt><dd>{}{}{}</dd>",
            escape(name),
            form(field),
            if is_required { "" } else { ", may be left out" },
            prose(&field["description"]),
        );
    }
    html.push_str("</dl>");
    html
}

/// Paragraphs, with what stands between backticks as code.
fn prose(value: &Value) -> String {
    let paragraphs = value.as_str().unwrap_or_default().split("\n\n").filter(|one| !one.trim().is_empty());
    paragraphs.map(|one| format!("<p>{}</p>", inline(one.trim()))).collect()
}

fn inline(text: &str) -> String {
    let mut html = String::new();
    for (nth, part) in text.split('`').enumerate() {
        let part = escape(part);
        let _ = if nth % 2 == 1 { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_described_cannot_become_markup() {
        let evil = "<script>alert(\"1\")</script> & `<b>`";
        let described = json!({
            "info": {"title": evil, "description": evil},
            "security": [{}],
            "paths": {"/<i>": {"get": {
                "operationId": "x\" onclick=\"", "tags": [evil], "summary": evil, "description": evil,
                "parameters": [{"name": evil, "in": evil, "description": evil, "schema": {"enum": [evil]}}],
                "responses": {"200": {"description": evil, "content": {evil: {"schema": {"format": evil, "type": "string"}}}}},
            }}},
            "components": {"schemas": {evil: {
                "description": evil, "type": "object", "properties": {evil: {"$ref": evil}}, "required": [],
            }}},
        });
        let html = page(&described);
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("\" onclick"), "{html}");
        assert!(html.contains("&lt;script&gt;"));
    }

    #[test]
    fn a_form_says_what_a_value_may_be() {
        let schema = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": ["string", "null"], "maxLength": 300, "description": "In `one` line"},
                "role": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Role"}]},
                "list": {"type": "array", "items": {"type": "integer"}},
            },
        });
        assert_eq!(
            form(&schema),
            "<dl><dt><code>id</code></dt><dd>string, uuid</dd>\
             <dt><code>list</code></dt><dd>list of integer, may be left out</dd>\
             <dt><code>name</code></dt><dd>string, at most 300 characters or null, may be left out\
             <p>In <code>one</code> line</p></dd>\
             <dt><code>role</code></dt><dd>null or <a href=\"#type-Role\">Role</a>, may be left out</dd></dl>"
        );
    }
}
