//! A player's place at the games for one move: what is known of the player, and what the move changes, in memory.
//! Must never read or write a row, nor take a stake that is not allowed.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use shared::ids::PlayerId;
use shared::money::{Currency, Minor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::crash::CrashEnd;
use super::error::CasinoError;
use super::fairness::{Nonce, Seeds, Words};
use super::http::{RoundAnswer, ShownRound};
use super::moves::Move;
use super::rules::{Limits, Payout, Standing, payout_posting, stake_posting};
use crate::commands::Answer;
use crate::ledger::LockedWallet;
use crate::protection::rules::{Baselines, Protection};

/// The games, as the store names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Game {
    /// Five reels, twenty lines.
    Slots,
    /// European roulette.
    Roulette,
    /// Punto banco.
    Baccarat,
    /// Six decks, dealer stands on all 17.
    Blackjack,
    /// A multiplier that grows until it crashes.
    Crash,
}

impl Game {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::Slots,
        Self::Roulette,
        Self::Baccarat,
        Self::Blackjack,
        Self::Crash,
    ];

    /// The name in the store, in requests and in answers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Slots => "slots",
            Self::Roulette => "roulette",
            Self::Baccarat => "baccarat",
            Self::Blackjack => "blackjack",
            Self::Crash => "crash",
        }
    }

    /// The game of this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|game| game.as_str() == name)
    }
}

/// All that decides about a move, besides the wallet and the player's open rounds.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) standing: Standing,
    pub(super) limits: Limits,
    pub(super) seeds: Arc<Seeds>,
    pub(super) protection: Protection,
    pub(super) baselines: Baselines,
}

/// A round under way: new, or read back.
#[derive(Clone, Debug)]
pub(super) struct Round {
    pub(super) id: Uuid,
    pub(super) game: Game,
    pub(super) math_version: i16,
    pub(super) seed_pair_id: i64,
    pub(super) seeds: Arc<Seeds>,
    pub(super) nonce: Nonce,
    /// Everything staked on it so far.
    pub(super) stake: Minor,
    /// The operator's largest payout when it began; none if that was not kept yet.
    pub(super) max_payout: Option<Minor>,
    pub(super) created_at: OffsetDateTime,
}

impl Round {
    /// What it is drawn from.
    pub(super) fn words(&self) -> Words {
        self.seeds.words(self.nonce)
    }
}

/// Whether a round is decided and paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// More moves will come.
    Open,
    /// It is decided and paid.
    Settled,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Settled => "settled",
        }
    }
}

/// A round of the player that was read back for this move.
#[derive(Clone, Debug)]
pub(super) struct StoredRound {
    pub(super) round: Round,
    pub(super) status: Status,
    pub(super) payout: Payout,
    /// The decisions so far, as its game wrote them.
    pub(super) state: Option<Box<RawValue>>,
    pub(super) result: Box<RawValue>,
    pub(super) due_at: Option<OffsetDateTime>,
}

impl StoredRound {
    /// Whether it is open and has ended by itself at the time `at`.
    pub(super) fn is_due(&self, at: OffsetDateTime) -> bool {
        self.status == Status::Open && self.due_at.is_some_and(|due_at| due_at <= at)
    }
}

/// A step of a round that was answered before.
#[derive(Clone, Debug)]
pub(super) struct StoredAction {
    pub(super) decision: String,
    pub(super) answer: String,
}

/// The rounds that a move is about.
#[derive(Clone, Debug, Default)]
pub(super) struct StoredRounds {
    /// The one that it names, of whatever game.
    pub(super) named: Option<StoredRound>,
    /// The player's open round of the move's game, unless it is the named one.
    pub(super) open: Option<StoredRound>,
    /// What was answered to the step with the move's number.
    pub(super) action: Option<StoredAction>,
}

/// A round as it is to be written.
#[derive(Clone, Debug)]
pub(super) struct WrittenRound {
    pub(super) round: Round,
    pub(super) payout: Payout,
    pub(super) status: Status,
    pub(super) state: Option<Box<RawValue>>,
    pub(super) result: Box<RawValue>,
    pub(super) due_at: Option<OffsetDateTime>,
}

/// A numbered step as it is to be written, with the answer to the move.
#[derive(Clone, Debug)]
pub(super) struct WrittenAction {
    pub(super) round_id: Uuid,
    pub(super) number: i16,
    pub(super) decision: &'static str,
}

/// The place of one player for one move.
#[derive(Debug)]
pub(super) struct Table<'a> {
    at: OffsetDateTime,
    steady_at: OffsetDateTime,
    wallet: LockedWallet,
    facts: &'a Facts,
    rounds: StoredRounds,
    written: Vec<WrittenRound>,
    action: Option<WrittenAction>,
    crash_end: Option<CrashEnd>,
    kept: Option<Cleared>,
}

/// What a move leaves to be written.
#[derive(Debug)]
pub(super) struct Cleared {
    pub(super) wallet: LockedWallet,
    pub(super) rounds: Vec<WrittenRound>,
    pub(super) action: Option<WrittenAction>,
}

impl Cleared {
    /// Whether the move changes nothing.
    pub(super) const fn is_empty(&self) -> bool {
        self.rounds.is_empty() && self.action.is_none()
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(wallet: LockedWallet, facts: &'a Facts, rounds: StoredRounds, asked: &Move) -> Self {
        Self {
            at: asked.at,
            steady_at: asked.steady_at,
            wallet,
            facts,
            rounds,
            written: Vec::new(),
            action: None,
            crash_end: None,
            kept: None,
        }
    }

    /// When the move arrived.
    pub(super) const fn at(&self) -> OffsetDateTime {
        self.at
    }

    /// When the move arrived, by the clock that games run against.
    pub(super) const fn steady_at(&self) -> OffsetDateTime {
        self.steady_at
    }

    /// Keeps what was written so far, even if the move is refused: a round that ended by itself is settled by whatever
    /// touches it, so that no later move can find it otherwise.
    pub(super) fn keep(&mut self) {
        self.kept = Some(Cleared {
            wallet: self.wallet.clone(),
            rounds: self.written.clone(),
            action: None,
        });
    }

    /// What is to be written although the move was refused.
    pub(super) fn kept(self) -> Option<Cleared> {
        self.kept
    }

    /// Who moves.
    pub(super) const fn player(&self) -> PlayerId {
        self.wallet.player()
    }

    /// What the operator takes and pays.
    pub(super) const fn limits(&self) -> &Limits {
        &self.facts.limits
    }

    /// The operator's currency.
    pub(super) const fn currency(&self) -> Currency {
        self.facts.limits.currency
    }

    /// The rounds that the move is about.
    pub(super) const fn rounds(&self) -> &StoredRounds {
        &self.rounds
    }

    /// Begins a round and takes its stake, if operator, limits, wallet and the player's own protection allow it.
    pub(super) fn begin(
        &mut self,
        id: Uuid,
        game: Game,
        math_version: i16,
        stake: Minor,
    ) -> Result<Round, CasinoError> {
        self.facts.standing.admit()?;
        self.facts.limits.accept_stake(stake)?;
        self.take(id, stake)?;
        let nonce = Nonce::new(self.wallet.begin_round().cast_unsigned());
        Ok(Round {
            id,
            game,
            math_version,
            seed_pair_id: self.wallet.seed_pair_id(),
            seeds: Arc::clone(&self.facts.seeds),
            nonce,
            stake,
            max_payout: Some(self.facts.limits.max_payout),
            created_at: self.at,
        })
    }

    /// Takes a further stake for a round under way. Together they may exceed the operator's largest stake: the rules of
    /// the game say how much can be added, and only each addition is limited.
    pub(super) fn raise(&mut self, round: &mut Round, by: Minor) -> Result<(), CasinoError> {
        let stake = round.stake.checked_add(by).ok_or(CasinoError::TooMuch)?;
        self.take(round.id, by)?;
        round.stake = stake;
        Ok(())
    }

    /// Checks that a further stake could be taken, without taking it. Nothing can always be.
    pub(super) fn afford(&self, stake: Minor) -> Result<(), CasinoError> {
        if stake == Minor::ZERO {
            return Ok(());
        }
        let Facts {
            standing,
            limits,
            protection,
            baselines,
            ..
        } = self.facts;
        standing.admit()?;
        limits.accept_addition(stake)?;
        protection.admit_stake(stake, self.wallet.totals(), baselines, self.at)?;
        limits.cover(stake, self.wallet.balance())
    }

    fn take(&mut self, round_id: Uuid, stake: Minor) -> Result<(), CasinoError> {
        self.afford(stake)?;
        let posting = stake_posting(self.player(), round_id, stake);
        self.wallet.post(round_id, &[posting])?;
        Ok(())
    }

    /// Pays what the round won and closes it.
    pub(super) fn settle(
        &mut self,
        round: Round,
        won: Minor,
        state: Option<Box<RawValue>>,
        result: &impl Serialize,
    ) -> Result<(), CasinoError> {
        let most = round.max_payout.unwrap_or(self.facts.limits.max_payout);
        let payout = Payout::of(won, round.stake, most);
        if let Some(posting) = payout_posting(self.player(), round.id, payout) {
            self.wallet.post(round.id, &[posting])?;
        }
        self.written.push(WrittenRound {
            round,
            payout,
            status: Status::Settled,
            state,
            result: to_raw_value(result)?,
            due_at: None,
        });
        Ok(())
    }

    /// Leaves the round open for further moves until `due_at`, when it ends by itself.
    pub(super) fn leave_open(
        &mut self,
        round: Round,
        state: Box<RawValue>,
        result: &impl Serialize,
        due_at: OffsetDateTime,
    ) -> Result<(), CasinoError> {
        self.written.push(WrittenRound {
            round,
            payout: Payout::NOTHING,
            status: Status::Open,
            state: Some(state),
            result: to_raw_value(result)?,
            due_at: Some(due_at),
        });
        Ok(())
    }

    /// Keeps the answer to this move as that to step `number` of a round.
    pub(super) fn number(&mut self, round_id: Uuid, number: i16, decision: &'static str) {
        self.action = Some(WrittenAction {
            round_id,
            number,
            decision,
        });
    }

    /// Lets the answer tell where a round of crash ended.
    pub(super) const fn tell_crash_end(&mut self, end: CrashEnd) {
        self.crash_end = Some(end);
    }

    /// Lets the answer not tell it: the round that it is about goes on.
    pub(super) const fn hide_crash_end(&mut self) {
        self.crash_end = None;
    }

    /// The answer that shows the round written last.
    pub(super) fn answer(&self) -> Result<Answer, CasinoError> {
        let Some(written) = self.written.last() else {
            return Err(CasinoError::UnknownRound);
        };
        self.show(&written.round, written.payout, written.status, &written.result)
    }

    /// The answer that shows a round as it was read back.
    pub(super) fn answer_with(&self, stored: &StoredRound) -> Result<Answer, CasinoError> {
        self.show(&stored.round, stored.payout, stored.status, &stored.result)
    }

    fn show(
        &self,
        round: &Round,
        payout: Payout,
        status: Status,
        result: &RawValue,
    ) -> Result<Answer, CasinoError> {
        let shown = ShownRound {
            id: round.id,
            game: round.game,
            stake: round.stake,
            payout,
            status,
            balance: self.wallet.balance(),
            result,
            commitment: &round.seeds.commitment,
            client_seed: round.seeds.client.as_str(),
            nonce: round.nonce,
            crash_end: self.crash_end,
            running_at: (round.game == Game::Crash && status == Status::Open).then_some(self.steady_at),
        };
        let answer = RoundAnswer::new(&shown, &self.facts.limits.currency);
        Ok(Answer::ok(serde_json::to_string(&answer)?))
    }

    /// What is to be written. Nothing is, if no round and no step was.
    pub(super) fn clear(self) -> Cleared {
        Cleared {
            wallet: self.wallet,
            rounds: self.written,
            action: self.action,
        }
    }
}
