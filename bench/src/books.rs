//! The verdict on the books at the end of a measurement. Must never pass over a book that could not be read.

use sqlx::PgConnection;
use write_api::ledger::{BooksError, verify_books};

use crate::failure::Failure;

/// What is wrong in the books, if anything is.
pub(crate) async fn difference(db: &mut PgConnection) -> Result<Option<String>, Failure> {
    match verify_books(db).await {
        Ok(()) => Ok(None),
        Err(BooksError::Wrong(difference)) => Ok(Some(difference.to_string())),
        Err(error @ BooksError::Database(_)) => Err(Failure::Unfit(error.to_string())),
    }
}
