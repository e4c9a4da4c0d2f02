//! A document's state over HTTP.

use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use plenary_text::read_body;
use yrs::{
    ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::site::{Site, Statement, Who, site};

async fn with_text() -> (Site, Who, Statement) {
    let site = site();
    let group = site.group("Valdoria").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let statement = site.statement(&group, "Joint submission").await;
    (site, ana, statement)
}

#[tokio::test]
async fn the_state_is_the_text_that_was_imported() {
    let (site, ana, statement) = with_text().await;
    let answer = site.get(&ana, &format!("/api/v1/documents/{}/state", statement.body)).await.expect(200);
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/octet-stream");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(read_body(&answer.bytes).unwrap().plain_text(), "One\nTwo words.\n");
}

#[tokio::test]
async fn a_state_vector_asks_for_the_rest_only() {
    let (site, ana, statement) = with_text().await;
    let path = format!("/api/v1/documents/{}/state", statement.body);
    let state = site.get(&ana, &path).await.expect(200).bytes;
    let doc = plenary_text::new_doc();
    doc.transact_mut().apply_update(Update::decode_v1(&state).unwrap()).unwrap();
    let everything = doc.transact().state_vector().encode_v1();
    for (have, expected) in [(everything, vec![0, 0]), (StateVector::default().encode_v1(), state)] {
        let sv = URL_SAFE_NO_PAD.encode(have);
        assert_eq!(site.get(&ana, &format!("{path}?sv={sv}")).await.expect(200).bytes, expected);
    }
    for bad in ["!", "_w", "AAAA", "gICAgICAgICAgAE"] {
        let answer = site.get(&ana, &format!("{path}?sv={bad}")).await;
        assert_eq!(answer.problem(), (400, "malformed".into()), "{bad}");
    }
}

#[tokio::test]
async fn the_state_is_compressed_for_those_who_take_it() {
    let (site, ana, statement) = with_text().await;
    let request = Request::get(format!("/api/v1/documents/{}/state", statement.body))
        .header(header::ACCEPT_ENCODING, "gzip")
        .body(Body::empty());
    let answer = site.send(&ana, request.unwrap()).await.expect(200);
    assert_eq!(answer.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(answer.bytes[..2], [0x1f, 0x8b]);
}
