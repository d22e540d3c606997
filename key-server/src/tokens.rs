// SPDX-License-Identifier: MPL-2.0
//! Tokens, with which accounts sign in. The store keeps only a MAC of each, under a key that is not in the database. A reader of the
//! database gets no token, and the time of a look-up reveals nothing about one.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cenc_types::KeyId;
use content_key_store::{Error as StoreError, KeyStore, Row, SignedRow, Transaction, check_name};
use host_access::Random;
use zeroize::Zeroizing;

use crate::accounts::{self, Account, AccountError};

/// Separates the MACs of tokens from those of other texts.
const KIND: &str = "token";
/// The prefix of a token, by which scanners find leaked secrets.
const PREFIX: &str = "prp_";
/// The length of a token from elsewhere, in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=1024;

macro_rules! columns {
    () => {
        "id, account, label, created, expires, revoked"
    };
}

/// The data of a token without the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id, a UUID.
    pub id: String,
    /// The name of its account.
    pub account: String,
    /// Its purpose, as the operator has described it.
    pub label: String,
    /// The time when it was made.
    pub created: SystemTime,
    /// The time when it expires; None for never.
    pub expires: Option<SystemTime>,
    /// The time when it was revoked.
    pub revoked: Option<SystemTime>,
}

/// A token that was just made.
pub struct IssuedToken {
    /// Its data.
    pub info: TokenInfo,
    /// The token itself, which cannot be shown again.
    pub token: Zeroizing<String>,
}

/// Makes a token of 256 random bits for an account. It cannot be shown again.
///
/// # Errors
/// [`AccountError::NoAccount`], [`content_key_store::Error::BadName`] for the label.
pub fn issue(
    store: &KeyStore,
    account: &str,
    label: &str,
    expires: Option<SystemTime>,
) -> Result<IssuedToken, AccountError> {
    check_name("token's label", label)?;
    let token = generate(&*store.host().random)?;
    let info = store.write("new token", account, |transaction| {
        let info = store_row(
            transaction,
            &NewToken {
                account,
                label,
                token: &token,
                expires,
            },
        )?;
        let result = format!("token {}", info.id);
        Ok::<_, AccountError>((info, result))
    })?;
    Ok(IssuedToken { info, token })
}

/// Adds a token from elsewhere, of 32 to 1024 visible ASCII characters. Adding it to the same account again changes nothing.
///
/// # Errors
/// [`AccountError::BadToken`], [`AccountError::TokenTaken`] for one that is another account's, [`AccountError::TokenEnded`], [`AccountError::NoAccount`],
/// [`content_key_store::Error::BadName`] for the label.
pub fn add(
    store: &KeyStore,
    account: &str,
    label: &str,
    token: &str,
) -> Result<TokenInfo, AccountError> {
    check_name("token's label", label)?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) || !LENGTHS.contains(&token.len()) {
        return Err(AccountError::BadToken);
    }
    store.write("put token", account, |transaction| {
        let (info, verb) = match find(transaction, token)? {
            Some(info) if info.account == account && info.is_valid(transaction.now()) => {
                (info, "was there")
            }
            Some(info) if info.account == account => return Err(AccountError::TokenEnded),
            Some(_) => return Err(AccountError::TokenTaken),
            None => (
                store_row(
                    transaction,
                    &NewToken {
                        account,
                        label,
                        token,
                        expires: None,
                    },
                )?,
                "added",
            ),
        };
        let result = format!("token {} {verb}", info.id);
        Ok((info, result))
    })
}

/// Lists the tokens of an account, the newest first, including revoked and expired ones.
///
/// # Errors
/// If the database fails.
pub fn list(store: &KeyStore, account: &str) -> Result<Vec<TokenInfo>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM token WHERE account = $1 ORDER BY created DESC, id DESC"
    );
    store
        .read(|transaction| transaction.run(sql, &[account.into()]))?
        .into_iter()
        .map(|mut row| TokenInfo::from_row(&mut row))
        .collect()
}

/// Revokes a token for good. Revoking it again changes nothing.
///
/// # Errors
/// [`AccountError::NoToken`], [`AccountError::LastAdmin`].
pub fn revoke(store: &KeyStore, id: &str) -> Result<(), AccountError> {
    // An unknown id may be a token by mistake, which must not get into the audit.
    store
        .read(|transaction| transaction.one("SELECT id FROM token WHERE id = $1", &[id.into()]))?
        .ok_or(AccountError::NoToken)?;
    store.write("revoke token", id, |transaction| {
        let account = accounts::keep_admin(transaction, |transaction| {
            let now = transaction.now();
            let sql =
                "UPDATE token SET revoked = COALESCE(revoked, $2) WHERE id = $1 RETURNING account";
            Ok(transaction
                .one(sql, &[id.into(), now.into()])?
                .ok_or(AccountError::NoToken)?
                .text()?)
        })?;
        transaction.sign(SignedRow::Token(id))?;
        Ok(((), format!("of {account}")))
    })
}

/// Returns the account of a token; None when the token is unknown, revoked or expired, or its account is disabled. It writes no row
/// in the audit.
///
/// # Errors
/// If the database fails.
pub fn account_of(store: &KeyStore, token: &str) -> Result<Option<Account>, AccountError> {
    store.read(|transaction| {
        let Some(info) = find(transaction, token)? else {
            return Ok(None);
        };
        let account = accounts::load(transaction, &info.account)?;
        let is_usable =
            account.disabled.is_none() && info.is_valid(transaction.host().clock.system_time());
        Ok(is_usable.then_some(account))
    })
}

/// Returns a new token of 256 random bits.
///
/// # Errors
/// If the operating system has no random numbers.
pub fn generate(random: &dyn Random) -> Result<Zeroizing<String>, AccountError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice())?;
    // Reserves the whole length, so that growing leaves no copy in memory.
    let mut token = Zeroizing::new(String::with_capacity(64));
    token.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut token);
    Ok(token)
}

fn find(transaction: &mut Transaction<'_>, token: &str) -> Result<Option<TokenInfo>, StoreError> {
    let mac = transaction.fingerprint(KIND, token.as_bytes());
    let Some(mut row) = transaction.one(
        concat!("SELECT ", columns!(), " FROM token WHERE mac = $1"),
        &[mac.as_slice().into()],
    )?
    else {
        return Ok(None);
    };
    let info = TokenInfo::from_row(&mut row)?;
    transaction.verify(SignedRow::Token(&info.id))?;
    Ok(Some(info))
}

/// A token to store.
struct NewToken<'a> {
    account: &'a str,
    label: &'a str,
    token: &'a str,
    expires: Option<SystemTime>,
}

fn store_row(
    transaction: &mut Transaction<'_>,
    new: &NewToken<'_>,
) -> Result<TokenInfo, AccountError> {
    accounts::load(transaction, new.account)?;
    let id = KeyId::generate(&*transaction.host().random)?.to_string();
    let mac = transaction.fingerprint(KIND, new.token.as_bytes());
    transaction.run(
        "INSERT INTO token (id, account, label, mac, created, expires) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.as_str().into(),
            new.account.into(),
            new.label.into(),
            mac.as_slice().into(),
            transaction.now().into(),
            new.expires.into(),
        ],
    )?;
    transaction.sign(SignedRow::Token(&id))?;
    let mut row = transaction
        .one(
            concat!("SELECT ", columns!(), " FROM token WHERE id = $1"),
            &[id.as_str().into()],
        )?
        .ok_or(AccountError::NoToken)?;
    Ok(TokenInfo::from_row(&mut row)?)
}

impl TokenInfo {
    fn is_valid(&self, now: SystemTime) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| end > now)
    }

    fn from_row(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.text()?,
            account: row.text()?,
            label: row.text()?,
            created: row.time()?,
            expires: row.optional_time()?,
            revoked: row.optional_time()?,
        })
    }
}
