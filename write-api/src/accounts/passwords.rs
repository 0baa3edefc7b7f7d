//! Hashing and checking of passwords with Argon2id, off the threads that serve requests. Hashes that were imported from
//! the service before are checked by their own methods, until their owners log in.
//! Must never hash more at once than its limits allow, and never be quicker for a name that does not exist.

mod legacy;
mod memory;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc;
use shared::clock::Clock;
use shared::random::Random;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{AccountError, PasswordError};
use super::failures::{Failures, Guess, Key};
use super::limits::AccountLimits;
use super::rules::Password;
use super::shares::Shares;
use legacy::LegacyHash;
use memory::{Memories, Memory};

/// Checked where there is no account. Of the same cost as a new hash, and no password is known to fit.
const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What became of a password that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the one that is stored.
    Right,
    /// It is not, or there is none.
    Wrong {
        /// For how long its name is locked out with it, if it is.
        locked_out: Option<Duration>,
    },
}

impl Verdict {
    /// Whether it was the right one.
    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::Right)
    }
}

/// A password as it is stored: an Argon2id hash in PHC form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedPassword(Box<str>);

impl HashedPassword {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Hashes and checks passwords, a few at once, and remembers failed log-ins. Needs no running service.
#[derive(Debug)]
pub struct Passwords {
    workers: Arc<Semaphore>,
    places: Arc<Semaphore>,
    wait: Duration,
    memories: Arc<Memories>,
    failures: Arc<Failures>,
    shares: Arc<Shares<Key>>,
    most_of_name: u16,
    most_of_address: u16,
}

impl Passwords {
    /// With the limits of the configuration, or with `AccountLimits::default()`.
    pub fn new(limits: &AccountLimits) -> Self {
        let workers = usize::from(limits.password_workers);
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            places: Arc::new(Semaphore::new(workers + usize::from(limits.password_queue))),
            wait: Duration::from_millis(limits.password_wait_ms),
            memories: Arc::default(),
            failures: Arc::new(Failures::new(limits)),
            shares: Arc::default(),
            most_of_name: limits.logins_at_once_per_name,
            most_of_address: limits.logins_at_once_per_address,
        }
    }

    /// Hashes a new password with a salt of its own.
    pub async fn hash(&self, password: &Password, random: &Random) -> Result<HashedPassword, PasswordError> {
        let (password, salt) = (password.clone(), random.bytes::<16>());
        let turn = self.turn().await?;
        let hash = turn
            .run(move |memory| memory.hash(password.as_bytes(), &salt))
            .await?
            .map_err(PasswordError::Hash)?;
        Ok(HashedPassword(hash.to_string().into()))
    }

    /// A hash of `password` to take the place of `stored`, which is its own, where that is none of ours.
    pub(super) async fn better(
        &self,
        password: &Password,
        stored: &str,
        random: &Random,
    ) -> Result<Option<HashedPassword>, PasswordError> {
        if LegacyHash::parse(stored).is_none() {
            return Ok(None);
        }
        self.hash(password, random).await.map(Some)
    }

    /// Refuses a guess whose address has failed too often, before anything is looked up for it.
    pub(super) fn admit_address(&self, guess: &Guess, clock: &Clock) -> Result<(), AccountError> {
        self.failures.admit_address(guess, clock.elapsed())
    }

    /// Refuses a guess whose name or address has failed too often.
    pub(super) fn admit(&self, guess: &Guess, clock: &Clock) -> Result<(), AccountError> {
        self.failures.admit(guess, clock.elapsed())
    }

    /// Counts a guess that failed otherwise than by its password; tells for how long its name is locked out with it.
    pub(super) fn count_failure(&self, guess: &Guess, clock: &Clock) -> Option<Duration> {
        self.failures.record(guess, clock.elapsed())
    }

    /// Counts a registration from `address`, or refuses it after too many.
    pub(crate) fn count_registration(&self, address: IpAddr, clock: &Clock) -> Result<(), AccountError> {
        self.failures.count_registration(address, clock.elapsed())
    }

    /// Whether `password` is the one of `stored`, and counts the failure when it is not. Takes as long when there is
    /// nothing stored.
    pub(super) async fn check(
        &self,
        guess: &Guess,
        password: Password,
        stored: Option<String>,
        clock: &Clock,
    ) -> Result<Verdict, AccountError> {
        let [_, name, address] = guess.keys();
        let of_name = self.shares.take(name, self.most_of_name);
        let of_address = self.shares.take(address, self.most_of_address);
        let (Some(of_name), Some(of_address)) = (of_name, of_address) else {
            return Err(AccountError::TooManyAtOnce);
        };
        let turn = self.turn().await?;
        // Guesses that waited together were all admitted before any of them failed.
        self.admit(guess, clock)?;
        let (guess, clock) = (guess.clone(), clock.clone());
        let failures = Arc::clone(&self.failures);
        let checked = turn.run(move |memory| {
            let _places = (of_name, of_address);
            if is_of(&password, stored.as_deref(), memory) {
                return Verdict::Right;
            }
            // Here, so that it counts before the next guess gets its turn, and when nobody waits for the answer.
            let locked_out = failures.record(&guess, clock.elapsed());
            Verdict::Wrong { locked_out }
        });
        Ok(checked.await?)
    }

    async fn turn(&self) -> Result<Turn, PasswordError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| PasswordError::Busy)?;
        let worker = tokio::time::timeout(self.wait, Arc::clone(&self.workers).acquire_owned()).await;
        let Ok(Ok(worker)) = worker else {
            return Err(PasswordError::Busy);
        };
        Ok(Turn {
            _place: place,
            _worker: worker,
            memories: Arc::clone(&self.memories),
        })
    }
}

/// A place in the queue and a worker, held until the work is done, even if nobody waits for it any more.
struct Turn {
    _place: OwnedSemaphorePermit,
    _worker: OwnedSemaphorePermit,
    memories: Arc<Memories>,
}

impl Turn {
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let task = tokio::task::spawn_blocking(move || {
            let held = self;
            held.memories.lend(work)
        });
        Ok(task.await?)
    }
}

fn is_of(password: &Password, stored: Option<&str>, memory: &mut Memory) -> bool {
    if let Some(legacy) = stored.and_then(LegacyHash::parse) {
        return legacy.fits(password.as_bytes());
    }
    let stored = stored.and_then(|text| phc::PasswordHash::new(text).ok());
    let is_known = stored.is_some();
    let Some(hash) = stored.or_else(|| phc::PasswordHash::new(DECOY).ok()) else {
        return false;
    };
    memory.fits(password.as_bytes(), &hash) && is_known
}

#[cfg(test)]
mod tests {
    use super::super::rules::LoginName;
    use super::super::token::Realm;
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    fn guess() -> Guess {
        Guess {
            realm: Realm::Players,
            tenant: "aurora".into(),
            name: LoginName::try_from("alice".to_owned()).unwrap(),
            address: [127, 0, 0, 1].into(),
        }
    }

    async fn check(passwords: &Passwords, text: &str, stored: &str) -> Result<bool, AccountError> {
        let stored = Some(stored.to_owned());
        let (guess, clock) = (guess(), Clock::machine());
        let verdict = passwords.check(&guess, password(text), stored, &clock);
        verdict.await.map(Verdict::is_right)
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only_and_two_hashes_differ() {
        let passwords = Passwords::new(&AccountLimits::default());
        let random = Random::seeded(1);
        let right = password("correct horse");
        let hash = passwords.hash(&right, &random).await.unwrap();
        assert!(check(&passwords, "correct horse", hash.as_str()).await.unwrap());
        assert!(!check(&passwords, "Correct horse", hash.as_str()).await.unwrap());
        let again = passwords.hash(&right, &random).await.unwrap();
        assert_ne!(hash, again);
    }

    #[tokio::test]
    async fn the_decoy_costs_the_same_as_a_new_hash() {
        let passwords = Passwords::new(&AccountLimits::default());
        let hash = passwords
            .hash(&password("demo-password"), &Random::seeded(2))
            .await
            .unwrap();
        let cost = |text: &str| {
            let hash = phc::PasswordHash::new(text).unwrap();
            let length = hash.hash.unwrap().len();
            (hash.algorithm, hash.version, hash.params, length)
        };
        assert_eq!(cost(DECOY), cost(hash.as_str()));
    }

    #[test]
    fn without_a_readable_hash_no_password_is_right() {
        for stored in [
            None,
            Some(""),
            Some("demo-password"),
            Some("scrypt:32768:8:1$s$00"),
        ] {
            let is_right = is_of(&password("demo-password"), stored, &mut Memory::default());
            assert!(!is_right, "{stored:?}");
        }
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_refused_at_once() {
        let passwords = Passwords::new(&AccountLimits {
            password_workers: 1,
            password_queue: 0,
            ..AccountLimits::default()
        });
        let held = passwords.turn().await.unwrap();
        let refused = check(&passwords, "demo-password", DECOY).await;
        assert!(matches!(
            refused,
            Err(AccountError::Password(PasswordError::Busy))
        ));
        drop(held);
        assert!(!check(&passwords, "demo-password", DECOY).await.unwrap());
    }

    #[tokio::test]
    async fn guesses_that_waited_together_do_not_get_past_the_limit_together() {
        let passwords = Passwords::new(&AccountLimits {
            password_workers: 1,
            login_failures_per_account: 2,
            ..AccountLimits::default()
        });
        let together = futures_util::future::join_all((0..6).map(|_| check(&passwords, "x", DECOY)));
        let checked = together.await.into_iter().flatten().count();
        assert_eq!(checked, 2);
    }
}
