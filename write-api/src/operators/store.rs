//! The rows of operators, of their themes and of their settings.
//! Must never read for a change what is not locked.

use serde_json::value::RawValue;
use shared::branding::{BettingLimits, BrandingSettings, BrandingUpdate};
use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use shared::theme::{
    ButtonStyle, CardStyle, Color, DisplayName, FontFamily, ImageUrl, LayoutStyle, LogoType, Theme,
};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

/// An operator whose row stays as it is until the transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locked {
    /// Currency of the books.
    pub(crate) currency: Currency,
    /// The casino switch.
    pub(crate) casino_enabled: bool,
}

/// Locks the operator's row: every change by staff does so first, so that changes of one operator queue up here.
/// Bets don't wait: they only read it, and keys that refer to it don't conflict with this lock.
pub(crate) async fn lock(operator: OperatorId, db: &mut PgConnection) -> Result<Option<Locked>, sqlx::Error> {
    sqlx::query_as!(
        Locked,
        r#"select currency as "currency: Currency", casino_enabled from operators where id = $1 for no key update"#,
        operator.get(),
    )
    .fetch_optional(db)
    .await
}

/// The casino switch.
pub(crate) async fn casino_enabled(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar!(
        "select casino_enabled from operators where id = $1",
        operator.get(),
    )
    .fetch_optional(db)
    .await
}

/// Sets the casino switch.
pub(super) async fn put_casino_enabled(
    operator: OperatorId,
    db: &mut PgConnection,
    is_enabled: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update operators set casino_enabled = $2 where id = $1",
        operator.get(),
        is_enabled,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The saved theme, if there is one.
pub(super) async fn theme(operator: OperatorId, db: &mut PgConnection) -> Result<Option<Theme>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            primary_color as "primary_color: Color",
            secondary_color as "secondary_color: Color",
            accent_color as "accent_color: Color",
            background_color as "background_color: Color",
            text_color as "text_color: Color",
            font_family as "font_family: FontFamily",
            layout_style as "layout_style: LayoutStyle",
            button_style as "button_style: ButtonStyle",
            card_style as "card_style: CardStyle",
            logo_type as "logo_type: LogoType",
            logo_url as "logo_url: ImageUrl",
            sportsbook_name as "sportsbook_name: DisplayName",
            banner_image_url as "banner_image_url: ImageUrl"
        from themes
        where operator_id = $1
        "#,
        operator.get(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Theme {
        primary_color: row.primary_color,
        secondary_color: row.secondary_color,
        accent_color: row.accent_color,
        background_color: row.background_color,
        text_color: row.text_color,
        font_family: row.font_family,
        layout_style: row.layout_style,
        button_style: row.button_style,
        card_style: row.card_style,
        logo_type: row.logo_type,
        logo_url: row.logo_url,
        sportsbook_name: row.sportsbook_name,
        custom_css: None,
        banner_image_url: row.banner_image_url,
    }))
}

/// Saves the theme, the first or another one.
pub(super) async fn put_theme(
    operator: OperatorId,
    db: &mut PgConnection,
    theme: &Theme,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into themes (
            operator_id, primary_color, secondary_color, accent_color, background_color, text_color, font_family,
            layout_style, button_style, card_style, logo_type, logo_url, sportsbook_name, banner_image_url, updated_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        on conflict (operator_id) do update
        set primary_color = excluded.primary_color,
            secondary_color = excluded.secondary_color,
            accent_color = excluded.accent_color,
            background_color = excluded.background_color,
            text_color = excluded.text_color,
            font_family = excluded.font_family,
            layout_style = excluded.layout_style,
            button_style = excluded.button_style,
            card_style = excluded.card_style,
            logo_type = excluded.logo_type,
            logo_url = excluded.logo_url,
            sportsbook_name = excluded.sportsbook_name,
            banner_image_url = excluded.banner_image_url,
            updated_at = excluded.updated_at
        ",
        operator.get(),
        theme.primary_color.as_str(),
        theme.secondary_color.as_str(),
        theme.accent_color.as_str(),
        theme.background_color.as_str(),
        theme.text_color.as_str(),
        theme.font_family.as_str(),
        theme.layout_style.as_str(),
        theme.button_style.as_str(),
        theme.card_style.as_str(),
        theme.logo_type.as_str(),
        theme.logo_url.as_str(),
        theme.sportsbook_name.as_str(),
        theme.banner_image_url.as_str(),
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The branding settings and the limits; the defaults for an operator without any.
pub(super) async fn branding(
    operator: OperatorId,
    db: &mut PgConnection,
    currency: Currency,
) -> Result<(BrandingSettings, BettingLimits), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            branding as "branding: Json<Box<RawValue>>",
            min_stake as "min_stake: Minor",
            max_stake as "max_stake: Minor",
            max_payout as "max_payout: Minor"
        from operator_settings
        where operator_id = $1
        "#,
        operator.get(),
    )
    .fetch_optional(db)
    .await?;
    Ok(match row {
        None => (
            BrandingSettings::default(),
            BettingLimits::of_new_operator(currency),
        ),
        Some(row) => (
            BrandingSettings::from_stored(&row.branding.0),
            BettingLimits {
                currency,
                min_bet: row.min_stake,
                max_bet: row.max_stake,
                max_payout: row.max_payout,
            },
        ),
    })
}

/// Saves the branding settings and the limits.
pub(super) async fn put_branding(
    operator: OperatorId,
    db: &mut PgConnection,
    update: &BrandingUpdate,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into operator_settings (operator_id, branding, min_stake, max_stake, max_payout)
        values ($1, $2, $3, $4, $5)
        on conflict (operator_id) do update
        set branding = excluded.branding,
            min_stake = excluded.min_stake,
            max_stake = excluded.max_stake,
            max_payout = excluded.max_payout
        ",
        operator.get(),
        Json(&update.settings) as _,
        update.limits.min_bet.get(),
        update.limits.max_bet.get(),
        update.limits.max_payout.get(),
    )
    .execute(db)
    .await?;
    Ok(())
}
