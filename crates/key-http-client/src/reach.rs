// SPDX-License-Identifier: MPL-2.0
//! The networks that a server may be in. Without this limit, a user who may enter an address could make this machine send requests to
//! other machines inside its firewall (OWASP, "Server-Side Request Forgery"). The limit applies to the address that is connected to,
//! so that a name cannot resolve to another one after a check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The networks that a server may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any.
    Anywhere,
    /// Public networks, without a proxy.
    PublicOnly,
}

/// A resolver that leaves out addresses that are not public.
#[derive(Debug, Default)]
pub(super) struct PublicResolver(DefaultResolver);

/// The error for a name without public addresses, with the first of its addresses.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a public address")]
pub(super) struct NotPublicError(pub(super) IpAddr);

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        for address in found.iter().filter(|found| is_public(found.ip())) {
            public.push(*address);
        }
        match found.first() {
            Some(first) if public.is_empty() => {
                Err(ureq::Error::Other(NotPublicError(first.ip()).into()))
            }
            _ => Ok(public),
        }
    }
}

/// Returns true if IANA's registries of special-purpose addresses do not have the address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // This network, private use, loopback, multicast, reserved, broadcast.
        [0 | 10 | 127 | 224.., ..] => false,
        // Carrier-grade NAT, 100.64.0.0/10.
        [100, second, ..] => second & 0xc0 != 64,
        [169, 254, ..] | [192, 168, ..] => false,
        [172, second, ..] => second & 0xf0 != 16,
        // Protocol assignments, documentation, 6to4 relays, benchmarks.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => false,
        [198, 51, 100, _] | [203, 0, 113, _] => false,
        _ => true,
    }
}

/// Global unicast is 2000::/3. An address that contains one of IPv4 reaches that one.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64, RFC 6052.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Protocol assignments (Teredo among them), documentation, 6to4.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002, ..] => false,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Addresses of each block of IANA's IPv4 and IPv6 Special-Purpose Address Registries.
    const SPECIAL: &str = "0.0.0.0 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1
        172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
        239.255.255.255 240.0.0.1 255.255.255.255
        :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1
        64:ff9b:1::8.8.8.8 100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1";

    // Well-known hosts, and the addresses next to those blocks.
    const PUBLIC: &str = "1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.1.1 198.17.0.1 223.255.255.255
        64:ff9b::8.8.8.8 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1";

    #[test]
    fn only_public_addresses_are_reached() {
        for (texts, expected) in [(SPECIAL, false), (PUBLIC, true)] {
            for text in texts.split_whitespace() {
                assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
            }
        }
    }
}
