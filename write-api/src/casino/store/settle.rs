//! The one statement that writes what moves decided: wallets, entries, rounds, steps and kept answers. Must never write
//! a part of a move.

use std::sync::Arc;

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::casino::error::CasinoError;
use crate::casino::moves::Move;
use crate::casino::table::{Cleared, Facts, Status};
use crate::commands::{Actor, Answer, Command};
use crate::ledger::{Columns, LedgerError, LockedWallet, post_statement};

/// A move that was decided, and what is to be written for it.
#[derive(Debug)]
pub(in crate::casino) struct Decided<'a> {
    pub(in crate::casino) asked: &'a Move,
    pub(in crate::casino) facts: Arc<Facts>,
    pub(in crate::casino) cleared: Cleared,
    /// What its player is told. A refusal may have ended a round, and is not kept.
    pub(in crate::casino) answer: Result<Answer, CasinoError>,
}

/// Rounds, steps and answers as columns, which one statement writes however many there are.
#[derive(Debug, Default)]
struct MoveColumns {
    round_operator: Vec<i64>,
    round_player: Vec<i64>,
    round_id: Vec<Uuid>,
    game: Vec<&'static str>,
    math_version: Vec<i16>,
    seed_pair_id: Vec<i64>,
    nonce: Vec<i64>,
    stake: Vec<i64>,
    payout: Vec<i64>,
    payout_limited: Vec<bool>,
    status: Vec<&'static str>,
    state: Vec<Option<String>>,
    result: Vec<String>,
    round_at: Vec<OffsetDateTime>,
    due_at: Vec<Option<OffsetDateTime>>,
    settled_at: Vec<Option<OffsetDateTime>>,
    round_max_payout: Vec<Option<i64>>,
    action_operator: Vec<i64>,
    action_player: Vec<i64>,
    action_round: Vec<Uuid>,
    number: Vec<i16>,
    decision: Vec<&'static str>,
    action_answer: Vec<String>,
    command_operator: Vec<i64>,
    command_player: Vec<i64>,
    actor: Vec<String>,
    key: Vec<String>,
    request_hash: Vec<Vec<u8>>,
    answer_status: Vec<i16>,
    answer: Vec<String>,
}

impl MoveColumns {
    fn of(moves: &[Decided<'_>]) -> Self {
        let mut columns = Self::default();
        for decided in moves {
            columns.add_rounds(decided);
            columns.add_action(decided);
            columns.add_command(decided);
        }
        columns
    }

    fn add_rounds(&mut self, decided: &Decided<'_>) {
        for written in &decided.cleared.rounds {
            let round = &written.round;
            self.round_operator.push(decided.asked.operator.get());
            self.round_player.push(decided.asked.player.get());
            self.round_id.push(round.id);
            self.game.push(round.game.as_str());
            self.math_version.push(round.math_version);
            self.seed_pair_id.push(round.seed_pair_id);
            self.nonce.push(round.nonce.get().cast_signed());
            self.stake.push(round.stake.get());
            self.payout.push(written.payout.amount.get());
            self.payout_limited.push(written.payout.is_limited);
            self.status.push(written.status.as_str());
            self.state
                .push(written.state.as_ref().map(|state| state.get().to_owned()));
            self.result.push(written.result.get().to_owned());
            self.round_at.push(round.created_at);
            self.due_at.push(written.due_at);
            let is_settled = written.status == Status::Settled;
            self.settled_at.push(is_settled.then_some(decided.asked.at));
            self.round_max_payout.push(round.max_payout.map(Minor::get));
        }
    }

    fn add_action(&mut self, decided: &Decided<'_>) {
        if let (Some(action), Ok(answer)) = (&decided.cleared.action, &decided.answer) {
            self.action_operator.push(decided.asked.operator.get());
            self.action_player.push(decided.asked.player.get());
            self.action_round.push(action.round_id);
            self.number.push(action.number);
            self.decision.push(action.decision);
            self.action_answer.push(answer.json().to_owned());
        }
    }

    fn add_command(&mut self, decided: &Decided<'_>) {
        if let (Some(command), Ok(answer)) = (&decided.asked.command, &decided.answer) {
            self.command_operator.push(decided.asked.operator.get());
            self.command_player.push(decided.asked.player.get());
            self.actor.push(Actor::from(decided.asked.player).into());
            self.key.push(command.key().to_owned());
            self.request_hash.push(command.request_hash().to_vec());
            self.answer_status.push(answer.stored_status());
            self.answer.push(answer.json().to_owned());
        }
    }
}

/// What a move that was decided by remembered facts takes for granted.
#[derive(Debug, Default)]
struct GuardColumns<'a> {
    token_hash: Vec<Option<&'a [u8]>>,
    actor: Vec<String>,
    key: Vec<Option<&'a str>>,
    protection: Vec<i64>,
    currency: Vec<String>,
    min_stake: Vec<i64>,
    max_stake: Vec<i64>,
    max_payout: Vec<i64>,
}

impl<'a> GuardColumns<'a> {
    fn of(moves: &[Decided<'a>]) -> Self {
        let mut columns = Self::default();
        for decided in moves {
            let limits = &decided.facts.limits;
            columns.token_hash.push(decided.asked.token_hash());
            columns.actor.push(Actor::from(decided.asked.player).into());
            columns.key.push(decided.asked.command.as_ref().map(Command::key));
            columns.protection.push(decided.facts.protection.revision);
            columns.currency.push(limits.currency.code().to_owned());
            columns.min_stake.push(limits.min_stake.get());
            columns.max_stake.push(limits.max_stake.get());
            columns.max_payout.push(limits.max_payout.get());
        }
        columns
    }
}

fn wallets(moves: &[Decided<'_>]) -> impl Iterator<Item = LockedWallet> {
    moves.iter().map(|decided| decided.cleared.wallet.clone())
}

/// The statement, but for the conditions and their parameters, which begin at `$56`.
macro_rules! settle_statement {
    ($columns:expr, $moves:expr, $at:expr, $fit:literal $(, $value:expr)* $(,)?) => {
        post_statement!(
            $columns,
            $at,
            $fit,
            r#",
        played as (
            insert into rounds (
                operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                status, state, result, created_at, due_at, settled_at, max_payout
            )
            select
                operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                status, state::json, result::json, created_at, due_at, settled_at, max_payout
            from unnest(
                $26::bigint[], $27::bigint[], $28::uuid[], $29::text[], $30::smallint[], $31::bigint[], $32::bigint[],
                $33::bigint[], $34::bigint[], $35::boolean[], $36::text[], $37::text[], $38::text[],
                $39::timestamptz[], $40::timestamptz[], $41::timestamptz[], $42::bigint[]
            ) with ordinality as round (
                operator_id, player_id, id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                status, state, result, created_at, due_at, settled_at, max_payout, position
            )
            join moved using (operator_id, player_id)
            -- A round that a new one of the same game replaces is closed before.
            order by position
            on conflict (operator_id, id) do update
            set
                stake = excluded.stake,
                payout = excluded.payout,
                payout_limited = excluded.payout_limited,
                status = excluded.status,
                state = excluded.state,
                result = excluded.result,
                due_at = excluded.due_at,
                settled_at = excluded.settled_at
            where rounds.status = 'open'
        ),
        stepped as (
            insert into round_actions (operator_id, round_id, number, decision, answer, created_at)
            select operator_id, round_id, number, decision, answer::json, $1
            from unnest(
                $43::bigint[], $44::bigint[], $45::uuid[], $46::smallint[], $47::text[], $48::text[]
            ) as action (operator_id, player_id, round_id, number, decision, answer)
            join moved using (operator_id, player_id)
        ),
        answered as (
            insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
            select operator_id, actor, key, request_hash, status, answer::json, $1
            from unnest(
                $49::bigint[], $50::bigint[], $51::text[], $52::text[], $53::bytea[], $54::smallint[], $55::text[]
            ) as command (operator_id, player_id, actor, key, request_hash, status, answer)
            join moved using (operator_id, player_id)
        )
        "#,
            &$moves.round_operator,
            &$moves.round_player,
            &$moves.round_id,
            &$moves.game as &[&str],
            &$moves.math_version,
            &$moves.seed_pair_id,
            &$moves.nonce,
            &$moves.stake,
            &$moves.payout,
            &$moves.payout_limited,
            &$moves.status as &[&str],
            &$moves.state as &[Option<String>],
            &$moves.result,
            &$moves.round_at,
            &$moves.due_at as &[Option<OffsetDateTime>],
            &$moves.settled_at as &[Option<OffsetDateTime>],
            &$moves.round_max_payout as &[Option<i64>],
            &$moves.action_operator,
            &$moves.action_player,
            &$moves.action_round,
            &$moves.number,
            &$moves.decision as &[&str],
            &$moves.action_answer,
            &$moves.command_operator,
            &$moves.command_player,
            &$moves.actor,
            &$moves.key,
            &$moves.request_hash,
            &$moves.answer_status,
            &$moves.answer,
            $($value),*
        )
    };
}

/// Writes everything that these moves decided. Their wallets must be locked.
///
/// # Errors
/// [`LedgerError::WalletChanged`] when a wallet is not as it was locked; the transaction must be rolled back then.
pub(in crate::casino) async fn settle(
    db: &mut PgConnection,
    moves: &[Decided<'_>],
    at: OffsetDateTime,
) -> Result<(), LedgerError> {
    let columns = Columns::of(wallets(moves), at);
    let rest = MoveColumns::of(moves);
    let written = settle_statement!(columns, rest, at, "").fetch_all(db).await?;
    columns.check_all_moved(written.len())
}

/// Writes those of these moves that may be written: whose wallets are as they were when the moves were decided and
/// free, whose sessions last, whose keys are new, and whose operators, players and limits are what they were taken to
/// be. Never waits for a wallet, so what it checks is as new as the statement. Answers whose moves were written.
///
/// The conditions are scalar subqueries, each a look-up by primary key: the planner could turn `exists` into a join
/// that reads a whole table.
pub(in crate::casino) async fn settle_if_fit(
    db: &mut PgConnection,
    moves: &[Decided<'_>],
    at: OffsetDateTime,
) -> Result<Vec<(OperatorId, PlayerId)>, sqlx::Error> {
    let columns = Columns::of(wallets(moves), at);
    let rest = MoveColumns::of(moves);
    let guards = GuardColumns::of(moves);
    let written = settle_statement!(
        columns,
        rest,
        at,
        r#"
            join unnest(
                $56::bytea[], $57::text[], $58::text[], $59::bigint[], $60::text[], $61::bigint[], $62::bigint[],
                $63::bigint[]
            ) with ordinality as guard (
                token_hash, actor, key, protection, currency, min_stake, max_stake, max_payout, position
            ) on guard.position = new.position
            where coalesce(
                    (
                        select operators.is_active
                            and operators.casino_enabled
                            and operators.currency = guard.currency
                            and settings.min_stake = guard.min_stake
                            and settings.max_stake = guard.max_stake
                            and settings.max_payout = guard.max_payout
                        from operators
                        join operator_settings as settings on settings.operator_id = operators.id
                        where operators.id = new.operator_id
                    ),
                    false
                )
                and coalesce(
                    (select is_active from players where operator_id = new.operator_id and id = new.player_id),
                    false
                )
                and coalesce(
                    guard.token_hash is null
                    or (
                        select player_id = new.player_id and expires_at > $1
                        from sessions
                        where operator_id = new.operator_id and token_hash = guard.token_hash
                    ),
                    false
                )
                and (
                    select key
                    from commands
                    where operator_id = new.operator_id and actor = guard.actor and key = guard.key
                ) is null
                and guard.protection = coalesce(
                    (
                        select revision
                        from player_protection
                        where operator_id = new.operator_id and player_id = new.player_id
                    ),
                    0
                )
        "#,
        &guards.token_hash as &[Option<&[u8]>],
        &guards.actor,
        &guards.key as &[Option<&str>],
        &guards.protection,
        &guards.currency,
        &guards.min_stake,
        &guards.max_stake,
        &guards.max_payout,
    )
    .fetch_all(db)
    .await?;
    Ok(written
        .into_iter()
        .map(|row| (row.operator, row.player))
        .collect())
}
