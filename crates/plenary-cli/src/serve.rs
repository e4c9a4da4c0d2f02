//! `plenary serve`: opens the store, listens, and ends in order.

use std::{io, sync::Arc, time::Duration};

use anyhow::Context;
use plenary_server::{
    App,
    config::Config,
    serve::{Ending, Listeners, OperatorListener, serve},
    tls::Tls,
};
use plenary_storage_sled::{Options, SledStore};
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use crate::{
    STORE_FAILED,
    demo::{self, Person},
    instance::{self, Instance},
    say, store, web,
};

// A server that was told to end may still be writing.
const LOCK_WAIT: Duration = Duration::from_secs(15);
const LOOK_AT_STORE_EVERY: Duration = Duration::from_secs(1);
// Reading the store's directory takes a moment.
const FIGURES_EVERY: u32 = 15;

pub(crate) async fn run(
    config: Config,
    is_demo: bool,
    accept_loss: bool,
    as_json: bool,
) -> anyhow::Result<u8> {
    // Before anything else, so that an early signal is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    // Before the store: a mistake in the files is found without waiting for it.
    let tls = match (&config.tls_cert, &config.tls_key) {
        (Some(cert), Some(key)) => Some(Arc::new(Tls::load(cert, key)?)),
        _ => None,
    };
    let listen = config.listen;
    let socket = instance::socket(&config.data_dir);
    let (app, store) =
        store::open(config, Options { lock_wait: LOCK_WAIT, accept_loss, ..Options::default() }).await?;
    let operator = match OperatorListener::bind(&socket) {
        Ok(operator) => Some(operator),
        // Too long a path, say. Commands then cannot reach the running server; everything else works.
        Err(error) => {
            tracing::warn!(%error, socket = %socket.display(), "no socket for the operator's commands");
            None
        }
    };
    let people = match is_demo {
        true => demo::prepare(&Instance::here(app.clone())).await.context("cannot prepare the demo")?,
        false => Vec::new(),
    };
    let tcp = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{}", tcp.local_addr()?);
    let reloading = tls
        .clone()
        .map(|tls| Ok::<_, anyhow::Error>(tokio::spawn(reload(tls, signal(SignalKind::hangup())?))));
    let reloading = reloading.transpose()?;
    let watching = tokio::spawn(watch_store(app.clone(), Arc::clone(&store)));

    // Behind a proxy, as the development server is, people come by another address.
    let links_at = app.config.public_url.clone().unwrap_or_else(|| address.clone());
    announce(&address, &links_at, &people, as_json)?;
    tracing::info!(address, data_dir = %app.config.data_dir.display(), "serving");
    let asked_to_end = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let listeners = Listeners { tcp, tls, operator };
    let ending = serve(app, Arc::new(web::WebApp), listeners, asked_to_end).await;
    watching.abort();
    if let Some(reloading) = reloading {
        reloading.abort();
    }
    if let Err(error) = std::fs::remove_file(&socket) {
        tracing::debug!(%error, "the operator's socket was gone already");
    }
    Ok(match ending {
        Ending::Drained | Ending::Cut => {
            tracing::info!("ended");
            0
        }
        Ending::StoreFailed => {
            tracing::error!("ended because the store failed");
            STORE_FAILED
        }
    })
}

/// Reads the certificate and its key again at each SIGHUP. Files that do not fit leave everything as it was.
async fn reload(tls: Arc<Tls>, mut hangup: Signal) {
    while hangup.recv().await.is_some() {
        match tls.reload() {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(error) => {
                let error = anyhow::Error::from(error);
                tracing::error!("the certificate was not read again, the one before stays: {error:#}");
            }
        }
    }
}

/// Says where the server listens and, in the demo, by which links at `links_at` people come in.
fn announce(address: &str, links_at: &str, people: &[Person], as_json: bool) -> io::Result<()> {
    let links_at = links_at.trim_end_matches('/');
    if as_json {
        let people: Vec<_> = people
            .iter()
            .map(
                |Person {
                     name,
                     role,
                     link_path,
                 }| {
                    json!({"name": name, "role": role, "sign_in_link": format!("{links_at}{link_path}")})
                },
            )
            .collect();
        return say(json!({"listening_on": address, "demo": people}));
    }
    say(format_args!("listening on {address}"))?;
    if !people.is_empty() {
        say("\nSign in as one of these, each in a browser (or private window) of its own:\n")?;
        for Person { name, role, link_path } in people {
            say(format_args!("  {name:<14} {role:<12} {links_at}{link_path}"))?;
        }
        say("")?;
    }
    Ok(())
}

/// The store may fail when nobody waits for it; and its figures go among the others.
async fn watch_store(app: App, store: Arc<SledStore>) {
    let mut ticks = interval(LOOK_AT_STORE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for tick in (0..FIGURES_EVERY).cycle() {
        ticks.tick().await;
        if let Some(reason) = store.failed() {
            app.health.store_failed(reason);
        }
        if tick == 0 {
            let store = Arc::clone(&store);
            // A panic in there is reported by the runtime and costs one set of figures.
            let _ = tokio::task::spawn_blocking(move || note_figures(&store)).await;
        }
    }
}

// Far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn note_figures(store: &SledStore) {
    let stats = store.stats();
    for (name, value) in [
        ("plenary_store_documents", stats.documents),
        ("plenary_store_cells", stats.cells),
        ("plenary_store_records", stats.records),
        ("plenary_store_commits", stats.commits),
        ("plenary_store_log_positions", stats.log_positions),
        ("plenary_store_disk_bytes", stats.disk_bytes),
        ("plenary_store_free_bytes", stats.free_bytes),
    ] {
        metrics::gauge!(name).set(value as f64);
    }
}
