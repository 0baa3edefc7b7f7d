//! A supplier's web server over a folder of feed files, which can fail in the ways that suppliers' servers do.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::file::FeedFolder;

/// Stands in the path of every URL, as suppliers have it; must be seen by nobody else.
pub(super) const KEY: &str = "key-0815";

/// Serves until it is dropped.
pub(super) struct FeedServer {
    pub(super) feed: FeedFolder,
    address: std::net::SocketAddr,
    counters: Arc<Counters>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Counters {
    /// What everything is answered with; 0 to serve files.
    status: AtomicU16,
    bodies_sent: AtomicU32,
}

#[derive(Clone)]
struct Shelf {
    folder: Arc<std::path::PathBuf>,
    counters: Arc<Counters>,
}

impl FeedServer {
    pub(super) async fn start(feed: FeedFolder) -> Self {
        let counters = Arc::<Counters>::default();
        let shelf = Shelf {
            folder: Arc::new(feed.text().into()),
            counters: Arc::clone(&counters),
        };
        let router = Router::new()
            .route(&format!("/{KEY}/{{file}}"), get(serve))
            .with_state(shelf);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            feed,
            address,
            counters,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the option `--feed` is given.
    pub(super) fn url(&self) -> String {
        format!("{}/{KEY}", self.origin())
    }

    /// From now on everything is answered with this status.
    pub(super) fn fail_with(&self, status: StatusCode) {
        self.counters.status.store(status.as_u16(), Ordering::SeqCst);
    }

    /// From now on files are served again.
    pub(super) fn recover(&self) {
        self.counters.status.store(0, Ordering::SeqCst);
    }

    /// How many files were sent whole.
    pub(super) fn bodies_sent(&self) -> u32 {
        self.counters.bodies_sent.load(Ordering::SeqCst)
    }
}

async fn serve(State(shelf): State<Shelf>, Path(file): Path<String>, headers: HeaderMap) -> Response<Body> {
    let answer = |status: StatusCode| Response::builder().status(status);
    if let Ok(status) = StatusCode::from_u16(shelf.counters.status.load(Ordering::SeqCst)) {
        return answer(status)
            .body(Body::from("<html>out of order</html>"))
            .unwrap();
    }
    let Ok(bytes) = std::fs::read(shelf.folder.join(file)) else {
        return answer(StatusCode::NOT_FOUND).body(Body::empty()).unwrap();
    };
    let tag = format!("\"{:x}\"", hash(&bytes));
    if headers
        .get("if-none-match")
        .is_some_and(|known| known.as_bytes() == tag.as_bytes())
    {
        return answer(StatusCode::NOT_MODIFIED).body(Body::empty()).unwrap();
    }
    shelf.counters.bodies_sent.fetch_add(1, Ordering::SeqCst);
    answer(StatusCode::OK)
        .header("etag", tag)
        .body(Body::from(bytes))
        .unwrap()
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
