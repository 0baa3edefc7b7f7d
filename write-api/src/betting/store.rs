//! The statements of bets. Must never read a price from anywhere but the catalogue.

mod bets;
mod exposure;
mod markets;
mod offers;
mod quotes;
mod standing;

pub(super) use bets::{BetRow, Filter, LegRow, NewBet, bets, count, find_bet, insert, legs_of, stats};
pub(super) use exposure::on_events;
pub(crate) use exposure::{Delta, change_exposure, prune_exposure};
pub(super) use markets::{ExposedMarket, ExposureSum, MarketFilter, exposed_markets, exposure_sums};
pub(super) use offers::{Offer, event_markets, offers, sports_of};
pub(crate) use quotes::prune_quotes;
pub(super) use quotes::{Quote, find_quote, insert_quote, use_quote};
pub(super) use standing::{Standing, standing};
