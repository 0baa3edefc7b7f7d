//! Counts failed log-ins by name, by address and by both, and registrations by address, and says when there were too
//! many.
//! Must never grow without bound, and never depend on whether a name exists.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::error::AccountError;
use super::limits::AccountLimits;
use super::rules::LoginName;
use super::token::Realm;

/// One try to log in: what it counts against.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    pub(super) realm: Realm,
    /// The subdomain for players; empty for staff, whose names are unique in the whole installation.
    pub(super) tenant: Box<str>,
    pub(super) name: LoginName,
    pub(super) address: IpAddr,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Account(Realm, Box<str>, LoginName, IpAddr),
    Name(Realm, Box<str>, LoginName),
    Address(IpAddr),
    Registrations(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Duration,
    failures: u32,
}

/// The failed log-ins of the last while.
#[derive(Debug)]
pub(super) struct Failures {
    windows: Cache<Key, Arc<Mutex<Window>>>,
    length: Duration,
    per_account: u32,
    per_name: u32,
    per_address: u32,
    registrations: u32,
}

impl Failures {
    pub(super) fn new(limits: &AccountLimits) -> Self {
        let length = Duration::from_secs(limits.login_failure_window_s.into());
        Self {
            // Least recently used goes first: by frequency, new names would not get in while many are being tried.
            windows: Cache::builder()
                .max_capacity(limits.login_failures_tracked.into())
                .time_to_live(length)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            length,
            per_account: limits.login_failures_per_account,
            per_name: limits.login_failures_per_name,
            per_address: limits.login_failures_per_address,
            registrations: limits.registrations_per_address,
        }
    }

    /// Refuses `guess` while its name, its address or the two together have failed too often. `now` is the clock's elapsed time.
    pub(super) fn admit(&self, guess: &Guess, now: Duration) -> Result<(), AccountError> {
        let [account, name, address] = guess.keys();
        let waits = [
            self.wait(&account, self.per_account, now),
            self.wait(&name, self.per_name, now),
            self.wait(&address, self.per_address, now),
        ];
        match waits.into_iter().flatten().max() {
            None => Ok(()),
            Some(wait) => Err(AccountError::TooManyFailures {
                retry_after_s: whole_seconds(wait),
            }),
        }
    }

    /// Counts a failure.
    pub(super) fn record(&self, guess: &Guess, now: Duration) {
        for key in guess.keys() {
            self.count(key, now);
        }
    }

    /// Counts a registration from `address`, or refuses it after too many. `now` is the clock's elapsed time.
    pub(super) fn count_registration(&self, address: IpAddr, now: Duration) -> Result<(), AccountError> {
        let window = self.count(Key::Registrations(shared_part(address)), now);
        if window.failures <= self.registrations {
            return Ok(());
        }
        let left = (window.began + self.length).saturating_sub(now);
        let retry_after_s = whole_seconds(left);
        Err(AccountError::TooManyRegistrations { retry_after_s })
    }

    /// Counts one more and returns the count.
    fn count(&self, key: Key, now: Duration) -> Window {
        let new = Window {
            began: now,
            failures: 0,
        };
        let window = self.windows.get_with(key, || Arc::new(Mutex::new(new)));
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= window.began + self.length {
            *window = new;
        }
        window.failures = window.failures.saturating_add(1);
        *window
    }

    fn wait(&self, key: &Key, limit: u32, now: Duration) -> Option<Duration> {
        let window = self.windows.get(key)?;
        let window = *window.lock().unwrap_or_else(PoisonError::into_inner);
        let left = (window.began + self.length).checked_sub(now)?;
        (window.failures >= limit && !left.is_zero()).then_some(left)
    }
}

/// Rounded up.
fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

impl Guess {
    fn keys(&self) -> [Key; 3] {
        let (tenant, name) = (|| self.tenant.clone(), || self.name.clone());
        let address = shared_part(self.address);
        [
            Key::Account(self.realm, tenant(), name(), address),
            Key::Name(self.realm, tenant(), name()),
            Key::Address(address),
        ]
    }
}

/// The part of an address that one customer of a network has: of IPv6 the first 64 bits.
fn shared_part(address: IpAddr) -> IpAddr {
    const NETWORK: u128 = !0 << 64;
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        canonical @ IpAddr::V4(_) => canonical,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    fn failures() -> Failures {
        Failures::new(&AccountLimits {
            login_failures_per_account: 3,
            login_failures_per_name: 6,
            login_failures_per_address: 5,
            login_failure_window_s: 60,
            ..AccountLimits::default()
        })
    }

    fn guess(name: &str, address: &str) -> Guess {
        Guess {
            realm: Realm::Players,
            tenant: "aurora".into(),
            name: LoginName::try_from(name.to_owned()).unwrap(),
            address: address.parse().unwrap(),
        }
    }

    fn wait_s(failures: &Failures, guess: &Guess, now: Duration) -> Option<u32> {
        match failures.admit(guess, now) {
            Ok(()) => None,
            Err(AccountError::TooManyFailures { retry_after_s }) => Some(retry_after_s),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_name_is_refused_after_its_failures_until_the_window_ends() {
        let failures = failures();
        let alice = guess("Alice", "10.0.0.1");
        for second in 0..3 {
            let now = START + Duration::from_secs(second);
            assert_eq!(wait_s(&failures, &alice, now), None, "{second}");
            failures.record(&alice, now);
        }
        let now = START + Duration::from_secs(10);
        assert_eq!(wait_s(&failures, &alice, now), Some(51));
        assert_eq!(wait_s(&failures, &guess(" aLICE", "10.0.0.1"), now), Some(51));
        let later = START + Duration::from_mins(1);
        assert_eq!(wait_s(&failures, &alice, later), None);
        failures.record(&alice, later);
        assert_eq!(wait_s(&failures, &alice, later), None, "a new window began");
    }

    #[test]
    fn failures_from_one_address_do_not_keep_the_owner_of_a_name_out_elsewhere() {
        let failures = failures();
        let (thief, owner) = (guess("alice", "10.0.0.1"), guess("alice", "10.9.9.9"));
        (0..3).for_each(|_| failures.record(&thief, START));
        assert_eq!(wait_s(&failures, &thief, START), Some(61));
        assert_eq!(wait_s(&failures, &owner, START), None);
    }

    #[test]
    fn a_name_is_refused_from_everywhere_after_failures_from_many_addresses() {
        let failures = failures();
        for number in 1..=6 {
            assert_eq!(wait_s(&failures, &guess("alice", "10.9.9.9"), START), None);
            failures.record(&guess("alice", &format!("10.0.0.{number}")), START);
        }
        assert_eq!(wait_s(&failures, &guess("alice", "10.9.9.9"), START), Some(61));
    }

    #[test]
    fn the_same_name_elsewhere_is_somebody_else() {
        let failures = failures();
        let alice = guess("alice", "10.0.0.1");
        (0..3).for_each(|_| failures.record(&alice, START));
        let other_tenant = Guess {
            tenant: "bluefin".into(),
            ..alice.clone()
        };
        let staff = Guess {
            realm: Realm::OperatorStaff,
            ..alice
        };
        assert_eq!(wait_s(&failures, &other_tenant, START), None);
        assert_eq!(wait_s(&failures, &staff, START), None);
    }

    #[test]
    fn an_address_is_refused_after_failures_with_many_names() {
        let failures = failures();
        for number in 0..5 {
            failures.record(&guess(&format!("name{number}"), "2001:db8::1"), START);
        }
        let neighbour = guess("bob", "2001:db8::ffff");
        assert_eq!(wait_s(&failures, &neighbour, START), Some(61));
        assert_eq!(wait_s(&failures, &guess("bob", "2001:db8:0:1::1"), START), None);
        assert_eq!(wait_s(&failures, &guess("bob", "10.0.0.1"), START), None);
    }

    #[test]
    fn an_ipv4_address_in_ipv6_dress_is_the_same() {
        let (plain, dressed) = ("10.0.0.1".parse().unwrap(), "::ffff:10.0.0.1".parse().unwrap());
        assert_eq!(shared_part(plain), shared_part(dressed));
    }
}
