//! Wallets and the double-entry ledger: the only place that writes `wallets` and `ledger_entries`.
//! Must never change a balance without an entry, nor leave a gap in the chain of a wallet's entries.
//!
//! The way of a movement of money: [`lock_wallet`] takes the wallet's row, [`LockedWallet::post`] applies postings in
//! memory and refuses what the balance does not cover, [`post`] writes any number of wallets and their new entries in
//! one statement. A feature that has rows of its own to write in the same round trip uses `post_statement!`.

mod books;
pub mod http;
mod options;
mod rollup;
mod rules;
mod store;

use axum::Router;
use axum::routing::get;
use shared::db::DbError;
use shared::ids::PlayerId;
use shared::money::Minor;

use crate::app::SharedApp;

pub use books::{BookDifference, BooksError, verify_books};
pub use options::LedgerOptions;
pub(crate) use rollup::currency;
pub use rollup::{HouseAccount, RollUp, house_accounts, roll_up, spawn_rollup};
pub use rules::{Account, HouseReason, HouseTransfer, LockedWallet, Posting, Reason, Totals, hour_of};
pub(crate) use store::{Columns, post_statement};
pub use store::{lock_wallet, lock_wallets, open_wallet, post, transfer, try_lock_wallets};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/admin/{subdomain}/accounts", get(http::accounts))
}

/// Why money was not moved. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The wallet holds too little.
    #[error("the wallet holds {} minor units, too few for a posting", available.get())]
    InsufficientFunds {
        /// What it holds.
        available: Minor,
    },
    /// A balance or a total would not fit.
    #[error("a balance or a total would be too large to count")]
    OutOfRange,
    /// The posting is not between this wallet and an account of the house, its amount is not positive, or its reason
    /// does not fit its direction.
    #[error("the posting is not one of this wallet")]
    WrongPosting,
    /// The player has no wallet with this operator.
    #[error("player {0} has no wallet")]
    NoWallet(PlayerId),
    /// A wallet is not as it was when it was locked.
    #[error("a wallet changed although it was locked")]
    WalletChanged,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(LedgerError);
