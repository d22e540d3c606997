// SPDX-License-Identifier: MPL-2.0
//! Many processes on one store, and processes that are killed. Each runs this binary again. `PLAYREADY_STORE_SOAK=1` makes
//! the tests long: 1,000 periods in SQLite too, 2,000 writes with 200 kills, and one more kill of a re-wrap.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cenc_types::{CipherMode, Scheme};
use content_key_store::{Content, KekSource, KeyFilter, KeyState, KeyStore, NewKey};
use key_server::deliveries::{self, Claim};

use super::place::{Place, places};
use super::{ALL, hex, new_key, slot, writes};

const JOB: &str = "PLAYREADY_STORE_JOB";

fn soak(short: u64, long: u64) -> u64 {
    let is_long = std::env::var_os("PLAYREADY_STORE_SOAK").is_some();
    if is_long { long } else { short }
}

/// Runs this binary with another job.
pub fn helper(job: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "store::processes::job",
        "--exact",
        "--ignored",
        "--nocapture",
    ]);
    command
        .env(JOB, job)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

pub fn start(place: &Place, job: &str) -> Child {
    let kek = place.kek_path("kek");
    helper(&format!("{job}\t{}\t{}", place.uri, kek.display()))
        .spawn()
        .unwrap()
}

/// The lines that a helper prints itself.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = lines.map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("> ").map(str::to_owned))
}

#[test]
#[ignore = "started by other tests"]
fn job() {
    let Ok(job) = std::env::var(JOB) else { return };
    let words: Vec<&str> = job.split('\t').collect();
    match *words.as_slice() {
        ["agree", periods, uri, kek] => agree(&open(uri, kek), periods.parse().unwrap()),
        ["write", uri, kek] => write(&open(uri, kek)),
        ["claim", uri, kek] => claim(&open(uri, kek)),
        ["re-wrap", new, uri, kek] => re_wrap(uri, kek, new),
        ["hand-off", url, certificate, uri, kek] => {
            super::handoff::job(&open(uri, kek), url, certificate);
        }
        ["credential", uri, name] => {
            KeyStore::open(
                uri,
                &[KekSource::Credential(name.to_owned())],
                &host_access::Host::system(),
            )
            .unwrap();
            say("opened");
        }
        _ => panic!("{job}"),
    }
}

fn open(uri: &str, kek: &str) -> KeyStore {
    KeyStore::open(
        uri,
        &[KekSource::File(kek.into())],
        &host_access::Host::system(),
    )
    .unwrap()
}

/// Writes a line at once, so that the reader gets it whole even if this process is killed.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n> {text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn agree(store: &KeyStore, periods: u64) {
    for period in 0..periods {
        let key = store.get_or_create_key(&slot("channel", period)).unwrap();
        say(&format!(
            "{period} {} {} {}",
            key.info.kid,
            hex(key.key.as_bytes()),
            key.is_new
        ));
    }
}

/// Writes to the store until it is killed, and prints each write that the store acknowledges.
fn write(store: &KeyStore) {
    loop {
        say(&writes::write(store));
    }
}

/// Takes deliveries one by one until none is left.
fn claim(store: &KeyStore) {
    let one = Claim {
        target: None,
        limit: 1,
        lease: Duration::from_secs(600),
    };
    while let Some(delivery) = deliveries::claim(store, &one).unwrap().pop() {
        say(&delivery.kid.to_string());
        store.acknowledge(&delivery.kid, &delivery.target).unwrap();
    }
}

fn re_wrap(uri: &str, kek: &str, new: &str) {
    let sources = [kek, new].map(|path| KekSource::File(path.into()));
    let store = KeyStore::open(uri, &sources, &host_access::Host::system()).unwrap();
    say("begins");
    store.rewrap(&KekSource::File(new.into())).unwrap();
    say("wrapped");
}

#[test]
fn eight_processes_agree_on_every_key() {
    for place in places("store-agree") {
        // With a file, writers wait for the disk at each key. The tests' server does not wait.
        let periods = if place.is_sqlite() {
            soak(100, 1000)
        } else {
            1000
        };
        let mut children: Vec<_> = (0..8)
            .map(|_| start(&place, &format!("agree\t{periods}")))
            .collect();
        let mut keys = BTreeMap::new();
        let (mut made, mut answers) = (0, 0);
        for child in &mut children {
            for line in lines(child) {
                let words: Vec<&str> = line.split(' ').collect();
                let key = (words[1].to_owned(), words[2].to_owned());
                let known = keys
                    .entry(words[0].to_owned())
                    .or_insert_with(|| key.clone());
                assert_eq!(*known, key, "period {}", words[0]);
                made += u64::from(words[3] == "true");
                answers += 1;
            }
        }
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!((made, answers), (periods, 8 * periods));
        let distinct: BTreeSet<_> = keys.values().map(|(_, key)| key).collect();
        assert_eq!(distinct.len() as u64, periods);
        // There is one row for the creation of the store, and one for each answer.
        assert_eq!(place.open().verify_audit().unwrap().rows, 8 * periods + 1);
    }
}

#[test]
fn each_delivery_is_claimed_by_one_process() {
    let count = soak(100, 1000);
    for place in places("store-claimants") {
        let store = place.open();
        let mut content = Content::new("channel", Scheme::Cenc);
        content.targets = vec!["one".to_owned()];
        store.put_content(&content).unwrap();
        let mut kids = BTreeSet::new();
        for period in 0..count {
            let made = store.get_or_create_key(&slot("channel", period)).unwrap();
            kids.insert(made.info.kid.to_string());
        }
        let mut children: Vec<_> = (0..4).map(|_| start(&place, "claim")).collect();
        let claimed: Vec<_> = children.iter_mut().flat_map(lines).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(claimed.len() as u64, count);
        assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>(), kids);
        let delivered = KeyFilter {
            state: Some(KeyState::Delivered),
            ..KeyFilter::default()
        };
        assert_eq!(store.keys(&delivered, &ALL).unwrap().len() as u64, count);
    }
}

#[test]
fn killed_writer_loses_nothing_that_was_acknowledged() {
    let goal = soak(200, 2000);
    for place in places("store-killed") {
        drop(place.open());
        let mut acknowledged = Vec::new();
        for kill in 0_u64.. {
            let mut child = start(&place, "write");
            let mut lines = lines(&mut child);
            let count = usize::try_from(1 + kill * 7 % 19).unwrap();
            acknowledged.extend(lines.by_ref().take(count));
            // The kill comes at some point of the next write.
            std::thread::sleep(Duration::from_micros(kill * 1037 % 5000));
            child.kill().unwrap();
            child.wait().unwrap();
            acknowledged.extend(lines);
            if acknowledged.len() as u64 >= goal {
                break;
            }
        }
        let store = place.open();
        assert!(store.verify_audit().unwrap().rows > goal);
        for line in &acknowledged {
            writes::check(&store, line);
        }
        writes::check_whole(&store);
        store.verify_audit().unwrap();
    }
}

#[test]
fn killed_re_wrap_leaves_the_old_key_or_the_new_one() {
    for place in places("store-killed-rewrap") {
        let store = place.open();
        let keys: Vec<_> = (0..100).map(|_| new_key(CipherMode::Ctr)).collect();
        for (key, _) in &keys {
            store.insert(key, &[]).unwrap();
        }
        let paths = [place.kek_path("kek"), place.kek_path("new")];
        let open = |paths: &[PathBuf]| {
            let sources: Vec<_> = paths.iter().cloned().map(KekSource::File).collect();
            KeyStore::open(&place.uri, &sources, &host_access::Host::system())
        };
        for milliseconds in 0..soak(4, 20) {
            let mut child = start(&place, &format!("re-wrap\t{}", paths[1].display()));
            let mut lines = lines(&mut child);
            lines.next().unwrap();
            std::thread::sleep(Duration::from_millis(milliseconds));
            child.kill().unwrap();
            child.wait().unwrap();
            check_keys(&open(&paths).unwrap(), &keys);
            let opened = paths.chunks(1).filter(|one| open(one).is_ok()).count();
            assert_eq!(opened, 1, "one of the two keys opens the store");
        }
        open(&paths)
            .unwrap()
            .rewrap(&KekSource::File(paths[1].clone()))
            .unwrap();
        let store = open(&paths[1..]).unwrap();
        check_keys(&store, &keys);
        store.verify_audit().unwrap();
        assert!(open(&paths[..1]).is_err());
    }
}

fn check_keys(store: &KeyStore, keys: &[(NewKey, [u8; 16])]) {
    // Only some keys are checked: each check adds a row to the audit.
    for (key, bytes) in keys.iter().step_by(23) {
        assert_eq!(store.key(&key.kid).unwrap().key.as_bytes(), bytes);
    }
}
