//! One bet from the locked wallet to the kept answer, inside its transaction. Must never wait for anything but its
//! three statements.

use serde_json::value::{RawValue, to_raw_value};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Amount, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::{self, MATH_VERSION};
use crate::casino::error::CasinoError;
use crate::casino::fairness::Nonce;
use crate::casino::http::{RoundAnswer, SettledRound};
use crate::casino::rules::{Payout, postings};
use crate::casino::store::{Asked, Facts, Game, SettledBet, facts, settle};
use crate::commands::{Answer, Command};
use crate::ledger::{LockedWallet, lock_wallet};

/// A bet as it was asked for: the same however often its transaction has to be run.
#[derive(Debug)]
pub(super) struct Bet {
    pub(super) round_id: Uuid,
    pub(super) at: OffsetDateTime,
    pub(super) stake: Amount,
    pub(super) currency: Option<String>,
    pub(super) command: Option<Command>,
}

/// Plays `bet` for `player`, or repeats the answer that is kept for its key.
///
/// # Errors
/// When it is refused; nothing is written then.
pub(super) async fn play(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    bet: &Bet,
) -> Result<Answer, CasinoError> {
    let mut wallet = lock_wallet(operator, db, player).await?;
    let asked = Asked {
        player,
        seed_pair_id: wallet.seed_pair_id(),
        command: bet.command.as_ref(),
    };
    let facts = facts(operator, db, &[asked]).await?.pop();
    let mut facts = facts.ok_or(sqlx::Error::RowNotFound)?;
    if let (Some(command), Some(stored)) = (&bet.command, facts.stored.take()) {
        return Ok(command.repeat(stored)?);
    }
    let spin = spin(&mut wallet, &facts, bet)?;
    let answer = spin.answer(&wallet, &facts, bet)?;
    let settled = SettledBet {
        round_id: bet.round_id,
        player,
        game: Game::Slots,
        math_version: MATH_VERSION,
        seed_pair_id: wallet.seed_pair_id(),
        nonce: spin.nonce,
        stake: spin.stake,
        payout: spin.payout,
        result: &spin.result,
        command: bet.command.as_ref(),
        answer: &answer,
    };
    settle(operator, db, vec![wallet], &[settled], bet.at).await?;
    Ok(answer)
}

struct Spin {
    stake: Minor,
    nonce: Nonce,
    payout: Payout,
    result: Box<RawValue>,
}

fn spin(wallet: &mut LockedWallet, facts: &Facts, bet: &Bet) -> Result<Spin, CasinoError> {
    let limits = &facts.limits;
    facts.standing.admit()?;
    limits.accept_currency(bet.currency.as_deref())?;
    let stake = limits.accept_stake(&bet.stake, wallet.balance())?;
    let nonce = Nonce::new(wallet.begin_round().cast_unsigned());
    let outcome = rules::decide(stake, &mut facts.seeds.words(nonce))?;
    let payout = limits.pay(outcome.payout);
    let postings = postings(wallet.player(), bet.round_id, stake, payout);
    wallet.post(bet.round_id, &postings)?;
    Ok(Spin {
        stake,
        nonce,
        payout,
        result: to_raw_value(&outcome.shown_in(limits.currency))?,
    })
}

impl Spin {
    fn answer(&self, wallet: &LockedWallet, facts: &Facts, bet: &Bet) -> Result<Answer, CasinoError> {
        let round = SettledRound {
            id: bet.round_id,
            stake: self.stake,
            payout: self.payout,
            balance: wallet.balance(),
            result: &self.result,
            commitment: &facts.seeds.commitment,
            client_seed: facts.seeds.client.as_str(),
            nonce: self.nonce,
        };
        let shown = RoundAnswer::new(&round, &facts.limits.currency);
        Ok(Answer::ok(serde_json::to_string(&shown)?))
    }
}
