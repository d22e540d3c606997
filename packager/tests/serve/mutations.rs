// SPDX-License-Identifier: MPL-2.0
//! Thousands of requests with damaged parts, from a fixed seed: the server answers each without a panic and without status 500.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::browser::Browser;
use crate::server::Server;

/// The requests of a run, unless `PLAYREADY_MUTATIONS` has another number: `scripts/mutate-requests` sends 12,000.
const REQUESTS: u64 = 1500;

/// A request before it is damaged.
struct Sample {
    line: String,
    kind: &'static str,
    body: String,
}

/// Texts that are inserted: numbers at the ends of their types, times that no calendar has, and what grammars do not allow.
const TEXTS: [&str; 24] = [
    "\0",
    "%00",
    "%",
    "%ff",
    "-1",
    "0",
    "9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "1e999",
    "9999-12-31T23:59:59Z",
    "-9999-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "[]",
    "{}",
    "null",
    "&#x0;",
    "<!DOCTYPE x>",
    "\u{202e}",
    "\u{feff}",
    "\"",
    "00000000-0000-0000-0000-000000000000",
    "AAAAAAAAAAAAAAAAAAAAAA==",
];

/// The generator xorshift64*, by Vigna's "An experimental exploration of Marsaglia's xorshift generators, scrambled".
struct Generator(u64);

impl Generator {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    /// Damages a text in one to three places.
    fn damage(&mut self, text: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            if text.is_empty() {
                return;
            }
            let at = self.below(text.len());
            let end = (at + 1 + self.below(24)).min(text.len());
            match self.below(6) {
                0 => text[at] ^= 1 << self.below(8),
                1 => drop(text.drain(at..end)),
                2 => {
                    let again = text[at..end].to_vec();
                    text.splice(at..at, again);
                }
                3 => text.truncate(at),
                // A number or a word of the text becomes another.
                4 => {
                    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.:".contains(byte);
                    let begin = text[..at]
                        .iter()
                        .rposition(|byte| !is_word(byte))
                        .map_or(0, |found| found + 1);
                    let end = text[at..]
                        .iter()
                        .position(|byte| !is_word(byte))
                        .map_or(text.len(), |found| at + found);
                    let other = TEXTS[self.below(TEXTS.len())];
                    text.splice(begin..end.max(begin), other.bytes());
                }
                _ => {
                    let other = TEXTS[self.below(TEXTS.len())];
                    text.splice(at..at, other.bytes());
                }
            }
        }
    }
}

/// A request of SPEKE 2.0.
const SPEKE: &str = "<cpix:CPIX contentId=\"film\" version=\"2.3\" xmlns:cpix=\"urn:dashif:org:cpix\"><cpix:ContentKeyList><cpix:ContentKey \
    kid=\"11111111-1111-4111-8111-111111111111\" commonEncryptionScheme=\"cenc\"/></cpix:ContentKeyList><cpix:DRMSystemList>\
    <cpix:DRMSystem systemId=\"9a04f079-9840-4286-ab92-e65be0885f95\" kid=\"11111111-1111-4111-8111-111111111111\"><cpix:PSSH/>\
    <cpix:ContentProtectionData/></cpix:DRMSystem></cpix:DRMSystemList><cpix:ContentKeyPeriodList><cpix:ContentKeyPeriod id=\"p\" \
    index=\"7\"/></cpix:ContentKeyPeriodList><cpix:ContentKeyUsageRuleList><cpix:ContentKeyUsageRule \
    kid=\"11111111-1111-4111-8111-111111111111\" intendedTrackType=\"SD\"><cpix:KeyPeriodFilter periodId=\"p\"/><cpix:VideoFilter \
    maxPixels=\"589824\"/></cpix:ContentKeyUsageRule></cpix:ContentKeyUsageRuleList></cpix:CPIX>";

/// Requests of each kind of route: the first line and the body, in which SPEKE stands for a document and CSRF for the token of forms. None
/// of them ends the account that sends them.
const SAMPLES: &str = r#"
GET /v1/keys?limit=10&after=1767225600000.10000000-1000-1000-1000-100000000001&content=film&state=active
GET /v1/audit?limit=10&since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z&action=read
GET /v1/keys/10000000-1000-1000-1000-100000000001
GET /v1/contents/film/periods?limit=5&before=7.ctr.SD
GET /v1/contents/film/preview
POST /v1/contents/film/rotate {}
PUT /v1/contents/film {"scheme":"cenc","la_url":"https://la.test/","crypto_period_ms":86400000,"tracks":[{"selector":"sd","label":"SD"}]}
POST /v1/keys {"kid":"10000000-1000-1000-1000-100000000001","source":"random","scheme":"cenc","content":"other","label":"ALL","period":3}
POST /v1/seeds {"name":"s","seed":"XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I"}
PUT /v1/targets/t {"url":"https://license.example.com/keys","timeout":10,"credentials":"bearer x"}
POST /v1/cpix {"document":"SPEKE","scheme":"cenc"}
POST /v1/contents/film/cpix {"recipient":{"clear":"a test"},"version":"2.4"}
POST /v1/accounts/admin/tokens {"label":"t","expires":"2030-01-01T00:00:00Z"}
POST /speke SPEKE
GET /keys?kid=&state=active&last=true
GET /contents/film?after=7.ctr.SD
GET /audit?since=2026-01-31T23:59&until=2026-02-01T23:59&actor=admin&before=1767225600000.5
POST /new-key/check CSRF&source=entered&key=0011&kid=10000000-1000-1000-1000-100000000001&scheme=cenc&content=film&label=SD&period=1
POST /contents/film/settings CSRF&scheme=cenc&crypto_period=1h&tracks=sd+%3D+SD&ds_id=&anyway=yes
POST /accounts/admin/tokens CSRF&label=t&lifetime=1d
"#;

/// Returns the requests for somebody at the page.
fn samples(browser: &Browser) -> Vec<Sample> {
    SAMPLES
        .trim()
        .lines()
        .map(|sample| {
            let mut parts = sample.splitn(3, ' ');
            let line = format!("{} {}", parts.next().unwrap(), parts.next().unwrap());
            let body = parts.next().unwrap_or_default();
            let (kind, document) = match body.get(..1) {
                Some("{") => ("application/json", SPEKE.replace('"', "\\\"")),
                Some("S") => ("application/xml", SPEKE.to_owned()),
                _ => ("application/x-www-form-urlencoded", String::new()),
            };
            let guard = format!("csrf={}", browser.csrf());
            Sample {
                line,
                kind,
                body: body.replace("SPEKE", &document).replace("CSRF", &guard),
            }
        })
        .collect()
}

/// Damages a sample, and returns the bytes of the request. What identifies its sender stays as it is, or every other one would only be a
/// bad request.
fn damaged(sample: &Sample, generator: &mut Generator, sender: &str) -> Vec<u8> {
    let mut line = sample.line.clone().into_bytes();
    let mut body = sample.body.clone().into_bytes();
    if body.is_empty() || generator.below(4) == 0 {
        generator.damage(&mut line);
    }
    generator.damage(&mut body);
    let head = format!(
        " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\nX-Speke-Version: 2.0\r\n{sender}\r\n",
        sample.kind,
        body.len()
    );
    [line.as_slice(), head.as_bytes(), &body].concat()
}

#[test]
fn damaged_requests_cause_no_panic_and_no_status_500() {
    let server = Server::start("mutations");
    let admin = server.admin();
    let content = serde_json::json!({"scheme": "cenc", "crypto_period_ms": 86_400_000, "tracks": [{"selector": "sd", "label": "SD"}]});
    admin.put("/v1/contents/film", &content).json(201);
    let browser = Browser::sign_in(&server);
    let samples = samples(&browser);
    let count =
        std::env::var("PLAYREADY_MUTATIONS").map_or(REQUESTS, |count| count.parse().unwrap());
    let mut generator = Generator(0x9e37_79b9_7f4a_7c15);
    let sender = format!(
        "Authorization: Bearer {}\r\nCookie: {}\r\n",
        server.token(),
        browser.cookie()
    );
    let mut answered = 0_u32;
    for number in 0..count {
        let sample = &samples[generator.below(samples.len())];
        let request = damaged(sample, &mut generator, &sender);
        let answer = exchange(&server.address, &request);
        assert!(
            !answer.starts_with("HTTP/1.1 500 "),
            "request {number}: {}\n{answer}\n{}",
            String::from_utf8_lossy(&request),
            server.said()
        );
        answered += u32::from(answer.starts_with("HTTP/1.1 2"));
    }
    // Else the damage would be so large that nothing behind the first check was reached.
    assert!(
        u64::from(answered) * 20 > count,
        "only {answered} of {count} were done"
    );
    admin.get("/v1/keys").json(200);
    admin.get("/v1/audit/verify").json(200);
    let said = server.said();
    assert!(!said.contains("panicked"), "{said}");
}

/// Sends a request and returns the response; an empty one if the server closes the connection.
fn exchange(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    // The server may have answered and closed before it has all.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
