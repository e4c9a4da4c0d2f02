//! The arrows between crates and between the packages of the web client, read from the manifests and, there, from the
//! imports. A new arrow changes its table, in a commit of its own.

#[path = "../e2e/table/actors.rs"]
#[allow(dead_code)]
mod actors;
mod permissions_page;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

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

/// A package of the web client, and the packages of ours it may lean on.
const WEB_ARROWS: &[(&str, &[&str])] = &[
    ("provider", &[]),
    ("text", &[]),
    ("editor", &["text"]),
    ("embed", &["editor", "provider", "text"]),
    ("app", &["editor", "embed", "provider", "text"]),
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

/// The packages of ours that a piece of TypeScript names in quotation marks, outside of comments.
fn packages_named(source: &str) -> BTreeSet<&str> {
    let is_code = |line: &&str| !["//", "*", "/*"].iter().any(|start| line.trim_start().starts_with(start));
    source.lines().filter(is_code).flat_map(|line| line.split("'@plenary/").skip(1)).map(first_word).collect()
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or_default()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_package_of_the_web_client_leans_on_one_that_the_map_does_not_have() {
    let packages = root().join("web-client/packages");
    let mut wrong = Vec::new();
    for (name, ours) in WEB_ARROWS {
        let manifest = fs::read_to_string(packages.join(name).join("package.json")).expect("there is one");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("it is JSON");
        let declared: BTreeSet<_> = ["dependencies", "peerDependencies"]
            .iter()
            .filter_map(|section| manifest[section].as_object())
            .flat_map(|section| section.keys().filter_map(|key| key.strip_prefix("@plenary/")))
            .collect();
        for other in declared.iter().filter(|other| !ours.contains(other)) {
            wrong.push(format!("{name} leans on {other}"));
        }
        for path in sources(&packages.join(name).join("src")) {
            let source = fs::read_to_string(&path).expect("readable");
            let file = path.strip_prefix(&packages).expect("it lies there").display().to_string();
            for other in packages_named(&source).into_iter().filter(|other| !declared.contains(other)) {
                wrong.push(format!("{file} imports {other}, which its package.json does not name"));
            }
            // Around the front door, and past this table.
            for other in WEB_ARROWS.iter().map(|(other, _)| other).filter(|other| *other != name) {
                if source.contains(&format!("../{other}/")) {
                    wrong.push(format!("{file} reaches into {other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the map does not have: {wrong:#?}");
}

#[test]
fn every_package_of_the_web_client_is_on_the_map() {
    let folders: BTreeSet<_> = fs::read_dir(root().join("web-client/packages"))
        .expect("the packages are there")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("a plain name"))
        .collect();
    assert_eq!(folders, WEB_ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let source = "// from '@plenary/editor'\nimport { a } from '@plenary/text'\nawait import('@plenary/provider/store')";
    assert_eq!(packages_named(source), BTreeSet::from(["provider", "text"]));
}

#[test]
fn no_file_is_called_by_a_word_that_says_nothing() {
    let mut found = Vec::new();
    let mut folders = ["crates", "tests", "web-client/packages"].map(|folder| root().join(folder)).to_vec();
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
