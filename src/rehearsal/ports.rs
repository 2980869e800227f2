//! The ports of the embedded servers. Addresses appear in locks, configurations and commits, and so
//! affect their digests: two rehearsals can be compared if their ports are the same.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use super::RehearsalError;

/// The package index. Below the ports that systems give out on their own.
pub(super) const INDEX: u16 = 27_411;
/// The SaaS.
pub(super) const SAAS: u16 = 27_412;

/// Listens on this loopback port, or on any that is free while another rehearsal has it.
pub(super) async fn listen(preferred: u16) -> Result<(TcpListener, SocketAddr), RehearsalError> {
    let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let bound = match at(preferred).await {
        Ok(listener) => Ok(listener),
        Err(_) => at(0).await,
    };
    let bound = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
    match bound {
        Ok((address, listener)) => Ok((listener, address)),
        Err(source) => Err(RehearsalError::Listen {
            address: format!("{}:0", Ipv4Addr::LOCALHOST),
            source,
        }),
    }
}
