//! Many operators with themes and brandings, made as the product makes them. Must never make two look the same.

use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};
use shared::clock::Clock;
use shared::ids::Subdomain;
use shared::money::Currency;
use shared::random::Random;
use sqlx::{Connection, PgConnection};
use write_api::accounts::{Founding, NewOperator, create_operator};
use write_api::audit::Doer;
use write_api::operators::{save_branding, save_theme};

use crate::failure::Failure;

/// Operators created in one transaction.
const BATCH: usize = 250;

/// Creates so many operators, and returns their subdomains.
pub(crate) async fn create(database_url: &str, count: u32, clock: &Clock) -> Result<Vec<String>, Failure> {
    let mut db = PgConnection::connect(database_url).await?;
    let numbers: Vec<u32> = (1..=count).collect();
    let mut subdomains = Vec::new();
    for batch in numbers.chunks(BATCH) {
        let mut transaction = db.begin().await?;
        for number in batch {
            subdomains.push(create_one(&mut transaction, *number, clock).await?);
        }
        transaction.commit().await?;
    }
    // Nothing was ever changed here, so that nobody has looked yet at how the rows are.
    sqlx::raw_sql("analyze").execute(&mut db).await?;
    db.close().await?;
    Ok(subdomains)
}

async fn create_one(db: &mut PgConnection, number: u32, clock: &Clock) -> Result<String, Failure> {
    let subdomain = format!("brand-{number}");
    let unfit = || Failure::Unfit(format!("{subdomain:?} can't name an operator"));
    let now = clock.now();
    let new = NewOperator {
        subdomain: Subdomain::parse(&subdomain).ok_or_else(unfit)?,
        name: format!("Brand {number}").parse().map_err(|_| unfit())?,
        currency: Currency::USD,
    };
    let founding = Founding::draw(&Random::system(), now);
    let operator = create_operator(db, &new, &founding).await?.id;
    let doer = Doer::at_console(operator, now);
    save_theme(&doer, db, &theme(number)).await?;
    let branding = to_raw_value(&branding(number)).map_err(|_| unfit())?;
    save_branding(&doer, db, &branding).await?;
    Ok(subdomain)
}

/// A colour that belongs to the number.
fn color(number: u32) -> String {
    format!("#{:06x}", number % 0x100_0000)
}

fn theme(number: u32) -> Map<String, Value> {
    [
        ("primaryColor", color(number)),
        ("accentColor", color(!number)),
        ("layoutStyle", "modern".to_owned()),
        ("sportsbookName", format!("Brand {number}")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect()
}

fn branding(number: u32) -> Value {
    json!({
        "theme": {"primary_color": color(number), "accent_color": color(!number)},
        "branding": {
            "welcome_message": format!("Welcome to brand {number}, where every match of the week is on offer"),
            "contact_email": format!("support@brand-{number}.example"),
        },
    })
}

#[cfg(test)]
mod tests {
    use shared::branding::{BettingLimits, BrandingSettings};
    use shared::theme::Theme;

    use super::*;

    #[test]
    fn each_operator_has_valid_looks_of_its_own() {
        let looks = [1, 2, u32::MAX].map(|number| {
            let body = to_raw_value(&branding(number)).unwrap();
            let limits = BettingLimits::of_new_operator(Currency::USD);
            BrandingSettings::default().updated(limits, &body).unwrap();
            Theme::default().merged(&theme(number)).unwrap()
        });
        assert_ne!(looks[0], looks[1]);
        assert_ne!(looks[1], looks[2]);
    }
}
