// SPDX-License-Identifier: MPL-2.0
//! The connections of each address, so that one client cannot take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::server::client_network::client_network;

/// The open connections by address, up to a limit for each.
pub struct AddressShares {
    open: Arc<Mutex<ByAddress>>,
    limit: AtomicUsize,
}

/// The number of open connections of each address that has any.
type ByAddress = HashMap<IpAddr, usize>;

/// A connection's part in the share of its address, until it is dropped.
pub struct AddressShare {
    open: Arc<Mutex<ByAddress>>,
    address: IpAddr,
}

impl AddressShares {
    /// Starts without connections.
    pub fn new(limit: usize) -> Self {
        Self {
            open: Arc::default(),
            limit: AtomicUsize::new(limit),
        }
    }

    /// Sets the share of each address, for further connections.
    pub fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Adds a connection; None if its address has its share already.
    pub fn enter(&self, address: IpAddr) -> Option<AddressShare> {
        let (address, limit) = (client_network(address), self.limit.load(Ordering::Relaxed));
        let mut open = lock(&self.open);
        let count = open.entry(address).or_default();
        if *count >= limit {
            tracing::debug!(%address, limit, "connection refused: its address has too many");
            return None;
        }
        *count += 1;
        if *count == limit {
            tracing::info!(%address, limit, "more connections of this address are refused: see --max-connections-per-address");
        }
        Some(AddressShare {
            open: Arc::clone(&self.open),
            address,
        })
    }
}

impl Drop for AddressShare {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

fn lock(open: &Mutex<ByAddress>) -> MutexGuard<'_, ByAddress> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_gets_it_back() {
        let shares = AddressShares::new(2);
        let here: IpAddr = "192.0.2.1".parse().unwrap();
        let first = shares.enter(here);
        let mapped = shares.enter("::ffff:192.0.2.1".parse().unwrap());
        assert!(first.is_some() && mapped.is_some());
        assert!(shares.enter(here).is_none());
        assert!(shares.enter("192.0.2.2".parse().unwrap()).is_some());
        drop(first);
        assert!(shares.enter(here).is_some());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share() {
        let shares = AddressShares::new(1);
        let share = shares.enter("2001:db8::1".parse().unwrap());
        assert!(share.is_some());
        assert!(shares.enter("2001:db8::2".parse().unwrap()).is_none());
        assert!(shares.enter("2001:db8:0:1::".parse().unwrap()).is_some());
    }
}
