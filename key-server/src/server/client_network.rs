// SPDX-License-Identifier: MPL-2.0
//! The network that limits count as one client.

use std::net::IpAddr;

/// Returns the address that limits use for a client's network: one site has 2^64 addresses of IPv6, which count as one.
pub fn client_network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}
