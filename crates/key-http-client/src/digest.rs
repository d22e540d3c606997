// SPDX-License-Identifier: MPL-2.0
//! Digest authentication, RFC 7616: MD5 and SHA-256, with `qop=auth` or none.

use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use host_access::Random;

use super::Error;

/// The method and target of a request.
pub(super) struct RequestTarget<'t> {
    pub(super) method: &'t str,
    /// Path and query, as in the request line.
    pub(super) uri: &'t str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
}

/// A supported challenge.
#[derive(Debug)]
struct Challenge {
    algorithm: Algorithm,
    /// The algorithm parameter as the server wrote it, if it did.
    algorithm_text: Option<String>,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    has_qop: bool,
}

/// Returns the Authorization header for the strongest of the challenges, with `USER:PASSWORD`; None if none is supported.
pub(super) fn answer(
    challenges: &[String],
    both: &str,
    target: &RequestTarget<'_>,
    random: &dyn Random,
) -> Result<Option<String>, Error> {
    let Some(challenge) = challenges
        .iter()
        .filter_map(|text| Challenge::read(text))
        .max_by_key(|challenge| challenge.algorithm)
    else {
        return Ok(None);
    };
    let mut cnonce = [0; 16];
    random.fill(&mut cnonce)?;
    Ok(Some(challenge.answer(both, target, &hex(&cnonce))))
}

impl Challenge {
    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("digest") {
            return None;
        }
        let parameters = read_parameters(rest)?;
        let value_of = |name: &str| {
            parameters
                .iter()
                .find(|parameter| parameter.name.eq_ignore_ascii_case(name))
                .map(|parameter| parameter.value.clone())
        };
        let algorithm_text = value_of("algorithm");
        let qop = value_of("qop");
        if qop
            .as_ref()
            .is_some_and(|list| !list.split(',').any(|qop| qop.trim() == "auth"))
        {
            return None;
        }
        Some(Self {
            algorithm: match algorithm_text
                .as_deref()
                .map(str::to_ascii_uppercase)
                .as_deref()
            {
                None | Some("MD5") => Algorithm::Md5,
                Some("SHA-256") => Algorithm::Sha256,
                Some(_) => return None,
            },
            algorithm_text,
            realm: value_of("realm")?,
            nonce: value_of("nonce")?,
            opaque: value_of("opaque"),
            has_qop: qop.is_some(),
        })
    }

    fn answer(&self, both: &str, target: &RequestTarget<'_>, cnonce: &str) -> String {
        let (user, password) = both.split_once(':').unwrap_or((both, ""));
        // A1, A2 and the response of RFC 7616, 3.4.
        let a1 = Zeroizing::new(format!("{user}:{}:{password}", self.realm));
        let a1_hash = Zeroizing::new(self.hash(&a1));
        let a2_hash = self.hash(&format!("{}:{}", target.method, target.uri));
        let nonces = match self.has_qop {
            true => format!("{}:00000001:{cnonce}:auth", self.nonce),
            false => self.nonce.clone(),
        };
        let response = self.hash(&Zeroizing::new(format!("{}:{nonces}:{a2_hash}", *a1_hash)));
        let mut header = format!(
            "Digest username={}, realm={}, uri={}, nonce={}, response=\"{response}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(target.uri),
            quoted(&self.nonce),
        );
        if let Some(algorithm) = &self.algorithm_text {
            header += &format!(", algorithm={algorithm}");
        }
        if self.has_qop {
            header += &format!(", qop=auth, nc=00000001, cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            header += &format!(", opaque={}", quoted(opaque));
        }
        header
    }

    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            Algorithm::Md5 => hex(&Md5::digest(text)),
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a quoted-string of RFC 9110, 5.6.4.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A parameter of a challenge.
struct Parameter {
    name: String,
    value: String,
}

/// Reads `name=value, name="quoted value"`. Returns None for anything else.
fn read_parameters(mut text: &str) -> Option<Vec<Parameter>> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Some(found);
        }
        let (name, rest) = text.split_once('=')?;
        let rest = rest.trim_start();
        let (value, rest) = match rest.strip_prefix('"') {
            Some(rest) => unquote(rest)?,
            None => {
                let (value, rest) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (value.trim().to_owned(), rest)
            }
        };
        found.push(Parameter {
            name: name.trim().to_owned(),
            value,
        });
        text = rest;
    }
}

/// Reads the text up to the closing quotation mark. Returns it with the rest.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use host_access::SystemRandom;

    use super::*;

    const MD5: &str = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
        nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

    fn target() -> RequestTarget<'static> {
        RequestTarget {
            method: "GET",
            uri: "/dir/index.html",
        }
    }

    // RFC 7616, 3.9.1.
    #[test]
    fn responses_are_those_of_the_rfc() {
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let responses = [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ];
        for (name, response) in responses {
            let text = MD5.replace("algorithm=MD5", &format!("algorithm={name}"));
            let challenge = Challenge::read(&text).unwrap();
            let header = challenge.answer("Mufasa:Circle of Life", &target(), cnonce);
            assert!(
                header.contains(&format!("response=\"{response}\"")),
                "{header}"
            );
            assert!(
                header.contains(&format!("algorithm={name}, qop=auth, nc=00000001")),
                "{header}"
            );
        }
    }

    // RFC 2617, 3.5, without qop: RFC 2069 as its errata has it.
    #[test]
    fn challenges_without_qop_are_answered() {
        let text =
            "digest REALM=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let challenge = Challenge::read(text).unwrap();
        let header = challenge.answer("Mufasa:CircleOfLife", &target(), "");
        assert!(
            header.contains("response=\"1949323746fe6a43ef61f9606e7febea\""),
            "{header}"
        );
        assert!(!header.contains("qop"), "{header}");
    }

    #[test]
    fn the_strongest_challenge_is_answered() {
        let strong = MD5.replace("MD5", "SHA-256");
        let header = answer(&[MD5.into(), strong], "u:p", &target(), &SystemRandom)
            .unwrap()
            .unwrap();
        assert!(header.contains("algorithm=SHA-256"), "{header}");
    }

    #[test]
    fn unsupported_challenges_are_not_answered() {
        let challenges = [
            "Basic realm=\"x\"",
            "Digest realm=\"x\"",
            "Digest nonce=\"x\"",
            "Digest",
            "Digest realm=\"x",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256",
            "Digest realm",
            "Digest realm=\"\\",
        ];
        assert!(
            answer(
                &challenges.map(str::to_owned),
                "u:p",
                &target(),
                &SystemRandom
            )
            .unwrap()
            .is_none()
        );
    }
}
