//! What a person needs to know once everything runs: where it answers and who can log in.
//! Must never show a secret other than the password of the demo data.

use std::fmt::Write as _;

use crate::demo::{DemoData, OPERATORS, PASSWORD, PLATFORM_LOGIN};
use crate::launch::Launched;

/// The table, and some requests to try.
pub(crate) fn render(launched: &Launched) -> String {
    let readers = launched.reader_urls();
    let writer = launched.write_url();
    let mut text = services(&readers, &writer, database(launched));
    let front = readers.first().unwrap_or(&writer);
    let has_demo = matches!(launched.demo(), Some(DemoData::Created | DemoData::Kept));
    if has_demo {
        text.push('\n');
        text.push_str(&logins());
        text.push('\n');
        text.push_str(&examples(front));
    }
    let logs = launched.home().logs();
    // Writing to a string can't fail.
    let _ = write!(
        text,
        "\nLogs are in {}. Ctrl-C stops everything.\n",
        logs.display()
    );
    text
}

fn database(launched: &Launched) -> String {
    launched.cluster.as_ref().map_or_else(
        || "the given server".to_owned(),
        |cluster| {
            format!(
                "127.0.0.1:{}, passwords in {}",
                cluster.port(),
                cluster.folder().display()
            )
        },
    )
}

fn services(readers: &[String], writer: &str, database: String) -> String {
    let mut rows = vec![["SERVICE".to_owned(), "URL".to_owned()]];
    rows.extend(
        (1..)
            .zip(readers)
            .map(|(number, url)| [format!("reader {number}"), url.clone()]),
    );
    rows.push(["writer".to_owned(), writer.to_owned()]);
    rows.push(["PostgreSQL".to_owned(), database]);
    aligned(&rows)
}

fn logins() -> String {
    let row =
        |operator: &str, login: &str, role: &str| [operator, login, PASSWORD, role].map(ToOwned::to_owned);
    let mut rows = vec![["OPERATOR", "LOG-IN", "PASSWORD", "ROLE"].map(ToOwned::to_owned)];
    for operator in OPERATORS {
        rows.push(row(operator.subdomain, operator.staff, "staff"));
        rows.extend(
            operator
                .players
                .iter()
                .map(|player| row(operator.subdomain, player, "player")),
        );
    }
    rows.push(row("(platform)", PLATFORM_LOGIN, "staff"));
    aligned(&rows)
}

fn examples(front: &str) -> String {
    format!(
        "Try, in another terminal:
  curl {front}/api/branding/aurora
  curl '{front}/api/sports/events/soccer?operator=aurora'
  TOKEN=$(curl -s {front}/api/auth/aurora/login -H 'content-type: application/json' \\
    -d '{{\"username\":\"alice\",\"password\":\"{PASSWORD}\"}}' | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')
  curl {front}/api/casino/slots/bet -H \"authorization: Bearer $TOKEN\" \\
    -H 'content-type: application/json' -d '{{\"stake\":1.00}}'
"
    )
}

/// Columns as wide as their widest cell, with two spaces between.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "));
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_listed_with_their_urls_one_below_the_other() {
        let readers = ["http://127.0.0.1:8080", "http://127.0.0.1:8081"].map(ToOwned::to_owned);
        let table = services(&readers, "http://127.0.0.1:8090", "127.0.0.1:20000".to_owned());
        assert_eq!(
            table,
            "SERVICE     URL\n\
             reader 1    http://127.0.0.1:8080\n\
             reader 2    http://127.0.0.1:8081\n\
             writer      http://127.0.0.1:8090\n\
             PostgreSQL  127.0.0.1:20000\n"
        );
    }

    #[test]
    fn everybody_of_the_demo_data_is_listed_with_the_password() {
        assert_eq!(
            logins(),
            "OPERATOR    LOG-IN         PASSWORD       ROLE\n\
             aurora      aurora_admin   demo-password  staff\n\
             aurora      alice          demo-password  player\n\
             aurora      bob            demo-password  player\n\
             bluefin     bluefin_admin  demo-password  staff\n\
             bluefin     carol          demo-password  player\n\
             (platform)  root           demo-password  staff\n"
        );
    }
}
