//! What a file of registrations says, row by row. Must never touch the database.

use std::collections::HashMap;

use shared::field::{FieldError, noted};
use shared::problem::Problem;
use shared::theme::DisplayName;

use super::csv::{Row, Rows};
use super::http::name_of;
use super::options::RegistrationOptions;
use crate::accounts::{Email, Password, StaffLogin};

/// The columns, in the order of the template.
const COLUMNS: [&str; 4] = ["sportsbook_name", "login", "password", "email"];

/// Most wrong columns that an answer names.
const MAX_ERRORS: usize = 20;

/// The file that people fill in.
pub(super) const TEMPLATE: &str = "sportsbook_name,login,password,email\r\n\
    Example Sports,example_admin,choose-a-password,office@example.com\r\n\
    Second Example,second_admin,choose-another-one,\r\n";

/// A sportsbook that a row asks for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: DisplayName,
    pub(super) login: StaffLogin,
    pub(super) password: Password,
    pub(super) email: Option<Email>,
}

/// A row, and what it asks for or why it can't be.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) number: u32,
    pub(super) wanted: Result<Wanted, Vec<FieldError>>,
}

/// Reads a file. A row that is bad in itself, or says a name or a log-in name that a row before it says, is refused
/// alone.
///
/// # Errors
/// 422 when the file as a whole can't be meant: other columns, no rows, too many, or no CSV.
pub(super) fn read(bytes: &[u8], options: &RegistrationOptions) -> Result<Vec<Read>, Problem> {
    let refused = |detail: String| Problem::invalid_field("file", detail);
    let text = std::str::from_utf8(bytes).map_err(|_| refused("must be text in UTF-8".to_owned()))?;
    if text.contains('\0') {
        return Err(refused("must not contain NUL".to_owned()));
    }
    let mut rows = Rows::of(text);
    let header = rows
        .next()
        .transpose()
        .map_err(|error| refused(error.to_string()))?;
    let order =
        order_of(&header.map(|row| row.cells).unwrap_or_default()).map_err(Problem::invalid_fields)?;
    let (mut names, mut logins) = (HashMap::new(), HashMap::new());
    let mut found = Vec::new();
    for row in rows {
        let row = row.map_err(|error| refused(error.to_string()))?;
        if found.len() >= usize::try_from(options.bulk_rows).unwrap_or(usize::MAX) {
            return Err(refused(format!("must have at most {} rows", options.bulk_rows)));
        }
        let number = row.number;
        let wanted = wanted(&row, order).and_then(|wanted| {
            let mut errors = Vec::new();
            let mut once = |seen: &mut HashMap<String, u32>, field: &str, text: &str| {
                if let Some(first) = seen.get(text) {
                    errors.push(FieldError::new(field, format!("is that of row {first}, too")));
                }
            };
            let (name, login) = (
                wanted.name.as_str().to_lowercase(),
                wanted.login.as_str().to_lowercase(),
            );
            once(&mut names, COLUMNS[0], &name);
            once(&mut logins, COLUMNS[1], &login);
            if !errors.is_empty() {
                return Err(errors);
            }
            names.insert(name, number);
            logins.insert(login, number);
            Ok(wanted)
        });
        found.push(Read { number, wanted });
    }
    if found.is_empty() {
        return Err(refused("must have at least one row below the header".to_owned()));
    }
    Ok(found)
}

/// Where each of [`COLUMNS`] is. Names count in any case, and without blanks around them.
fn order_of(header: &[String]) -> Result<[usize; 4], Vec<FieldError>> {
    let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    let mut errors = Vec::new();
    for column in COLUMNS {
        match names.iter().filter(|name| *name == column).count() {
            1 => {}
            0 => errors.push(FieldError::new(column, "is a missing column")),
            _ => errors.push(FieldError::new(column, "is there more than once")),
        }
    }
    for (index, name) in names.iter().enumerate() {
        if !COLUMNS.contains(&name.as_str()) {
            let letters: String = name
                .chars()
                .filter(|one| one.is_alphanumeric())
                .take(40)
                .collect();
            if errors.len() >= MAX_ERRORS {
                break;
            }
            errors.push(FieldError::new(
                format!("column {}", index + 1),
                format!("({letters}) is none of {}", COLUMNS.join(", ")),
            ));
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(COLUMNS.map(|column| names.iter().position(|name| name == column).unwrap_or_default()))
}

fn wanted(row: &Row, order: [usize; 4]) -> Result<Wanted, Vec<FieldError>> {
    if row.cells.len() != COLUMNS.len() {
        let detail = format!("has {} cells instead of {}", row.cells.len(), COLUMNS.len());
        return Err(vec![FieldError::new("row", detail)]);
    }
    let [name, login, password, email] = order.map(|index| row.cells[index].as_str());
    let mut errors = Vec::new();
    let email = Some(email).filter(|email| !email.trim().is_empty());
    let name = noted(&mut errors, COLUMNS[0], name_of(name));
    let login = noted(&mut errors, COLUMNS[1], StaffLogin::parse(login));
    let password = noted(&mut errors, COLUMNS[2], Password::for_new_account(password));
    let email = noted(&mut errors, COLUMNS[3], email.map(Email::parse).transpose());
    match (name, login, password, email) {
        (Some(name), Some(login), Some(password), Some(email)) => Ok(Wanted {
            name,
            login,
            password,
            email,
        }),
        _ => Err(errors),
    }
}
