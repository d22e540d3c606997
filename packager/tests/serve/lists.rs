// SPDX-License-Identifier: MPL-2.0
//! Lists in pages.

use serde_json::json;

use crate::client::Answer;
use crate::server::Server;

#[test]
fn pages_lead_to_each_other_and_have_each_entry_once() {
    let server = Server::start("pages");
    let admin = server.admin();
    for index in 0..7 {
        let new = json!({"source": "random", "scheme": "cenc", "content": "film", "period": index});
        admin.post("/v1/keys", &new).json(201);
    }
    for (path, field) in [
        ("/v1/keys?limit=3&content=film", "kid"),
        ("/v1/contents/film/periods?limit=3", "index"),
    ] {
        let mut seen = Vec::new();
        let mut path = path.to_owned();
        for length in [3, 3, 1] {
            let page = admin.get(&path);
            let entries = page.json(200);
            let entries = entries.as_array().unwrap();
            assert_eq!(entries.len(), length, "{path}");
            seen.extend(entries.iter().map(|entry| entry[field].to_string()));
            let links = page.header("link").unwrap_or_default().to_owned();
            assert_eq!(links.contains("rel=\"prev\""), seen.len() > 3, "{links}");
            let next = links
                .split(", ")
                .find(|link| link.ends_with("rel=\"next\""));
            assert_eq!(next.is_some(), length == 3 && seen.len() < 7, "{links}");
            if let Some(next) = next {
                path = next[1..next.find('>').unwrap()].to_owned();
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 7);
    }
}

/// The address of another page, by its relation to this one.
fn link(page: &Answer, relation: &str) -> Option<String> {
    let end = format!("; rel=\"{relation}\"");
    let links = page.header("link").unwrap_or_default();
    let link = links.split(", ").find_map(|link| link.strip_suffix(&end))?;
    Some(link.trim_matches(['<', '>']).to_owned())
}

fn ids(page: &Answer) -> Vec<String> {
    let entries = page.json(200);
    let entries = entries.as_array().unwrap().iter();
    entries
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pages_are_read_from_the_end_while_entries_are_added() {
    let server = Server::start("pages-back");
    let admin = server.admin();
    let add = |id: &str| {
        let path = format!("/v1/contents/{id}");
        admin.put(&path, &json!({"scheme": "cenc"})).json(201);
    };
    ["b", "d", "f", "h", "j"].into_iter().for_each(add);
    let first = admin.get("/v1/contents?limit=2");
    assert_eq!(ids(&first), ["b", "d"]);
    assert_eq!((link(&first, "prev"), link(&first, "first")), (None, None));
    let last = admin.get(&link(&first, "last").unwrap());
    assert_eq!(ids(&last), ["h", "j"]);
    assert_eq!((link(&last, "next"), link(&last, "last")), (None, None));
    // No page that follows has an entry twice, or leaves one out.
    ["a", "g", "k"].into_iter().for_each(add);
    let before = admin.get(&link(&last, "prev").unwrap());
    assert_eq!(ids(&before), ["f", "g"]);
    assert_eq!(
        link(&before, "first"),
        Some("/v1/contents?limit=2".to_owned())
    );
    let again = admin.get(&link(&before, "next").unwrap());
    assert_eq!(ids(&again), ["h", "j"]);
    assert_eq!(ids(&admin.get(&link(&again, "next").unwrap())), ["k"]);
}

#[test]
fn places_that_no_list_has_given_are_refused() {
    let server = Server::start("pages-refused");
    let admin = server.admin();
    for query in [
        "/v1/keys?after=film",
        "/v1/keys?after=",
        "/v1/audit?before=1",
        "/v1/contents/film/periods?after=1.xyz.HD",
        "/v1/contents?after=a&before=b",
        "/v1/contents?last=true&before=b",
        "/v1/contents?limit=0",
        "/v1/contents?offset=1",
    ] {
        let status = admin.get(query).status;
        let expected = if query.contains("film/") { 404 } else { 400 };
        assert_eq!(status, expected, "{query}");
    }
}

#[test]
fn keys_and_audit_are_found_by_what_is_known_of_them() {
    let server = Server::start("filters");
    let admin = server.admin();
    let kid = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    let new =
        json!({"kid": kid, "source": "random", "scheme": "cbcs", "content": "a&b", "label": "HD"});
    admin.post("/v1/keys", &new).json(201);
    admin
        .post("/v1/keys", &json!({"source": "random", "scheme": "cenc"}))
        .json(201);
    // The queries have one KID in three notations, from Microsoft's DASH specification, table 2.
    for query in [
        "kid=f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "kid=f81d4fae7dec11d0a76500a0c91e6bf6",
        "kid=rk8d%2BOx90BGnZQCgyR5r9g%3D%3D",
        "content=a%26b&label=HD&state=planned",
        "label=HD",
    ] {
        let found = admin.get(&format!("/v1/keys?{query}")).json(200);
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}");
        assert_eq!(found[0]["kid"]["uuid"], kid, "{query}");
    }
    for (query, is_found) in [
        ("object=f81d4fae&actor=admin", true),
        (
            "since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00%2B01:00",
            false,
        ),
        ("since=2020-01-01T00:00:00Z", true),
        ("actor=nobody", false),
    ] {
        let found = admin.get(&format!("/v1/audit?limit=1&{query}")).json(200);
        assert_eq!(!found.as_array().unwrap().is_empty(), is_found, "{query}");
    }
}
