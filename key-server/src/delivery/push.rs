// SPDX-License-Identifier: MPL-2.0
//! Claims a delivery, posts it, and records the target's answer.

use std::time::Duration;

use cenc_types::KeyId;
use content_key_store::KeySlot;
use cpix::{Version, WrapKey};
use key_http_client::{Error as HttpError, Request, pause};

use super::error::Failure;
use super::target::Line;
use super::{KeyUse, Outcome, Push, document};
use crate::deliveries::{self, Claim, Delivery, FailedDelivery};

/// The longest interval between attempts, also if a target requests a longer one.
const LONGEST: Duration = Duration::from_secs(300);

/// The shortest word that is masked in a target's answer, because it might be a key.
const LONG_WORD: usize = 16;

/// A delivery that was tried.
pub(super) struct Delivered {
    pub(super) push: Push,
    /// The wait that the target demanded.
    pub(super) demanded: Option<Duration>,
}

/// Claims deliveries of a target that are due, at most `limit`, for the time `lease`.
pub(super) fn claim(
    line: &Line,
    limit: u32,
    lease: Duration,
) -> Result<Vec<Delivery>, content_key_store::Error> {
    deliveries::claim(
        &line.store,
        &Claim {
            target: Some(&line.name),
            limit,
            lease,
        },
    )
}

/// Posts a claimed delivery, and records its outcome. Returns None if it was cancelled: then it is due again at once.
pub(super) fn deliver(
    line: &Line,
    delivery: &Delivery,
) -> Result<Option<Delivered>, content_key_store::Error> {
    let mut demanded = None;
    let outcome = match send(line, &delivery.kid) {
        Ok(()) => {
            line.store.acknowledge(&delivery.kid, &line.name)?;
            Outcome::Acknowledged
        }
        Err(Failure::Http(HttpError::Cancelled)) => {
            deliveries::release(&line.store, &delivery.kid, &line.name)?;
            return Ok(None);
        }
        // The store itself failed; the delivery comes back when the lease ends.
        Err(Failure::Store(error)) if error.is_temporary() => return Err(error),
        Err(failure) => {
            demanded = failure.demanded_wait();
            postpone(line, delivery, failure)?
        }
    };
    Ok(Some(Delivered {
        push: Push {
            kid: delivery.kid,
            target: line.name.clone(),
            outcome,
        },
        demanded,
    }))
}

/// Posts the key, once for each content that has it. A later attempt may post all of them again.
fn send(line: &Line, kid: &KeyId) -> Result<(), Failure> {
    let slots = line.store.slots_of(kid)?;
    if slots.is_empty() {
        return post(line, kid, &[]);
    }
    slots
        .chunk_by(|a, b| a.content_id == b.content_id)
        .try_for_each(|slots| post(line, kid, slots))
}

fn post(line: &Line, kid: &KeyId, slots: &[KeySlot]) -> Result<(), Failure> {
    let content = slots
        .first()
        .map(|slot| line.store.content(&slot.content_id))
        .transpose()?;
    let key_use = KeyUse {
        key: line.store.key(kid)?,
        slots: slots.to_vec(),
    };
    let mut document = document(content.as_ref(), vec![key_use]);
    if let Some(recipient) = &line.recipient {
        document.encrypt_to(&[recipient as &dyn WrapKey], &*line.store.host().random)?;
    }
    Ok(line.transport.deliver(
        &line.server,
        &Request {
            headers: Vec::new(),
            body: document.to_xml(Version::V2_3)?.as_bytes(),
        },
    )?)
}

fn postpone(
    line: &Line,
    delivery: &Delivery,
    failure: Failure,
) -> Result<Outcome, content_key_store::Error> {
    let failed = |error, retry| FailedDelivery {
        kid: &delivery.kid,
        target: &line.name,
        error,
        retry,
    };
    let (is_final, wait) = (failure.is_final(), failure.demanded_wait());
    let error = describe(failure);
    if is_final {
        deliveries::fail(&line.store, &failed(&error, None))?;
        return Ok(Outcome::GivenUp { error });
    }
    let attempts = u32::try_from(delivery.attempts).unwrap_or(u32::MAX);
    let until = line.store.host().clock.system_time()
        + pause(attempts, LONGEST, wait, &*line.store.host().random)?;
    deliveries::fail(&line.store, &failed(&error, Some(until)))?;
    Ok(Outcome::Postponed { error, until })
}

/// Returns the text for the operator.
fn describe(mut failure: Failure) -> String {
    if let Failure::Http(HttpError::Refused { text, .. }) = &mut failure {
        *text = without_long_words(text);
    }
    failure.to_string()
}

/// Replaces words that are long enough for a key, in hex or base64, by stars.
fn without_long_words(text: &str) -> String {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = match is_inner(first) {
            true => rest.find(|c| !is_inner(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(len);
        out.push_str(if len >= LONG_WORD { "***" } else { word });
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_key_is_not_repeated() {
        for (said, shown) in [
            (
                "no key 00112233445566778899aabbccddeeff here",
                "no key *** here",
            ),
            (
                "<PlainValue>ABEiM0RVZneImaq7zN3u/w==</PlainValue>",
                "<PlainValue>***</PlainValue>",
            ),
            (
                "KID 0c1d2e3f-4051-6273-8495-a6b7c8d9eafb: unknown",
                "KID 0c1d2e3f-4051-6273-8495-a6b7c8d9eafb: unknown",
            ),
            ("Schlüssel fehlt", "Schlüssel fehlt"),
            ("", ""),
        ] {
            assert_eq!(without_long_words(said), shown);
        }
    }
}
