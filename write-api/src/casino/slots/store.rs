//! The statement that reads a spin back.

use serde_json::value::RawValue;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Amount, Currency, Minor};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::casino::error::CasinoError;
use crate::casino::fairness::Nonce;
use crate::casino::http::SettledRound;
use crate::casino::rules::Payout;
use crate::casino::store::{Game, currency};

/// A spin of the past, with its currency and what the wallet holds now.
#[derive(Debug)]
pub(super) struct StoredRound {
    pub(super) id: Uuid,
    pub(super) stake: Minor,
    pub(super) payout: Payout,
    pub(super) result: Box<RawValue>,
    pub(super) commitment: String,
    pub(super) client_seed: String,
    pub(super) nonce: Nonce,
    pub(super) balance: Minor,
    pub(super) currency: Currency,
}

pub(super) async fn round(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    id: Uuid,
) -> Result<Option<StoredRound>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            rounds.stake as "stake: Minor",
            rounds.payout as "payout: Minor",
            rounds.payout_limited,
            rounds.result::text as "result!",
            rounds.nonce,
            seed_pairs.commitment,
            seed_pairs.client_seed,
            wallets.balance as "balance: Minor",
            operators.currency
        from rounds
        join seed_pairs on seed_pairs.operator_id = rounds.operator_id and seed_pairs.id = rounds.seed_pair_id
        join wallets on wallets.operator_id = rounds.operator_id and wallets.player_id = rounds.player_id
        join operators on operators.id = rounds.operator_id
        where rounds.operator_id = $1
            and rounds.id = $2
            and rounds.player_id = $3
            and rounds.game = $4
            and rounds.status = 'settled'
        "#,
        operator.get(),
        id,
        player.get(),
        Game::Slots.as_str(),
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let result = RawValue::from_string(row.result);
    Ok(Some(StoredRound {
        id,
        stake: row.stake,
        payout: Payout {
            amount: row.payout,
            is_limited: row.payout_limited,
        },
        result: result.map_err(|error| sqlx::Error::Decode(error.into()))?,
        commitment: row.commitment,
        client_seed: row.client_seed,
        nonce: Nonce::new(row.nonce.cast_unsigned()),
        balance: row.balance,
        currency: currency(&row.currency)?,
    }))
}

impl StoredRound {
    /// Checks what a client takes the payout to be.
    pub(super) fn check_payout(&self, claimed: &Amount) -> Result<(), CasinoError> {
        if claimed.not_negative(self.currency) == Ok(self.payout.amount) {
            Ok(())
        } else {
            Err(CasinoError::WrongPayout(self.currency.money(self.payout.amount)))
        }
    }

    /// The round to be shown.
    pub(super) fn settled(&self) -> SettledRound<'_> {
        SettledRound {
            id: self.id,
            stake: self.stake,
            payout: self.payout,
            balance: self.balance,
            result: &self.result,
            commitment: &self.commitment,
            client_seed: &self.client_seed,
            nonce: self.nonce,
        }
    }
}
