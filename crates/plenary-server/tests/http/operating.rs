//! What operators and their tools see.

use axum::{
    body::Body,
    http::{Request, header},
};
use bytes::Bytes;
use plenary_ids::{DocumentId, UserId};
use plenary_server::config::Config;
use plenary_storage::NewRecord;
use serde_json::{Value, json};

use crate::site::{Who, site, site_with};

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = site();
    for path in ["/", "/healthz", "/api/v1/me", "/nothing"] {
        let answer = site.get(&Who::Nobody, path).await;
        let header =
            |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(header("strict-transport-security"), "", "{path}: there is no TLS to insist on");
        let csp = header("content-security-policy");
        for word in [
            "default-src 'none'",
            "script-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(csp.contains(word), "{path} {csp}");
        }
        assert!(!csp.contains("unsafe"), "{path} {csp}");
        assert!(matches!(header("cache-control"), "no-store" | "no-cache"), "{path}");
    }
}

#[tokio::test]
async fn with_https_browsers_are_told_to_insist_on_it() {
    let public_url = Some("https://plenary.example.org".into());
    let site = site_with(Config { public_url, ..Config::default() });
    let answer = site.get(&Who::Nobody, "/").await.expect(200);
    assert_eq!(answer.headers[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000");
}

#[tokio::test]
async fn the_page_is_at_the_root_and_not_sent_twice() {
    let site = site();
    let page = site.get(&Who::Nobody, "/").await.expect(200);
    assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let etag = page.headers[header::ETAG].clone();
    let request = Request::get("/").header(header::IF_NONE_MATCH, etag).body(Body::empty());
    assert!(site.send(&Who::Nobody, request.unwrap()).await.expect(304).bytes.is_empty());
}

#[tokio::test]
async fn an_address_of_the_app_is_its_page_and_any_other_is_not() {
    let site = site();
    let page = site.get(&Who::Nobody, "/statements/0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e").await.expect(200);
    assert_eq!(page.headers[header::CACHE_CONTROL], "no-cache");
    assert_eq!(page.bytes, site.get(&Who::Nobody, "/").await.bytes);
    let pages = ["/account", "/account/", "/groups", "/groups/g/links", "/interests", "/embedding", "/log"];
    for path in pages {
        assert_eq!(site.get(&Who::Nobody, path).await.expect(200).bytes, page.bytes, "{path}");
    }
    for path in [
        "/statement",
        "/statements",
        "/accounts",
        "/account/x",
        "/groupsx",
        "/logs",
        "/assets/none.js",
        "/embed/",
        "/sw.js",
    ] {
        assert_eq!(site.get(&Who::Nobody, path).await.problem().0, 404, "{path}");
    }
}

#[tokio::test]
async fn people_who_go_astray_see_the_page_and_programs_are_told() {
    let site = site();
    let home = site.get(&Who::Nobody, "/").await;
    for (path, is_page) in
        [("/nowhere", true), ("/api/v1/nothing", false), ("/sync/none/at/all", false), ("/embed/", false)]
    {
        let request = Request::get(path).header(header::ACCEPT, "text/html,*/*;q=0.8").body(Body::empty());
        let answer = site.send(&Who::Nobody, request.unwrap()).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.bytes == home.bytes, is_page, "{path}");
    }
}

#[tokio::test]
async fn what_is_named_by_its_content_is_kept_and_never_asked_for_again() {
    let site = site();
    let script = site.get(&Who::Nobody, "/assets/index-0a1b2c3d.js").await.expect(200);
    assert_eq!(script.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert!(!script.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn a_failed_store_makes_the_server_unfit_and_loses_nothing_it_said() {
    let site = site();
    let ana = site.person("ana").await;
    site.get(&Who::Nobody, "/readyz").await.expect(200);
    site.store.fail_next_flush();
    let body = json!({"name": "X"});
    assert_eq!(
        site.post(&Who::Operator, "/api/v1/groups", body.clone()).await.problem(),
        (503, "unavailable".into())
    );
    site.get(&Who::Nobody, "/readyz").await.expect(503);
    site.get(&Who::Nobody, "/healthz").await.expect(200);
    assert_eq!(
        site.post(&Who::Operator, "/api/v1/groups", body).await.problem(),
        (503, "unavailable".into())
    );
    site.get(&ana, "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_full_disk_refuses_in_words_and_passes() {
    let site = site();
    let body = json!({"name": "X"});
    site.store.set_full(true);
    let before = site.everything().await;
    assert_eq!(
        site.post(&Who::Operator, "/api/v1/groups", body.clone()).await.problem(),
        (507, "disk-full".into())
    );
    assert_eq!(site.everything().await, before);
    site.get(&Who::Nobody, "/readyz").await.expect(200);
    site.store.set_full(false);
    site.post(&Who::Operator, "/api/v1/groups", body).await.expect(201);
}

#[tokio::test]
async fn figures_are_for_this_machine_and_administrators() {
    let site = site();
    let admin = site.administrator().await;
    let ana = site.person("ana").await;
    assert_eq!(site.get(&Who::Nobody, "/metrics").await.problem().0, 401);
    assert_eq!(site.get(&ana, "/metrics").await.problem().0, 403);
    for who in [&admin, &Who::Operator] {
        let text = String::from_utf8(site.get(who, "/metrics").await.expect(200).bytes).unwrap();
        assert!(text.contains("plenary_store_failed 0"), "{text}");
    }
}

#[tokio::test]
async fn verifying_names_orphans_and_damage() {
    let site = site();
    let verify =
        async || site.post(&Who::Operator, "/api/v1/admin/verify", Value::Null).await.expect(200).json();
    let group = site.group("Valdoria").await;
    let statement = site.statement(&group, "Joint submission").await;
    let found = verify().await;
    assert_eq!(found["whole"], true, "{found}");
    assert_eq!((&found["documents"], &found["statements"]), (&json!(2), &json!(1)));

    let append = async |id: u8, update: &'static [u8]| {
        let document = DocumentId::from_bytes([id; 16]);
        let record =
            NewRecord { user: UserId::SERVER, at_ms: 1, update: Bytes::from_static(update), relayed: vec![] };
        site.app.log.append(document, vec![record]).await.unwrap();
        document.to_string()
    };
    let orphan = append(1, &[0, 0]).await;
    let found = verify().await;
    assert_eq!((&found["whole"], &found["orphans"]), (&json!(true), &json!([orphan])));

    let broken = append(2, b"not an update").await;
    site.app.log.destroy(statement.body.parse().unwrap()).await.unwrap();
    let found = verify().await;
    assert_eq!(found["whole"], false);
    let whats: Vec<_> =
        found["damage"].as_array().unwrap().iter().map(|one| (&one["what"], &one["document"])).collect();
    assert_eq!(
        whats,
        [(&json!("document"), &json!(broken)), (&json!("document-missing"), &json!(statement.body))]
    );
}

#[tokio::test]
async fn only_administrators_verify() {
    let site = site();
    let ana = site.person("ana").await;
    assert_eq!(site.post(&ana, "/api/v1/admin/verify", Value::Null).await.problem().0, 403);
}

#[tokio::test]
async fn the_description_names_what_is_there_and_no_more() {
    let site = site();
    let described = site.get(&Who::Nobody, "/api/openapi.json").await.expect(200).json();
    for (path, item) in described["paths"].as_object().unwrap() {
        let methods = ["get", "post", "put", "patch", "delete"];
        for method in methods.iter().filter(|method| item[**method].is_object()) {
            let filled = path.replace(['{', '}'], "");
            let answer =
                site.ask(&Who::Nobody, method.to_uppercase().parse().unwrap(), &filled, Value::Null).await;
            assert!(!matches!(answer.status.as_u16(), 404 | 405), "{method} {path}: {}", answer.status);
        }
    }
    let routes = site.routes();
    assert!(routes.len() > 15, "{routes:?}");
    for route in routes {
        assert!(
            described["paths"].get(&route).is_some(),
            "{route} is not described: register it with `routes!`"
        );
    }
}

#[tokio::test]
async fn each_operation_has_a_name_of_its_own_and_says_what_it_answers() {
    let site = site();
    let described = site.get(&Who::Nobody, "/api/openapi.json").await.expect(200).json();
    let mut names = std::collections::HashSet::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            let mut answers = operation["responses"].as_object().unwrap().keys();
            assert!(
                answers.any(|status| status.starts_with(['1', '2', '3'])),
                "{method} {path} never succeeds"
            );
        }
    }
    for used in used_components(&described) {
        assert!(described.pointer(&used).is_some(), "{used} is named and not there");
    }
}

#[tokio::test]
async fn the_description_is_a_page_too_without_scripts() {
    let site = site();
    let page = site.get(&Who::Nobody, "/api/").await.expect(200);
    let html = String::from_utf8(page.bytes).unwrap();
    for path in ["/api/v1/session", "/sync/{document}"] {
        assert!(html.contains(&path.replace('/', "/<wbr>")), "{path}");
    }
    for needs_more in ["<script", "<style", "style=", "onclick", "http://", "https://"] {
        assert!(!html.contains(needs_more), "{needs_more}");
    }
    // Each link leads somewhere on the page.
    for target in html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
    }
    site.get(&Who::Nobody, "/api/page.css").await.expect(200);
    assert_eq!(site.get(&Who::Nobody, "/api").await.expect(308).headers[header::LOCATION], "/api/");
}

/// What the description refers to, as JSON pointers.
fn used_components(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("$ref", Value::String(reference)) => vec![reference.trim_start_matches('#').to_owned()],
                _ => used_components(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(used_components).collect(),
        _ => Vec::new(),
    }
}
