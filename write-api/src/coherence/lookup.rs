//! Looks up the addresses that a name of readers stands for. Must never remember an answer: readers come and go.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// The addresses, or why there are none.
type Answer = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Who is asked.
#[derive(Clone)]
pub(super) struct Lookup(Arc<dyn Fn(String) -> Answer + Send + Sync>);

impl fmt::Debug for Lookup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Lookup")
    }
}

impl Lookup {
    /// The machine's resolver. It gives up in its own time, and holds a thread until then.
    pub(super) fn system() -> Self {
        Self(Arc::new(|name| {
            Box::pin(async move { Ok(tokio::net::lookup_host(name).await?.collect()) })
        }))
    }

    /// Every address of `name`, which is `host:port`.
    pub(super) async fn addresses(&self, name: String) -> io::Result<Vec<SocketAddr>> {
        (self.0)(name).await
    }
}

#[cfg(test)]
impl Lookup {
    /// Answers with what is in `known` at the moment; without addresses the name is not known.
    pub(super) fn of(known: Arc<std::sync::Mutex<Vec<SocketAddr>>>) -> Self {
        Self(Arc::new(move |_| {
            let found = known.lock().unwrap().clone();
            let answer = if found.is_empty() {
                Err(io::Error::from(io::ErrorKind::NotFound))
            } else {
                Ok(found)
            };
            Box::pin(std::future::ready(answer))
        }))
    }
}
