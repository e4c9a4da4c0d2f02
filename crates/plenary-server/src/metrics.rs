//! Figures for operators, in Prometheus' text form. There is no port of their own: they are a route.

use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::{App, health::Fitness};

// From a cached answer to a password check.
const SECONDS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];

/// The process's recorder, put in place by the first call.
///
/// Should another recorder have been put in place before, that one gets the figures and ours stays empty.
pub fn handle() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .expect("there are buckets");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is in place");
        }
        describe_counter!("plenary_http_requests_total", "HTTP requests answered");
        describe_histogram!("plenary_http_request_seconds", Unit::Seconds, "Time to answer an HTTP request");
        describe_counter!("plenary_tls_refused_total", "TCP connections that did not agree on TLS");
        describe_gauge!("plenary_connections", "WebSockets open");
        describe_counter!("plenary_messages_received_total", "Messages that rooms have taken in");
        describe_counter!("plenary_updates_accepted_total", "Updates handed to the store");
        describe_counter!("plenary_received_bytes_total", Unit::Bytes, "Received over WebSockets");
        describe_counter!("plenary_sent_bytes_total", Unit::Bytes, "Sent over WebSockets");
        describe_histogram!("plenary_durable_seconds", Unit::Seconds, "Time for a batch to be on disk");
        describe_gauge!("plenary_rooms", "Rooms in memory");
        describe_gauge!("plenary_participants", "Participants in all rooms");
        describe_gauge!("plenary_mailbox_bytes", Unit::Bytes, "Messages waiting in mailboxes");
        describe_counter!("plenary_updates_refused_total", "Step 2s and updates that were not merged, by why");
        describe_counter!("plenary_closed_total", "WebSockets, or documents on them, ended by us, by why");
        describe_counter!("plenary_limit_refused_total", "What was not done because of a limit");
        describe_counter!(
            "plenary_limit_slowed_total",
            "How often a connection was not read, or not answered, for a while because of a limit"
        );
        describe_counter!(
            "plenary_limit_warned_total",
            "How often one user came to a tenth of what a document may hold within an hour"
        );
        describe_gauge!("plenary_limit", "The limits, as they are set");
        describe_gauge!("plenary_waiting", "WebSockets that have shown no credential yet");
        describe_gauge!("plenary_users", "Users of whom something is counted");
        describe_gauge!("plenary_users_behind", "Users who are sent nothing more until they have taken what waits");
        describe_gauge!("plenary_large_messages", "Messages over 64 KiB that are coming in");
        describe_gauge!("plenary_memory_bytes", Unit::Bytes, "Memory that the process has");
        describe_gauge!(
            "plenary_shedding",
            "What is let go for want of memory: 1 sockets without a credential, 2 whoever wants to join, 3 presence"
        );
        describe_gauge!("plenary_store_failed", "1 once the store failed for good");
        handle
    })
}

/// Everything there is to know just now.
pub(crate) fn render(app: &App) -> String {
    let handle = handle();
    let counts = app.rooms.counts();
    let limits = app.limits.figures();
    for (limit, max) in limits.maxima {
        // Rounded, if anything is that large.
        #[allow(clippy::cast_precision_loss)]
        gauge!("plenary_limit", "limit" => limit).set(max as f64);
    }
    for (name, value) in [
        ("plenary_memory_bytes", limits.memory_bytes),
        ("plenary_shedding", limits.shedding),
        ("plenary_waiting", limits.waiting as u64),
        ("plenary_users", limits.users as u64),
        ("plenary_users_behind", limits.users_behind as u64),
        ("plenary_large_messages", limits.large_messages as u64),
    ] {
        // Far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        gauge!(name).set(value as f64);
    }
    for (name, value) in [
        ("plenary_connections", app.connections.count()),
        ("plenary_rooms", counts.rooms),
        ("plenary_participants", counts.participants),
        ("plenary_mailbox_bytes", counts.mailbox_bytes),
        ("plenary_store_failed", usize::from(app.health.fitness() == Fitness::StoreFailed)),
    ] {
        // Far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        gauge!(name).set(value as f64);
    }
    handle.render()
}
