//! What stands between the writer and the readers: passes pushes on, or loses, doubles and delays them. Must never
//! change a byte of one, nor come between the readers and anybody else.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::wire::{end_of_head, length_of_body};

/// The longest message that is expected.
const MESSAGE_BYTES: usize = 64 * 1024;
/// The longest that a push or the second copy of one is held back: a later one overtakes it meanwhile.
const DELAY_MS: u64 = 2500;
/// Seed of the dice that decide about pushes.
const SEED: u64 = u64::MAX - 7;

/// What becomes of pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// All arrive.
    Fair,
    /// None does.
    Cut,
    /// Some are lost, some arrive twice, some late and in another order.
    Rough,
}

/// What becomes of one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Passed,
    Lost,
    Doubled(Duration),
    Delayed(Duration),
}

impl Fate {
    fn draw(weather: Weather, dice: &Dice) -> Self {
        let late = || Duration::from_millis(dice.below(DELAY_MS + 1));
        match (weather, dice.below(100)) {
            (Weather::Cut, _) | (Weather::Rough, 0..30) => Self::Lost,
            (Weather::Rough, 30..50) => Self::Doubled(late()),
            (Weather::Rough, 50..80) => Self::Delayed(late()),
            (Weather::Fair | Weather::Rough, _) => Self::Passed,
        }
    }
}

/// How many pushes met which fate.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) passed: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) doubled: AtomicU64,
    pub(super) delayed: AtomicU64,
}

/// A place between the writer and each reader. All of it ends when dropped.
#[derive(Debug)]
pub(super) struct Links {
    urls: Vec<String>,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    weather: Mutex<Weather>,
    dice: Dice,
    counts: Counts,
    /// Known only when the readers are there.
    readers: OnceLock<Vec<SocketAddr>>,
}

impl Links {
    /// Listens for so many readers; pushes are lost until [`Links::lead_to`].
    pub(super) async fn listen(readers: u16) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            weather: Mutex::new(Weather::Fair),
            dice: Dice::seeded(SEED),
            counts: Counts::default(),
            readers: OnceLock::new(),
        });
        let mut urls = Vec::new();
        let mut accepting = JoinSet::new();
        for reader in 0..usize::from(readers) {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            urls.push(format!("http://{}", listener.local_addr()?));
            accepting.spawn(accept(listener, reader, Arc::clone(&shared)));
        }
        Ok(Self {
            urls,
            shared,
            _accepting: accepting,
        })
    }

    /// Where the writer is to find the readers.
    pub(super) fn urls(&self) -> Vec<String> {
        self.urls.clone()
    }

    /// From now on pushes go to these readers.
    pub(super) fn lead_to(&self, readers: Vec<SocketAddr>) {
        // Only the first time; the readers keep their addresses.
        let _ = self.shared.readers.set(readers);
    }

    /// From now on this becomes of pushes.
    pub(super) fn change(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap_or_else(PoisonError::into_inner) = weather;
    }

    /// What became of them so far.
    pub(super) fn counts(&self) -> &Counts {
        &self.shared.counts
    }
}

async fn accept(listener: TcpListener, reader: usize, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((writer, _)) = listener.accept().await {
        let link = Link {
            writer,
            reader: None,
            number: reader,
            shared: Arc::clone(&shared),
        };
        connections.spawn(async move { drop(link.carry().await) });
        while connections.try_join_next().is_some() {}
    }
}

/// One connection of the writer.
#[derive(Debug)]
struct Link {
    writer: TcpStream,
    reader: Option<TcpStream>,
    number: usize,
    shared: Arc<Shared>,
}

impl Link {
    /// Carries pushes and answers until somebody hangs up; a lost push makes the link do so itself.
    async fn carry(mut self) -> io::Result<()> {
        self.writer.set_nodelay(true)?;
        loop {
            let push = read_message(&mut self.writer).await?;
            let weather = *self.shared.weather.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = &self.shared.counts;
            let counter = match Fate::draw(weather, &self.shared.dice) {
                Fate::Passed => &counts.passed,
                Fate::Lost => {
                    counts.lost.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                Fate::Doubled(later) => {
                    self.send_again(push.clone(), later);
                    &counts.doubled
                }
                Fate::Delayed(late) => {
                    // The writer may give up meanwhile; the push arrives all the same.
                    sleep(late).await;
                    &counts.delayed
                }
            };
            counter.fetch_add(1, Ordering::Relaxed);
            let answer = self.forward(&push).await?;
            self.writer.write_all(&answer).await?;
        }
    }

    fn send_again(&self, push: Vec<u8>, later: Duration) {
        let (shared, number) = (Arc::clone(&self.shared), self.number);
        tokio::spawn(async move {
            sleep(later).await;
            let mut reader = connect(&shared, number).await?;
            reader.write_all(&push).await?;
            read_message(&mut reader).await
        });
    }

    async fn forward(&mut self, push: &[u8]) -> io::Result<Vec<u8>> {
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => connect(&self.shared, self.number).await?,
        };
        reader.write_all(push).await?;
        let answer = read_message(&mut reader).await?;
        self.reader = Some(reader);
        Ok(answer)
    }
}

async fn connect(shared: &Shared, number: usize) -> io::Result<TcpStream> {
    let address = shared.readers.get().and_then(|readers| readers.get(number));
    let address = address.ok_or(io::ErrorKind::NotConnected)?;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A request or an answer, whole.
async fn read_message(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        if from.read_buf(&mut message).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = end_of_head(&message)
            && message.len() >= end + length_of_body(&message[..end])?
        {
            return Ok(message);
        }
        if message.len() > MESSAGE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH: &[u8] = b"POST /internal/coherence HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n[1]";

    async fn reader(pushes: usize) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..pushes {
                assert_eq!(read_message(&mut stream).await.unwrap(), PUSH);
                stream.write_all(ANSWER).await.unwrap();
            }
        });
        (address, serving)
    }

    #[tokio::test]
    async fn in_fair_weather_pushes_and_answers_arrive_as_they_are_and_after_a_cut_none_does() {
        let links = Links::listen(1).await.unwrap();
        let (address, serving) = reader(2).await;
        links.lead_to(vec![address]);
        let at = links.urls()[0].trim_start_matches("http://").to_owned();
        let mut writer = TcpStream::connect(&at).await.unwrap();
        for _ in 0..2 {
            writer.write_all(PUSH).await.unwrap();
            assert_eq!(read_message(&mut writer).await.unwrap(), ANSWER);
        }
        serving.await.unwrap();
        links.change(Weather::Cut);
        writer.write_all(PUSH).await.unwrap();
        assert!(read_message(&mut writer).await.is_err());
        let counts = links.counts();
        let [passed, lost] = [&counts.passed, &counts.lost].map(|count| count.load(Ordering::Relaxed));
        assert_eq!((passed, lost), (2, 1));
    }

    #[test]
    fn in_rough_weather_every_fate_is_met_and_in_other_weather_only_one() {
        let dice = Dice::seeded(1);
        let fates = |weather| (0..200).map(|_| Fate::draw(weather, &dice)).collect::<Vec<_>>();
        assert!(fates(Weather::Fair).iter().all(|fate| *fate == Fate::Passed));
        assert!(fates(Weather::Cut).iter().all(|fate| *fate == Fate::Lost));
        let rough = fates(Weather::Rough);
        assert!(rough.contains(&Fate::Passed) && rough.contains(&Fate::Lost));
        assert!(rough.iter().any(|fate| matches!(fate, Fate::Doubled(_))));
        assert!(rough.iter().any(|fate| matches!(fate, Fate::Delayed(_))));
    }
}
