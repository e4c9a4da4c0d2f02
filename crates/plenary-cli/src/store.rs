//! The store this binary comes with.

use std::{fs, os::unix::fs::DirBuilderExt, path::Path, sync::Arc};

use anyhow::Context;
use plenary_server::{
    App,
    clock::Clock,
    config::Config,
    verify::{StoreCheck, StoreReport},
};
use plenary_storage::{BoxFuture, StoreError};
use plenary_storage_sled::{OpenError, Options, SledStore};

const DIRECTORY: &str = "store";

/// Opens the store in the data directory, making both if need be, and puts an app over it. The reserve is the one of
/// the settings.
pub(crate) async fn open(config: Config, options: Options) -> anyhow::Result<(App, Arc<SledStore>)> {
    private_directory(&config.data_dir)?;
    let directory = config.data_dir.join(DIRECTORY);
    // The data directory may have been there before, and be open to others.
    private_directory(&directory)?;
    let options = Options { reserve_bytes: config.disk_reserve_bytes, ..options };
    let store = tokio::task::spawn_blocking(move || SledStore::open(directory, options)).await??;
    let store = Arc::new(store);
    let app = App::new(config, store.clone(), store.clone(), Clock::default())
        .with_store_check(Arc::new(Check(Arc::clone(&store))));
    Ok((app, store))
}

/// What is damaged, if that is why the store could not be opened.
pub(crate) fn damage(error: &anyhow::Error) -> Option<String> {
    match error.downcast_ref::<OpenError>()? {
        damage @ (OpenError::Corrupt { .. } | OpenError::BehindWitness { .. }) => Some(damage.to_string()),
        OpenError::Locked { .. } | OpenError::Io { .. } | OpenError::Format { .. } => None,
    }
}

/// Whether anything was ever stored here.
pub(crate) fn exists(data_dir: &Path) -> bool {
    data_dir.join(DIRECTORY).exists()
}

/// What is drafted here is for the groups alone, so nobody else on the machine gets to look.
fn private_directory(path: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).with_context(|| format!("cannot make the data directory {}", path.display()))
}

struct Check(Arc<SledStore>);

impl StoreCheck for Check {
    fn check(&self) -> BoxFuture<'_, Result<StoreReport, StoreError>> {
        Box::pin(async move {
            let report = self.0.verify().await;
            let damage =
                report.findings.into_iter().map(|found| format!("{}: {}", found.place, found.reason));
            Ok(StoreReport { records: report.records, damage: damage.collect() })
        })
    }
}
