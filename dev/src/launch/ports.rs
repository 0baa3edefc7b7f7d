//! The ports that the services will listen on. Must never hold one longer than it takes to see that it is free.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use shared::random::Random;

use super::error::LaunchError;
use crate::free_ports::listen_on_any;

const READ_OPTION: &str = "--read-port";
const WRITE_OPTION: &str = "--write-port";

/// Ports of 127.0.0.1 that nobody listened on just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) writer: u16,
    pub(super) readers: Vec<u16>,
}

impl Ports {
    /// The writer's port, and those of `readers` readers from `read_port` on. 0 stands for any free ones.
    pub(super) fn assign(
        read_port: u16,
        readers: u16,
        write_port: u16,
        random: &Random,
    ) -> Result<Self, LaunchError> {
        let read_ports: Vec<u16> = match read_port {
            0 => vec![0; readers.into()],
            first => (first..=u16::MAX).take(readers.into()).collect(),
        };
        let collide = write_port != 0 && read_ports.contains(&write_port);
        if collide || read_ports.len() < readers.into() {
            return Err(LaunchError::Ports {
                read_port,
                readers,
                write_port,
            });
        }
        // All are held until the last is found, so that none is chosen twice; those asked for before any free ones.
        let hold_writer = || listen(write_port, WRITE_OPTION, random);
        let hold_readers = || {
            let held = read_ports.iter().map(|port| listen(*port, READ_OPTION, random));
            held.collect::<Result<Vec<_>, _>>()
        };
        let (writer, readers) = if write_port == 0 {
            let readers = hold_readers()?;
            (hold_writer()?, readers)
        } else {
            (hold_writer()?, hold_readers()?)
        };
        Ok(Self {
            writer: port_of(&writer)?,
            readers: readers.iter().map(port_of).collect::<Result<_, _>>()?,
        })
    }
}

fn listen(port: u16, option: &'static str, random: &Random) -> Result<TcpListener, LaunchError> {
    if port == 0
        && let Some(listener) = listen_on_any(random)
    {
        return Ok(listener);
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => LaunchError::PortInUse { port, option },
        _ => LaunchError::Port { port, option, source },
    })
}

fn port_of(listener: &TcpListener) -> Result<u16, LaunchError> {
    let address = listener.local_addr().map_err(|source| LaunchError::System {
        doing: "find a free port",
        source,
    })?;
    Ok(address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_all_different() {
        let ports = Ports::assign(0, 32, 0, &Random::system()).unwrap();
        let mut all = ports.readers.clone();
        all.push(ports.writer);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 33);
        assert!(!all.contains(&0));
    }

    #[test]
    fn a_port_that_is_in_use_is_named_with_the_option_that_changes_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = port_of(&taken).map(|port| (port, taken)).unwrap();
        for (read_port, write_port, expected) in [(taken.0, 0, READ_OPTION), (0, taken.0, WRITE_OPTION)] {
            let refused = Ports::assign(read_port, 1, write_port, &Random::system()).unwrap_err();
            assert!(
                matches!(refused, LaunchError::PortInUse { port, option } if port == taken.0 && option == expected),
                "{refused}"
            );
        }
    }

    #[test]
    fn ports_that_run_into_one_another_or_over_the_end_are_refused() {
        for (read_port, readers, write_port) in [(8080, 1, 8080), (8080, 11, 8090), (65_530, 7, 8090)] {
            let refused = Ports::assign(read_port, readers, write_port, &Random::system()).unwrap_err();
            assert!(matches!(refused, LaunchError::Ports { .. }), "{refused}");
        }
    }
}
