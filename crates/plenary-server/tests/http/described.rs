//! Holds each answer against the interface's description.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::site::Answer;

/// The served description.
pub(crate) struct Described(Value);

impl Described {
    pub(crate) fn of(description: Value) -> Self {
        assert_eq!(description["openapi"], "3.1.0");
        Self(description)
    }

    /// Fails when `answer` has a status, a media type or a form that is not described for this request. What no route
    /// takes is described nowhere.
    pub(crate) fn expect(&self, method: &Method, path: &str, answer: &Answer) {
        let status = answer.status.as_u16().to_string();
        let Some(operation) = self.operation(method, path) else {
            let is_expected = matches!(status.as_str(), "200" | "204" | "304" | "404" | "405");
            return assert!(is_expected, "{method} {path} answers {status} and is not described");
        };
        let response = &operation["responses"][&status];
        assert!(!response.is_null(), "{method} {path} answers {status}, which is not described");
        let response = self.resolve(response);
        let content_type = answer.headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap());
        let Some(content_type) = content_type else {
            return assert!(
                response["content"].is_null(),
                "{method} {path} answers {status} without content"
            );
        };
        let media_type = content_type.split(';').next().unwrap();
        let schema = &response["content"][media_type]["schema"];
        assert!(
            !schema.is_null(),
            "{method} {path} answers {status} as {media_type}, which is not described"
        );
        if media_type.ends_with("json") {
            // References lead from the root of what is validated against.
            let schema = json!({"allOf": [schema], "components": self.0["components"]});
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&answer.json())
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{method} {path} answers {status}: {errors:?} in {}", answer.json());
        }
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Value> {
        let method = if method == Method::HEAD { "get".into() } else { method.as_str().to_lowercase() };
        let paths = self.0["paths"].as_object().unwrap();
        let templates = paths.iter().filter(|(template, _)| is_path_of(template, path));
        // `/sync/{document}` and a fixed path of the same length: the fixed one is meant.
        let (_, item) = templates.min_by_key(|(template, _)| template.matches('{').count())?;
        item.get(method)
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }
}

fn is_path_of(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(expected), Some(given)) if expected == given => {}
            (Some(expected), Some(given)) if expected.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}
