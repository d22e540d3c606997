// SPDX-License-Identifier: MPL-2.0
//! The metrics of the server, in the text format of Prometheus.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::delivery::{CircuitState, TargetCircuit};
use crate::store_health::{KeyCount, StoreHealth};

type Labels = Vec<(&'static str, String)>;
type Seconds = Gauge<f64, AtomicU64>;

/// The metrics.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    latency: Family<Labels, Histogram>,
    keys: Family<Labels, Gauge>,
    pending: Gauge,
    given_up: Gauge,
    open: Family<Labels, Gauge>,
    ready: Gauge,
    risks: Gauge,
    lag: Seconds,
    boundary: Seconds,
    steps: Counter,
}

/// Makes a histogram from 0.5 ms to 2 s.
fn histogram() -> Histogram {
    Histogram::new([
        0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0,
    ])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("playready_packager"),
            requests: Family::default(),
            latency: Family::new_with_constructor(histogram),
            keys: Family::default(),
            pending: Gauge::default(),
            given_up: Gauge::default(),
            open: Family::default(),
            ready: Gauge::default(),
            risks: Gauge::default(),
            lag: Seconds::default(),
            boundary: Seconds::default(),
            steps: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "requests",
            "Requests by route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time to answer by route",
            Unit::Seconds,
            self.latency.clone(),
        );
        registry.register("keys", "Keys by state", self.keys.clone());
        registry.register(
            "deliveries_pending",
            "Deliveries that no target has acknowledged yet",
            self.pending.clone(),
        );
        registry.register(
            "deliveries_given_up",
            "Deliveries that are not tried again",
            self.given_up.clone(),
        );
        registry.register(
            "target_open",
            "1 while a target fails repeatedly and its keys wait",
            self.open.clone(),
        );
        registry.register(
            "ready",
            "1 while the server can do its work, as /readyz says",
            self.ready.clone(),
        );
        registry.register(
            "risks",
            "Settings by which acknowledged keys may be lost: the warnings of /readyz",
            self.risks.clone(),
        );
        registry.register_with_unit(
            "delivery_lag",
            "Age of the oldest delivery that is pending",
            Unit::Seconds,
            self.lag.clone(),
        );
        registry.register_with_unit(
            "next_boundary",
            "Time to the next start of a crypto period of any content; -1: none rotates",
            Unit::Seconds,
            self.boundary.clone(),
        );
        registry.register(
            "store_steps",
            "Steps of SQLite's virtual machine for statements on the store; 0 with PostgreSQL",
            self.steps.clone(),
        );
        self.boundary.set(-1.0);
    }

    /// Counts a request.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        let route = ("route", route.to_owned());
        self.requests
            .get_or_create(&vec![route.clone(), ("status", status.to_string())])
            .inc();
        self.latency
            .get_or_create(&vec![route])
            .observe(took.as_secs_f64());
    }

    /// Sets the time to the next start of a crypto period; None if no content rotates keys.
    pub fn next_boundary(&self, left: Option<Duration>) {
        self.boundary
            .set(left.map_or(-1.0, |left| left.as_secs_f64()));
    }

    /// Sets the steps of the store's statements.
    pub fn steps(&self, total: u64) {
        self.steps.inner().store(total, Ordering::Relaxed);
    }

    /// Sets whether the server can do its work.
    pub fn ready(&self, is_ready: bool) {
        self.ready.set(is_ready.into());
    }

    /// Sets the number of settings by which acknowledged keys may be lost.
    pub fn risks(&self, count: usize) {
        self.risks.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Returns all metrics as text, with the current ones of the store.
    pub fn text(
        &self,
        health: &StoreHealth,
        circuits: &[TargetCircuit],
        now: SystemTime,
    ) -> String {
        for KeyCount { state, count } in &health.keys {
            self.keys
                .get_or_create(&vec![("state", state.name().to_owned())])
                .set(gauge(*count));
        }
        // Targets that are gone have no metric.
        self.open.clear();
        for TargetCircuit { target, status } in circuits {
            let is_open = status.state != CircuitState::Closed;
            self.open
                .get_or_create(&vec![("target", target.clone())])
                .set(is_open.into());
        }
        self.pending.set(gauge(health.pending));
        self.given_up.set(gauge(health.given_up));
        let lag = health
            .oldest_pending
            .and_then(|since| now.duration_since(since).ok())
            .unwrap_or_default();
        self.lag.set(lag.as_secs_f64());
        let mut text = String::new();
        // A string takes all that is written.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
