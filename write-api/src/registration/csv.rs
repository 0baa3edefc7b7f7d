//! Reading files of comma-separated values, as spreadsheets write them (RFC 4180). Must never guess what a broken file
//! means.

/// A row as a spreadsheet counts it, from 1, and its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) cells: Vec<String>,
}

/// The row in which a file stops being readable, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row} {detail}")]
pub(super) struct CsvError {
    pub(super) row: u32,
    pub(super) detail: &'static str,
}

/// The rows of a text, one after the other. Empty lines are counted and left out; an error is the last.
pub(super) struct Rows<'a> {
    rest: &'a str,
    number: u32,
}

impl<'a> Rows<'a> {
    /// Of a text, with or without the mark that Excel writes before it.
    pub(super) fn of(text: &'a str) -> Self {
        Self {
            rest: text.strip_prefix('\u{feff}').unwrap_or(text),
            number: 0,
        }
    }

    /// Takes one cell; says whether it was the last of its row.
    fn cell(&mut self) -> Result<(String, bool), &'static str> {
        let text = if let Some(quoted) = self.rest.strip_prefix('"') {
            self.quoted(quoted)?
        } else {
            let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
            let (cell, rest) = self.rest.split_at(end);
            if cell.contains('"') {
                return Err("has a quotation mark inside a cell without quotation marks around it");
            }
            self.rest = rest;
            cell.to_owned()
        };
        for (end, is_last) in [(",", false), ("\r\n", true), ("\n", true), ("\r", true)] {
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                return Ok((text, is_last));
            }
        }
        if self.rest.is_empty() {
            Ok((text, true))
        } else {
            Err("has text after the closing quotation mark of a cell")
        }
    }

    /// The text up to the closing quotation mark; two in a row stand for one.
    fn quoted(&mut self, mut inside: &'a str) -> Result<String, &'static str> {
        let mut text = String::new();
        loop {
            let end = inside
                .find('"')
                .ok_or("has a quotation mark that is never closed")?;
            text.push_str(&inside[..end]);
            inside = &inside[end + 1..];
            let Some(more) = inside.strip_prefix('"') else {
                self.rest = inside;
                return Ok(text);
            };
            text.push('"');
            inside = more;
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            self.number += 1;
            let mut cells = Vec::new();
            loop {
                match self.cell() {
                    Ok((cell, is_last)) => {
                        cells.push(cell);
                        if is_last {
                            break;
                        }
                    }
                    Err(detail) => {
                        self.rest = "";
                        let row = self.number;
                        return Some(Err(CsvError { row, detail }));
                    }
                }
            }
            if cells.iter().any(|cell| !cell.is_empty()) {
                let number = self.number;
                return Some(Ok(Row { number, cells }));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        Rows::of(text)
            .map(|row| row.map(|row| (row.number, row.cells)).unwrap())
            .collect()
    }

    #[test]
    fn files_of_every_spreadsheet_are_read_alike() {
        let expected = vec![
            (1, vec!["a".to_owned(), "b".to_owned()]),
            (2, vec!["1".into(), "2".into()]),
        ];
        for text in [
            "a,b\n1,2",
            "a,b\n1,2\n",
            "a,b\r\n1,2\r\n",
            "a,b\r1,2\r",
            "\u{feff}a,b\n1,2\n",
            "\"a\",\"b\"\r\n\"1\",2\r\n",
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_cell_may_hold_commas_quotation_marks_and_line_breaks() {
        let found = rows("\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\nlast,,\n");
        let expected = vec![
            (
                1,
                vec!["a,b".to_owned(), "say \"x\"".into(), "two\r\nlines".into()],
            ),
            (2, vec!["last".into(), String::new(), String::new()]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn empty_rows_are_counted_and_left_out() {
        let found: Vec<_> = rows("a\n\n,,\nb\n\n")
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(found, [1, 4]);
        assert!(rows("").is_empty());
    }

    #[test]
    fn a_broken_file_is_refused_with_its_row() {
        for (text, row) in [
            ("a\n\"b", 2),
            ("a\nb\"c\"", 2),
            ("\"a\"b,c", 1),
            ("a\n\"b\" ,c", 2),
        ] {
            let error = Rows::of(text).find_map(Result::err).unwrap();
            assert_eq!(error.row, row, "{text:?}");
            assert!(Rows::of(text).count() <= 2);
        }
    }
}
