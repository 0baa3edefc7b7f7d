//! Ports of 127.0.0.1 for servers that may die and come back. Must never hold one longer than its caller does.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use shared::random::Random;

/// Ports below those that systems give to outgoing connections. A client that dials a dead server on one of those
/// can, by chance, be given the very same port, connect to itself, and so keep the server from coming back.
pub(crate) const PORTS: Range<u16> = 16_384..32_768;
const TRIES: usize = 64;

/// Listens on a port that nobody listened on; nothing if none was found.
pub(crate) fn listen_on_any(random: &Random) -> Option<TcpListener> {
    (0..TRIES)
        .map(|_| PORTS.start + u16::from_be_bytes(random.bytes()) % (PORTS.end - PORTS.start))
        .find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_not_one_that_an_outgoing_connection_may_be_given() {
        let listener = listen_on_any(&Random::system()).unwrap();
        assert!(PORTS.contains(&listener.local_addr().unwrap().port()));
    }
}
