// SPDX-License-Identifier: MPL-2.0
//! The forms of the page, filled with curl.

use std::process::Command;

use crate::server::Server;

/// A person who has signed in at the page.
pub struct Browser {
    base: String,
    cookies: String,
    csrf: String,
}

/// The page that answers a form.
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Browser {
    /// Signs in with the first token.
    pub fn sign_in(server: &Server) -> Self {
        Self::sign_in_with(server, "cookies", &server.token())
    }

    /// Signs in with a token. The cookies are kept in a file of that name.
    pub fn sign_in_with(server: &Server, file: &str, token: &str) -> Self {
        let cookies = server.folder.join(file).display().to_string();
        let mut browser = Self {
            base: server.base(),
            cookies,
            csrf: String::new(),
        };
        let signed_in = browser.post("/login", &[("token", token)]);
        assert_eq!(signed_in.status, 303, "{}", signed_in.text);
        let page = browser.get("/contents");
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        browser.csrf = rest.split('"').next().unwrap().to_owned();
        browser
    }

    /// The token of the session for forms.
    pub fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The header that carries the session, as curl has stored it.
    pub fn cookie(&self) -> String {
        let stored = std::fs::read_to_string(&self.cookies).unwrap();
        let value = stored.lines().last().unwrap().split('\t').next_back();
        format!("session={}", value.unwrap())
    }

    pub fn get(&self, path: &str) -> String {
        self.load(path).text
    }

    pub fn load(&self, path: &str) -> Answer {
        self.curl(&[], path)
    }

    /// Sends a form.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
        let fields: Vec<String> = fields.chain([format!("csrf={}", self.csrf)]).collect();
        let data: Vec<&str> = fields
            .iter()
            .flat_map(|field| ["--data-urlencode", field])
            .collect();
        self.curl(&data, path)
    }

    fn curl(&self, arguments: &[&str], path: &str) -> Answer {
        let done = Command::new("curl")
            .args(["-s", "-b", &self.cookies, "-c", &self.cookies])
            .args(["-w", "\n%{http_code}"])
            .args(arguments)
            .arg(format!("{}{path}", self.base))
            .output()
            .unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        let (text, status) = said.rsplit_once('\n').unwrap();
        Answer {
            status: status.parse().unwrap(),
            text: text.to_owned(),
        }
    }
}
