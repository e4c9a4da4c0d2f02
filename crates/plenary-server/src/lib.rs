//! HTTP and WebSocket around rooms.
//!
//! [`App`] is everything a request may need. The binary hands in the stores, the settings and the web app's
//! files; `routes` is the HTTP interface, `websocket` and `rooms` carry the documents.

pub mod auth;
pub mod clock;
pub mod config;
pub mod directory;
pub mod error;
pub mod health;
pub mod limits;
pub mod metrics;
pub mod rooms;
pub mod routes;
pub mod serve;
pub mod tls;
pub mod verify;
pub mod websocket;

use std::{collections::HashMap, ops::Deref, sync::Arc};

use plenary_storage::{Cells, DocumentLog};

pub use crate::routes::{Asset, Assets};

use crate::{
    auth::{Identity, Via},
    clock::Clock,
    config::Config,
    directory::Directory,
    health::{Health, Watched},
    limits::Limits,
    rooms::{Affected, Rooms, RoomsSettings},
    verify::StoreCheck,
    websocket::Connections,
};

/// Everything a request may need. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<AppParts>);

/// The parts of [`App`].
pub struct AppParts {
    /// The settings.
    pub config: Arc<Config>,
    /// The documents. A final failure of either store is noted in `health` wherever it surfaces.
    pub log: Arc<dyn DocumentLog>,
    /// The small values.
    pub cells: Arc<dyn Cells>,
    /// Users, groups, statements, sessions.
    pub directory: Directory,
    /// The open rooms.
    pub rooms: Rooms,
    /// The open sockets.
    pub connections: Connections,
    /// What is used of what may be.
    pub limits: Limits,
    /// Whether the process may go on.
    pub health: Health,
    /// The time.
    pub clock: Clock,
    /// Tries to sign in.
    pub(crate) throttle: auth::Throttle,
    /// What reads the store's own pieces, if it can.
    pub(crate) store_check: Option<Arc<dyn StoreCheck>>,
    /// Places for documents on their way over HTTP.
    pub(crate) states: Arc<tokio::sync::Semaphore>,
    /// Held while everything is being read.
    pub(crate) verifying: tokio::sync::Mutex<()>,
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

impl App {
    /// A server over these stores; nothing is open yet.
    pub fn new(config: Config, log: Arc<dyn DocumentLog>, cells: Arc<dyn Cells>, clock: Clock) -> Self {
        let config = Arc::new(config);
        let health = Health::default();
        let log: Arc<dyn DocumentLog> = Arc::new(Watched { store: log, health: health.clone() });
        let cells: Arc<dyn Cells> = Arc::new(Watched { store: cells, health: health.clone() });
        let directory = Directory::new(Arc::clone(&cells), Arc::clone(&config), clock.clone());
        let settings = RoomsSettings {
            idle_after: config.room_idle.0,
            snapshot_tail_bytes_min: config.snapshot_tail_bytes,
            snapshot_age_max: config.snapshot_age.0,
            document_bytes_max: config.document_bytes_max,
            participants_max: config.connections_per_document_max,
        };
        let rooms = Rooms::new(Arc::clone(&log), clock.clone(), settings);
        let connections = Connections::default();
        let limits = Limits::new(&config);
        Self(Arc::new(AppParts {
            config,
            log,
            cells,
            directory,
            rooms,
            connections,
            limits,
            health,
            clock,
            throttle: auth::Throttle::default(),
            store_check: None,
            states: Arc::new(tokio::sync::Semaphore::new(routes::STATES_MAX)),
            verifying: tokio::sync::Mutex::new(()),
        }))
    }

    /// Lets `check` take part in verifying. To be called before the app is shared.
    #[must_use]
    pub fn with_store_check(mut self, check: Arc<dyn StoreCheck>) -> Self {
        Arc::get_mut(&mut self.0).expect("nobody has the app yet").store_check = Some(check);
        self
    }

    /// Carries a committed change of rights through to open sockets. Once this returns it holds there, too.
    pub(crate) async fn rights_changed(&self, affected: Affected) {
        self.rooms.access_changed(affected, &self.directory).await;
    }

    /// Looks at the sign-ins behind open sockets: notes the use of those by which somebody writes, and closes the
    /// sockets of those that have ended, because nobody wrote for too long, or in any other way.
    pub async fn look_after_sessions(&self) {
        let mut rest_on: HashMap<Via, (Identity, u64)> = HashMap::new();
        for (identity, wrote_at_ms) in self.rooms.present() {
            let (_, last) = rest_on.entry(identity.via).or_insert((identity, 0));
            *last = wrote_at_ms.max(*last);
        }
        for (via, (identity, wrote_at_ms)) in rest_on {
            if let Via::Session(hash) = via
                && wrote_at_ms > 0
                && let Err(error) = self.directory.note_use_at(hash, wrote_at_ms).await
            {
                tracing::debug!(%error, "the use of a session was not written down");
            }
            match self.directory.holds(&identity).await {
                Ok(true) => {}
                Ok(false) => self.rights_changed(Affected::User(identity.user)).await,
                // Asked again soon.
                Err(error) => tracing::debug!(%error, "a session was not looked at"),
            }
        }
    }
}
