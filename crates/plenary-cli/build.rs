//! Builds the web page into the binary.
//!
//! `PLENARY_WEB` says how: `build` runs npm and fails when that fails; `skip` leaves the page out; anything else
//! is the folder of a page that is built already. Without it we try to build, and when npm is missing or fails
//! the binary serves a page that says so: nobody needs Node to work on the server.
//!
//! npm works in a copy of `web-client` below `OUT_DIR`, so that building never changes the sources, and runs only
//! when they have changed. What comes out is `OUT_DIR/web.rs`, a table of files for `src/web.rs`.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The packages of `web-client` that are in the page, by name; each below `packages`.
const PACKAGES: [&str; 5] = ["provider", "text", "editor", "embed", "app"];

/// What a package is built from, as far as it has it.
const PARTS: [&str; 6] = ["package.json", "tsconfig.json", "vite.config.ts", "index.html", "public", "src"];

/// What else npm needs; the example, because it belongs to the same lock file.
const SOURCES: [&str; 7] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "tsconfig.base.json",
    "build",
    "scripts",
    "examples/quill/package.json",
];

const NOT_BUILT: &str = include_str!("src/not-built.html");

/// Takes away the service worker that an earlier build, with the page, has left in browsers.
const NO_SERVICE_WORKER: &str = include_str!("../../web-client/packages/app/src/service-worker-off.js");

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/not-built.html");
    println!("cargo::rerun-if-changed=../../web-client/packages/app/src/service-worker-off.js");
    println!("cargo::rerun-if-env-changed=PLENARY_WEB");
    println!("cargo::rerun-if-env-changed=PLENARY_SERVICE_WORKER");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let web_client = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../web-client");
    let files = match env::var("PLENARY_WEB").as_deref() {
        Ok("skip") => Vec::new(),
        Ok("build") => build(&web_client, &out)?,
        Ok(folder) if !folder.is_empty() => {
            println!("cargo::rerun-if-changed={folder}");
            read_folder(Path::new(folder))?
        }
        _ => build(&web_client, &out).unwrap_or_else(|error| {
            println!("cargo::warning=the web page is left out: {error}");
            // A file that never exists: try again at the next build.
            println!("cargo::rerun-if-changed={}", out.join("never").display());
            Vec::new()
        }),
    };
    fs::write(out.join("web.rs"), table(files)?)?;
    Ok(())
}

/// Runs npm in a copy of `web_client` and returns the built files.
fn build(web_client: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let copy = out.join("web-client");
    // Files that are gone from the sources must be gone from the copy; what npm installed may stay.
    for folder in ["build", "examples", "packages", "scripts"] {
        if copy.join(folder).exists() {
            fs::remove_dir_all(copy.join(folder))?;
        }
    }
    let parts = |package| PARTS.iter().map(move |part| format!("packages/{package}/{part}"));
    for source in SOURCES.map(String::from).into_iter().chain(PACKAGES.into_iter().flat_map(parts)) {
        if web_client.join(&source).exists() {
            println!("cargo::rerun-if-changed={}", web_client.join(&source).display());
            copy_all(&web_client.join(&source), &copy.join(&source))?;
        }
    }
    // Installing takes most of the time and depends on the lock file alone.
    let lock = fs::read(copy.join("package-lock.json"))?;
    let installed = copy.join("node_modules/.plenary-installed");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        npm(&copy, &["ci", "--prefer-offline", "--no-audit", "--no-fund"])?;
        fs::write(&installed, &lock)?;
    }
    npm(&copy, &["run", "build"])?;
    read_folder(&copy.join("packages/app/dist"))
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm cannot be run ({error}); it comes with Node.js 20.19 or newer"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.contains("warn")).take(5).collect::<Vec<_>>().join("; ");
    Err(format!("npm {} failed: {said}", arguments.join(" ")).into())
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from, to)?;
    }
    Ok(())
}

/// The folder itself, then every file below it.
fn read_folder(root: &Path) -> Result<Vec<PathBuf>> {
    let root = fs::canonicalize(root).map_err(|error| format!("{}: {error}", root.display()))?;
    if !root.join("index.html").is_file() {
        return Err(format!("{} has no index.html", root.display()).into());
    }
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files.insert(0, root);
    Ok(files)
}

/// `FILES` as Rust source: path, media type, a hash of the content, the content.
fn table(files: Vec<PathBuf>) -> Result<String> {
    let mut source = String::from("const FILES: &[File] = &[\n");
    let mut file = |path: &str, bytes: &[u8], content: &str| {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let hash = hasher.finish();
        let kind = media_type(path);
        writeln!(
            source,
            "File {{ path: {path:?}, content_type: {kind:?}, etag: \"{hash:016x}\", bytes: {content} }},"
        )
    };
    match files.split_first() {
        None => {
            for (path, text) in [("index.html", NOT_BUILT), ("sw.js", NO_SERVICE_WORKER)] {
                file(path, text.as_bytes(), &format!("{text:?}.as_bytes()"))?;
            }
        }
        Some((root, files)) => {
            for full in files {
                let path = full.strip_prefix(root)?.components();
                let path: Vec<_> = path.map(|part| part.as_os_str().to_string_lossy()).collect();
                file(&path.join("/"), &fs::read(full)?, &format!("include_bytes!({full:?})"))?;
            }
        }
    }
    source.push_str("];\n");
    Ok(source)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
