//! The TLS implementation of the process: rustls with ring. Must never be chosen twice differently.

/// Chooses it; a second call does nothing. Every client and every database pool of the process uses it.
pub fn choose() {
    // Fails only when one was chosen before, which is then the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
