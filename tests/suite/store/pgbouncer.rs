// SPDX-License-Identifier: MPL-2.0
//! Stores that share few connections to PostgreSQL through PgBouncer.

use std::collections::BTreeMap;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use cenc_types::KeyId;
use content_key_store::{Batcher, Error, KeyStore};
use postgres::{Client, NoTls};
use test_support::pgbouncer::{CONNECTIONS, PgBouncer, StartOptions};

use super::place::{self, Place};
use super::server::PostgresServer;
use super::shared_store::KeyService;
use super::slot;

/// The number of programs that use the store at the same time.
const PROGRAMS: usize = 2 * CONNECTIONS;
/// The number of keys that each requests.
const KEYS: u64 = 40;

/// A store, and PgBouncer before its server.
struct Pooled {
    place: Place,
    bouncer: PgBouncer,
    uri: String,
}

impl Pooled {
    fn new(test: &str, options: StartOptions, uri_options: &str) -> Option<Self> {
        let place = place::postgres(test, PostgresServer::shared(test)?);
        let bouncer = PgBouncer::start(place.server.as_ref()?, options, test)?;
        let database = place.uri.rsplit('/').next()?;
        Some(Self {
            uri: format!("{}{uri_options}", bouncer.uri(database)),
            bouncer,
            place,
        })
    }

    /// Opens the store through PgBouncer.
    fn open(&self) -> KeyStore {
        let host = host_access::Host::system();
        again(|| KeyStore::open(&self.uri, &[self.place.kek()], &host))
    }

    /// The number of connections that PostgreSQL has for the store, apart from the one that counts.
    fn connections(&self) -> i64 {
        let sql = "SELECT COUNT(*) - 1 FROM pg_stat_activity WHERE datname = current_database()";
        let mut client = Client::connect(&self.place.uri, NoTls).unwrap();
        client.query_one(sql, &[]).unwrap().get(0)
    }
}

/// Repeats what fails for a time only, as every program over the store does.
fn again<T>(mut work: impl FnMut() -> Result<T, Error>) -> T {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match work() {
            Ok(done) => return done,
            Err(error) => assert!(error.is_temporary() && Instant::now() < end, "{error}"),
        }
        sleep(Duration::from_millis(20));
    }
}

/// Requests the same keys from a store of each program, and returns the KID of each slot.
fn keys_of_all(pooled: &Pooled) -> BTreeMap<u64, KeyId> {
    let kids: Vec<_> = scope(|scope| {
        let programs: Vec<_> = (0..PROGRAMS)
            .map(|_| {
                scope.spawn(|| {
                    let store = pooled.open();
                    (0..KEYS)
                        .map(|period| {
                            let key = again(|| store.get_or_create_key(&slot("a", period)));
                            (period, key.info.kid)
                        })
                        .collect()
                })
            })
            .collect();
        programs
            .into_iter()
            .map(|program| program.join().unwrap())
            .collect()
    });
    let kids: [BTreeMap<_, _>; PROGRAMS] = kids.try_into().unwrap();
    assert!(kids.iter().all(|found| *found == kids[0]));
    kids.into_iter().next().unwrap()
}

#[test]
fn stores_share_the_connections_of_pgbouncer_in_transaction_mode() {
    for (name, options, uri_options) in [
        ("named", StartOptions::Refused, "?pooler=transaction"),
        // The store notices that a pooler is between.
        ("noticed", StartOptions::Refused, ""),
        ("noticed-later", StartOptions::Ignored, ""),
    ] {
        let test = format!("store-pgbouncer-{name}");
        let Some(pooled) = Pooled::new(&test, options, uri_options) else {
            return;
        };
        let kids = keys_of_all(&pooled);
        let direct = pooled.place.open();
        for (period, kid) in kids {
            let found = direct.kid_of(&slot("a", period)).unwrap();
            assert_eq!(found, Some(kid), "{name}");
        }
        direct.verify_audit().unwrap();
        drop(direct);
        let connections = usize::try_from(pooled.connections()).unwrap();
        assert!((1..=CONNECTIONS).contains(&connections), "{connections}");
    }
}

#[test]
fn requests_that_run_together_pass_through_pgbouncer() {
    let test = "store-pgbouncer-together";
    let Some(pooled) = Pooled::new(test, StartOptions::Refused, "?pooler=transaction") else {
        return;
    };
    let here = KeyService::of(Batcher::start(&pooled.open()).unwrap());
    let kid = here.learn("film");
    let elsewhere = KeyService::of(Batcher::start(&pooled.open()).unwrap());
    assert_eq!(elsewhere.learn("film"), kid);
    for content in 0..20 {
        let content = content.to_string();
        assert_eq!(here.learn(&content), elsewhere.learn(&content));
    }
    pooled.place.open().verify_audit().unwrap();
}

#[test]
fn pgbouncer_that_is_started_again_loses_no_key() {
    let test = "store-pgbouncer-restarted";
    let Some(mut pooled) = Pooled::new(test, StartOptions::Refused, "?pooler=transaction") else {
        return;
    };
    let store = pooled.open();
    for period in 0..3 {
        let made = again(|| store.get_or_create_key(&slot("a", period)));
        pooled.bouncer.restart();
        let found = again(|| store.get_or_create_key(&slot("a", period)));
        assert_eq!(found.info, made.info);
    }
    again(|| store.verify_audit());
}
