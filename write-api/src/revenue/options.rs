//! Every option of daily revenue. Must never hold a rule of it.

use time::{Duration, Time};

use super::rules::Shares;
use super::run::Terms;

/// How and when daily revenue is worked out and posted.
#[derive(Clone, Debug, clap::Args)]
pub struct RevenueOptions {
    /// When the revenue of the day before is worked out and posted by itself, in minutes after midnight (UTC). One
    /// instance of those running does.
    #[arg(long, env = "REVENUE_MINUTE", default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..1440))]
    pub revenue_minute: u16,
    /// Whether that happens by itself at all.
    #[arg(long, env = "REVENUE_SCHEDULED", default_value_t = true, action = clap::ArgAction::Set)]
    pub revenue_scheduled: bool,
    /// How long after its end a day is taken for over, in seconds: transactions of its last moments have ended then.
    #[arg(long, env = "REVENUE_GRACE_S", default_value_t = 300)]
    pub revenue_grace_s: u32,
    /// How long after a round of the schedule that could not do all operators the next one begins, in seconds.
    #[arg(long, env = "REVENUE_RETRY_S", default_value_t = 1800, value_parser = clap::value_parser!(u32).range(1..))]
    pub revenue_retry_s: u32,
    /// How many days before the last one are looked at, each time, for what settled into them after they were posted.
    #[arg(long, env = "REVENUE_CORRECTION_DAYS", default_value_t = 35,
        value_parser = clap::value_parser!(u16).range(0..=3660))]
    pub revenue_correction_days: u16,
    /// The platform's fee on the bookmaker's own share of a profit, in percent.
    #[arg(long, env = "REVENUE_FEE_PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub revenue_fee_percent: u8,
    /// How many parts of the rest of a profit the bookmaker gets.
    #[arg(long, env = "REVENUE_BOOKMAKER_PARTS", default_value_t = 60, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub revenue_bookmaker_parts: u8,
    /// How many parts of it the community gets.
    #[arg(long, env = "REVENUE_COMMUNITY_PARTS", default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub revenue_community_parts: u8,
    /// How many parts of it the platform gets.
    #[arg(long, env = "REVENUE_PLATFORM_PARTS", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub revenue_platform_parts: u8,
    /// How many parts of the rest of a loss the bookmaker bears.
    #[arg(long, env = "REVENUE_BOOKMAKER_LOSS_PARTS", default_value_t = 70, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub revenue_bookmaker_loss_parts: u8,
    /// How many parts of it the community bears.
    #[arg(long, env = "REVENUE_COMMUNITY_LOSS_PARTS", default_value_t = 30, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub revenue_community_loss_parts: u8,
}

impl RevenueOptions {
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            shares: self.shares(),
            correction_days: self.revenue_correction_days,
        }
    }

    fn shares(&self) -> Shares {
        Shares {
            fee_percent: self.revenue_fee_percent.min(100).into(),
            profit: [
                self.revenue_bookmaker_parts,
                self.revenue_community_parts,
                self.revenue_platform_parts,
            ]
            .map(i64::from),
            loss: [
                self.revenue_bookmaker_loss_parts,
                self.revenue_community_loss_parts,
            ]
            .map(i64::from),
        }
    }

    /// When, on each day, the revenue of the day before is due.
    pub(super) fn due_at(&self) -> Time {
        Time::MIDNIGHT + Duration::minutes(self.revenue_minute.into())
    }

    pub(super) fn retry(&self) -> Duration {
        Duration::seconds(self.revenue_retry_s.into())
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::seconds(self.revenue_grace_s.into())
    }
}
