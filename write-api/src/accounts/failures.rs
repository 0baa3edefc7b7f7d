//! Counts failed log-ins by name, by address and by both, and registrations by address, and says when there were too
//! many, and for how long.
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
    /// The subdomain for players' names; empty for staff, whose names are unique in the whole installation, and for known
    /// accounts.
    pub(super) tenant: Box<str>,
    pub(super) name: LoginName,
    pub(super) address: IpAddr,
}

/// What is counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Account(Realm, Box<str>, LoginName, IpAddr),
    Name(Realm, Box<str>, LoginName),
    Address(IpAddr),
    Registrations(IpAddr),
}

/// What was counted for one key since it was last quiet for a window.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Since when the window runs: the first failure, or the end of the last lock-out.
    began: Duration,
    failures: u32,
    lockouts: u32,
    locked_until: Duration,
}

/// The failed log-ins of the last while.
#[derive(Debug)]
pub(super) struct Failures {
    counts: Cache<Key, Arc<Mutex<Count>>>,
    window: Duration,
    lockout: Duration,
    longest_lockout: Duration,
    per_account: u32,
    per_name: u32,
    per_address: u32,
    registrations: u32,
}

impl Failures {
    pub(super) fn new(limits: &AccountLimits) -> Self {
        let window = Duration::from_secs(limits.login_failure_window_s.into());
        let longest_lockout = Duration::from_secs(limits.login_lockout_max_s.into());
        Self {
            // Least recently used goes first: by frequency, new names would not get in while many are being tried.
            counts: Cache::builder()
                .max_capacity(limits.login_failures_tracked.into())
                .time_to_idle(window + longest_lockout)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            window,
            lockout: Duration::from_secs(limits.login_lockout_s.into()),
            longest_lockout,
            per_account: limits.login_failures_per_account,
            per_name: limits.login_failures_per_name,
            per_address: limits.login_failures_per_address,
            registrations: limits.registrations_per_address,
        }
    }

    /// Refuses `guess` while its name, its address or the two together are locked out. `now` is the clock's elapsed time.
    pub(super) fn admit(&self, guess: &Guess, now: Duration) -> Result<(), AccountError> {
        self.admit_keys(&guess.keys(), now)
    }

    /// The same, of the address alone.
    pub(super) fn admit_address(&self, guess: &Guess, now: Duration) -> Result<(), AccountError> {
        self.admit_keys(&[Key::Address(shared_part(guess.address))], now)
    }

    fn admit_keys(&self, keys: &[Key], now: Duration) -> Result<(), AccountError> {
        match keys.iter().filter_map(|key| self.wait(key, now)).max() {
            None => Ok(()),
            Some(wait) => Err(AccountError::TooManyFailures {
                retry_after_s: whole_seconds(wait),
            }),
        }
    }

    /// Counts a failure; tells for how long its name is locked out with it, from there or from everywhere, if it is.
    ///
    /// After too many, each further failure of a name from one address locks the two out for twice as long as the one
    /// before. What somebody else may have a part in, a name from everywhere and an address, is allowed the whole number
    /// again after each lock-out: one guess now and then must not keep its owner out.
    pub(super) fn record(&self, guess: &Guess, now: Duration) -> Option<Duration> {
        let [account, name, address] = guess.keys();
        let of_account = self.count_failure(account, self.per_account, self.per_account, now);
        let of_name = self.count_failure(name, self.per_name, 0, now);
        self.count_failure(address, self.per_address, 0, now);
        of_account.max(of_name)
    }

    /// Counts a registration from `address`, or refuses it after too many. `now` is the clock's elapsed time.
    pub(super) fn count_registration(&self, address: IpAddr, now: Duration) -> Result<(), AccountError> {
        let key = Key::Registrations(shared_part(address));
        let count = self.change(key, now, |count| {
            count.failures = count.failures.saturating_add(1);
            *count
        });
        if count.failures <= self.registrations {
            return Ok(());
        }
        let left = (count.began + self.window).saturating_sub(now);
        let retry_after_s = whole_seconds(left);
        Err(AccountError::TooManyRegistrations { retry_after_s })
    }

    /// Counts one more. With the one that reaches `limit` a lock-out begins, after which `kept` of them count still.
    fn count_failure(&self, key: Key, limit: u32, kept: u32, now: Duration) -> Option<Duration> {
        self.change(key, now, |count| {
            if now < count.locked_until {
                // It was let in together with the one that locked it out, and is no further one.
                return None;
            }
            count.failures = count.failures.saturating_add(1);
            if count.failures < limit {
                return None;
            }
            let doubled = 1_u32.checked_shl(count.lockouts).unwrap_or(u32::MAX);
            let length = self.lockout.saturating_mul(doubled).min(self.longest_lockout);
            count.lockouts = count.lockouts.saturating_add(1);
            count.locked_until = now + length;
            count.began = count.locked_until;
            count.failures = kept;
            Some(length)
        })
    }

    /// Changes a count, which begins anew where nothing was counted for a window.
    fn change<T>(&self, key: Key, now: Duration, change: impl FnOnce(&mut Count) -> T) -> T {
        let new = Count {
            began: now,
            ..Count::default()
        };
        let count = self.counts.get_with(key, || Arc::new(Mutex::new(new)));
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= count.began + self.window {
            *count = new;
        }
        change(&mut count)
    }

    fn wait(&self, key: &Key, now: Duration) -> Option<Duration> {
        let count = self.counts.get(key)?;
        let count = *count.lock().unwrap_or_else(PoisonError::into_inner);
        let left = count.locked_until.checked_sub(now)?;
        (!left.is_zero()).then_some(left)
    }
}

/// Rounded up.
fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_secs())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

impl Guess {
    /// Of the name with the address, of the name, and of the address.
    pub(super) fn keys(&self) -> [Key; 3] {
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
            login_lockout_s: 60,
            login_lockout_max_s: 200,
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

    fn after(seconds: u64) -> Duration {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn each_lock_out_of_a_name_takes_twice_as_long_as_the_one_before_up_to_the_longest() {
        let failures = failures();
        let alice = guess("Alice", "10.0.0.1");
        for second in 0..3 {
            assert_eq!(wait_s(&failures, &alice, after(second)), None, "{second}");
            failures.record(&alice, after(second));
        }
        assert_eq!(wait_s(&failures, &alice, after(10)), Some(53));
        assert_eq!(
            wait_s(&failures, &guess(" aLICE", "10.0.0.1"), after(10)),
            Some(53)
        );
        let mut second = 62;
        for length in [120, 200, 200] {
            assert_eq!(wait_s(&failures, &alice, after(second - 1)), Some(2), "{length}");
            assert_eq!(wait_s(&failures, &alice, after(second)), None, "{length}");
            let locked = failures.record(&alice, after(second));
            assert_eq!(locked, Some(Duration::from_secs(length)));
            second += length;
        }
    }

    #[test]
    fn who_was_quiet_for_a_window_is_counted_anew() {
        let failures = failures();
        let alice = guess("alice", "10.0.0.1");
        (0..2).for_each(|_| assert_eq!(failures.record(&alice, START), None));
        assert_eq!(failures.record(&alice, after(60)), None, "a new window");
        assert_eq!(failures.record(&alice, after(60)), None);
        let locked = failures.record(&alice, after(60));
        assert_eq!(locked, Some(Duration::from_mins(1)));
        let quiet_until = 60 + 60 + 60;
        assert_eq!(failures.record(&alice, after(quiet_until)), None);
    }

    #[test]
    fn failures_that_were_let_in_together_begin_one_lock_out() {
        let failures = failures();
        let alice = guess("alice", "10.0.0.1");
        let began: Vec<_> = (0..5).filter_map(|_| failures.record(&alice, START)).collect();
        assert_eq!(began, [Duration::from_mins(1)]);
        assert_eq!(wait_s(&failures, &alice, START), Some(61));
        assert_eq!(failures.record(&alice, after(60)), Some(Duration::from_mins(2)));
    }

    #[test]
    fn a_name_from_everywhere_is_allowed_the_whole_number_after_each_lock_out() {
        let failures = failures();
        let mut second = 0;
        for length in [60, 120, 200] {
            for number in 1..=6 {
                assert_eq!(
                    wait_s(&failures, &guess("alice", "10.9.9.9"), after(second)),
                    None
                );
                let locked =
                    failures.record(&guess("alice", &format!("10.{length}.0.{number}")), after(second));
                assert_eq!(locked.is_some(), number == 6);
            }
            second += length;
        }
    }

    #[test]
    fn failures_from_one_address_do_not_keep_the_owner_of_a_name_out_elsewhere() {
        let failures = failures();
        let (thief, owner) = (guess("alice", "10.0.0.1"), guess("alice", "10.9.9.9"));
        for _ in 0..3 {
            failures.record(&thief, START);
        }
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
        for _ in 0..3 {
            failures.record(&alice, START);
        }
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
