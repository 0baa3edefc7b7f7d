//! How a sportsbook is made, whoever brings it. Must never leave a part of one.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::db::DbError;
use shared::ids::Subdomain;
use shared::money::Currency;
use shared::theme::DisplayName;
use sqlx::PgConnection;

use super::rules::{self, ReferralCode};
use super::store;
use crate::accounts::Visitor;
use crate::accounts::{CreateError, Created, Founding, NewOperator, NewStaff, create_operator, create_staff};
use crate::app::App;
use crate::audit::{Action, Change, Doer, PlatformDoer, record};

/// How often another address is tried when somebody takes the chosen one at the same moment.
const MAX_ATTEMPTS: u32 = 5;

/// What a sportsbook is called, and what its books are kept in.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: DisplayName,
    pub(super) currency: Currency,
}

/// Who brings a sportsbook.
#[derive(Clone, Debug)]
pub(super) enum Sponsor {
    /// The operator that has this code; whoever registers comes from there.
    Operator(ReferralCode, Visitor),
    /// Staff of the platform.
    Platform(PlatformDoer),
}

/// Why no sportsbook was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoundingError {
    /// All addresses that the name can have are taken.
    #[error("no address like this name is free")]
    NoFreeAddress,
    /// The rows were refused.
    #[error(transparent)]
    Refused(#[from] CreateError),
}

/// Makes the operator, at the best address that is free.
pub(super) async fn found(
    app: &App,
    named: &Named,
    staff: &NewStaff,
    sponsor: &Sponsor,
) -> Result<(Subdomain, Created), FoundingError> {
    let addresses: Arc<[Subdomain]> = rules::addresses(&named.name).into();
    for _ in 0..MAX_ATTEMPTS {
        let addresses = Arc::clone(&addresses);
        let free = app.db.read(move |db| {
            let addresses = Arc::clone(&addresses);
            Box::pin(async move { Ok::<_, DbError>(store::first_free(db, &addresses).await?.cloned()) })
        });
        let Some(subdomain) = free.await.map_err(CreateError::from)? else {
            break;
        };
        let new = NewOperator {
            subdomain: subdomain.clone(),
            name: named.name.clone(),
            currency: named.currency,
        };
        let founding = Founding::draw(&app.random, app.clock.now());
        match create(app, new, staff, sponsor, founding).await {
            Err(CreateError::SubdomainTaken | CreateError::ReferralCodeTaken) => {}
            created => return Ok((subdomain, created?)),
        }
    }
    Err(FoundingError::NoFreeAddress)
}

async fn create(
    app: &App,
    new: NewOperator,
    staff: &NewStaff,
    sponsor: &Sponsor,
    founding: Founding,
) -> Result<Created, CreateError> {
    let asked = Arc::new((new, staff.clone(), sponsor.clone(), founding));
    let created = app.db.write(move |db| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let (new, staff, sponsor, founding) = &*asked;
            in_transaction(db, new, staff, sponsor, founding).await
        })
    });
    created.await
}

async fn in_transaction(
    db: &mut PgConnection,
    new: &NewOperator,
    staff: &NewStaff,
    sponsor: &Sponsor,
    founding: &Founding,
) -> Result<Created, CreateError> {
    let referrer = match sponsor {
        Sponsor::Platform(_) => None,
        Sponsor::Operator(code, _) => {
            let referrer = store::referrer(db, code).await?;
            Some(referrer.ok_or(CreateError::OperatorDisabled)?)
        }
    };
    let created = create_operator(db, new, founding).await?;
    let first = create_staff(created.id, db, staff, founding.at()).await?;
    if let Some(referrer) = referrer {
        store::insert_referral(created.id, db, referrer, founding.at()).await?;
    }
    let doer = match sponsor {
        Sponsor::Platform(doer) => Doer {
            at: founding.at(),
            ..doer.clone().at(created.id)
        },
        Sponsor::Operator(_, visitor) => visitor.as_staff(created.id, first, founding.at()),
    };
    let change = Change {
        subject: None,
        before: Value::Null,
        after: json!({
            "sportsbook_name": new.name.as_str(),
            "subdomain": new.subdomain.as_str(),
            "login": staff.login.as_str(),
        }),
    };
    record(created.id, db, &doer, Action::OperatorRegistered, change).await?;
    Ok(created)
}
