//! The arrows between crates, read from the manifests. A new arrow changes this table, in a commit of its own.

use std::{collections::BTreeSet, fs, path::Path};

/// A crate, the crates of ours it may lean on, and what from outside it must never see.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("ids", &[], &["tokio", "axum", "yrs", "sled"]),
    ("protocol", &[], &["tokio", "axum", "yrs", "sled", "serde", "uuid"]),
    ("gate", &[], &["tokio", "axum", "yrs", "sled", "serde", "uuid"]),
    ("permissions", &["ids"], &["tokio", "axum", "yrs", "sled", "serde"]),
    ("statements", &["ids", "permissions"], &["tokio", "axum", "yrs", "sled"]),
    ("text", &[], &["tokio", "axum", "sled"]),
    ("room", &["ids", "protocol", "gate", "permissions"], &["tokio", "axum", "sled"]),
    ("storage", &["ids"], &["tokio", "axum", "yrs", "sled"]),
    ("storage-sled", &["ids", "storage"], &["tokio", "axum", "yrs"]),
    (
        "server",
        &["ids", "protocol", "gate", "permissions", "statements", "text", "room", "storage"],
        &["sled", "anyhow"],
    ),
    ("cli", &["server", "storage", "storage-sled"], &["yrs", "sled"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace")
}

fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).expect("the manifest is there");
    let manifest: toml::Table = text.parse().expect("the manifest is TOML");
    let mut names = BTreeSet::new();
    for section in ["dependencies", "build-dependencies"] {
        let table = manifest.get(section).and_then(toml::Value::as_table);
        names.extend(table.into_iter().flat_map(|table| table.keys().cloned()));
    }
    names
}

#[test]
fn no_arrow_that_the_map_does_not_have() {
    let mut wrong = Vec::new();
    for (name, ours, never) in ARROWS {
        let manifest = root().join(format!("crates/plenary-{name}/Cargo.toml"));
        for dependency in dependencies(&manifest) {
            match dependency.strip_prefix("plenary-") {
                Some(other) if !ours.contains(&other) => wrong.push(format!("{name} leans on {other}")),
                None if never.contains(&dependency.as_str()) => {
                    wrong.push(format!("{name} uses {dependency}"))
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the map does not have: {wrong:?}");
}

#[test]
fn every_crate_is_on_the_map() {
    let folders: BTreeSet<_> = fs::read_dir(root().join("crates"))
        .expect("the crates are there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("a plain name"))
        .collect();
    let map: BTreeSet<_> = ARROWS.iter().map(|(name, ..)| format!("plenary-{name}")).collect();
    assert_eq!(folders, map);
}

#[test]
fn no_file_is_called_by_a_word_that_says_nothing() {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() && !["node_modules", "dist"].contains(&name.as_str()) {
                folders.push(path);
            } else if ["utils", "util", "common", "manager", "helpers", "misc", "mod"]
                .contains(&name.as_str())
            {
                found.push(path);
            }
        }
    }
    assert!(found.is_empty(), "name these after their main noun: {found:?}");
}
