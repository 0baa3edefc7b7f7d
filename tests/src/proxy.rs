//! A TCP proxy between a service and its database that can delay, freeze or cut the link, or hold back the answers in
//! which certain bytes stand. Must never change a byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the link does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Delay(Duration),
    Freeze,
    HoldAnswersWith(Vec<u8>),
    Cut,
}

/// A proxy in front of one port of this machine. It ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    held: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.mode.send_replace(Mode::Cut);
    }
}

impl Proxy {
    /// Listens on a free port and passes everything on to `port`.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (mode, changes) = watch::channel(Mode::Pass);
        let held = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&held);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *changes.borrow() == Mode::Cut {
                    continue;
                }
                tokio::spawn(link(client, port, changes.clone(), Arc::clone(&counter)));
            }
        });
        Self {
            address,
            mode,
            held,
            accepting,
        }
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Passes everything on at once, also what was held back.
    pub fn pass(&self) {
        self.mode.send_replace(Mode::Pass);
    }

    /// Passes everything on after `delay`.
    pub fn delay(&self, delay: Duration) {
        self.mode.send_replace(Mode::Delay(delay));
    }

    /// Passes nothing on until [`Proxy::pass`]; connections stay open.
    pub fn freeze(&self) {
        self.mode.send_replace(Mode::Freeze);
    }

    /// Holds back answers of the server in which `bytes` stand, and all that follow on the same connection.
    pub fn hold_answers_with(&self, bytes: &str) {
        self.mode
            .send_replace(Mode::HoldAnswersWith(bytes.as_bytes().to_vec()));
    }

    /// Closes every connection and takes no new one.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Waits until some answer is held back.
    ///
    /// # Panics
    /// When none is within ten seconds.
    pub async fn something_is_held(&self) {
        let wait = async {
            while self.held.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .expect("an answer is held back");
    }
}

async fn link(client: TcpStream, port: u16, mode: watch::Receiver<Mode>, held: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("TCP_NODELAY");
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = mode.clone();
    let asking = pump(from_client, to_server, mode.clone(), None);
    let answering = pump(from_server, to_client, mode, Some(held));
    tokio::select! {
        () = asking => {}
        () = answering => {}
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

/// Copies bytes as the mode allows. `held` is given on the way back from the server.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut mode: watch::Receiver<Mode>,
    held: Option<Arc<AtomicUsize>>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let bytes = &buffer[..length];
        if !may_pass(bytes, &mut mode, held.as_deref()).await {
            return;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// Waits as long as the mode wants; false when the link is to end.
async fn may_pass(bytes: &[u8], mode: &mut watch::Receiver<Mode>, held: Option<&AtomicUsize>) -> bool {
    let now = mode.borrow_and_update().clone();
    match (&now, held) {
        (Mode::Delay(delay), _) => {
            tokio::time::sleep(*delay).await;
            true
        }
        (Mode::Freeze, _) => mode.wait_for(|mode| *mode != Mode::Freeze).await.is_ok(),
        (Mode::HoldAnswersWith(wanted), Some(held)) if contains(bytes, wanted) => {
            held.fetch_add(1, Ordering::SeqCst);
            let released = mode
                .wait_for(|mode| !matches!(mode, Mode::HoldAnswersWith(_)))
                .await;
            held.fetch_sub(1, Ordering::SeqCst);
            released.is_ok()
        }
        _ => true,
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
