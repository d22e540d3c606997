// SPDX-License-Identifier: MPL-2.0
//! Requests to the server.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;
use ureq::tls::TlsConfig;

/// A client of the server.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
}

/// A response of the server.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

/// A request under construction.
pub struct Asking<'a> {
    client: &'a Client,
    request: ureq::http::request::Builder,
}

impl Client {
    pub fn new(base: &str, token: Option<&str>) -> Self {
        Self::over(base, token, TlsConfig::builder().build())
    }

    pub fn over(base: &str, token: Option<&str>, tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .tls_config(tls)
            .build();
        Self {
            agent: config.into(),
            base: base.to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// Returns the same client with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    pub fn ask(&self, method: &str, path: &str) -> Asking<'_> {
        let uri = format!("{}{path}", self.base);
        let request = ureq::http::Request::builder().method(method).uri(uri);
        let request = match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        Asking {
            client: self,
            request,
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path).json(body)
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask("PUT", path).json(body)
    }
}

impl Asking<'_> {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self {
            request: self.request.header(name, value),
            ..self
        }
    }

    pub fn json(self, body: &Value) -> Answer {
        let asking = self.header("content-type", "application/json");
        asking.body(body.to_string())
    }

    pub fn send(self) -> Answer {
        self.body(String::new())
    }

    pub fn body(self, body: String) -> Answer {
        self.try_body(body).unwrap()
    }

    /// Returns an error if there is no response.
    pub fn try_body(self, body: String) -> Result<Answer, ureq::Error> {
        let request = self.request.body(body).unwrap();
        let mut answer = self.client.agent.run(request)?;
        let text = answer.body_mut().read_to_string()?;
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text,
        })
    }
}

impl Answer {
    /// Checks the status and returns the body.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks the status and returns the problem.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.json(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text
        );
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem
    }
}
