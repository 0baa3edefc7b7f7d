//! Which part of a board a page is. Must never let a page have any size.

use serde::Serialize;
use shared::field::FieldError;
use utoipa::ToSchema;

const DEFAULT_PER_PAGE: u32 = 20;
/// As many as the legacy pages ask for.
const MAX_PER_PAGE: u32 = 1000;
const MAX_PAGE: u32 = 1_000_000;

/// A page of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct At {
    number: u32,
    size: u32,
}

/// Where a page is on its board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct BoardPagination {
    page: u32,
    per_page: u32,
    /// Entries of the board, also those that no page shows.
    total: usize,
    /// Pages that have entries.
    pages: usize,
    has_next: bool,
    has_prev: bool,
}

impl At {
    /// The first page of the usual size.
    pub const FIRST: Self = Self {
        number: 1,
        size: DEFAULT_PER_PAGE,
    };

    /// Checks what was asked for; the first page of the usual size when nothing was.
    ///
    /// # Errors
    /// Every member that is out of its range.
    pub fn read(page: Option<u32>, per_page: Option<u32>) -> Result<Self, Vec<FieldError>> {
        let at = Self {
            number: page.unwrap_or(1),
            size: per_page.unwrap_or(DEFAULT_PER_PAGE),
        };
        let checked = [("page", at.number, MAX_PAGE), ("per_page", at.size, MAX_PER_PAGE)];
        let errors: Vec<FieldError> = checked
            .into_iter()
            .filter(|(_, value, most)| !(1..=*most).contains(value))
            .map(|(field, _, most)| FieldError::new(field, format!("must be from 1 to {most}")))
            .collect();
        if errors.is_empty() { Ok(at) } else { Err(errors) }
    }

    /// The entries of this page among those held, each with its rank.
    pub(super) fn of<T>(self, held: &[T]) -> impl Iterator<Item = (usize, &T)> {
        let before = (self.number as usize - 1) * self.size as usize;
        let entries = held.iter().enumerate().skip(before).take(self.size as usize);
        entries.map(|(index, entry)| (index + 1, entry))
    }

    /// Whether it is behind the last page of a board that shows `held` entries.
    pub(super) fn is_beyond(self, held: usize) -> bool {
        self.number > 1 && (self.number as usize - 1) * self.size as usize >= held
    }

    /// Where this page is on a board of `total` entries, of which `held` can be shown.
    pub(super) fn in_all(self, total: usize, held: usize) -> BoardPagination {
        let (page, pages) = (self.number as usize, held.div_ceil(self.size as usize));
        BoardPagination {
            page: self.number,
            per_page: self.size,
            total,
            pages,
            has_next: page < pages,
            has_prev: page > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_bounded() {
        assert_eq!(At::read(None, None), Ok(At { number: 1, size: 20 }));
        assert!(At::read(Some(1_000_000), Some(1000)).is_ok());
        for (page, per_page, fields) in [
            (0, 20, &["page"][..]),
            (1_000_001, 20, &["page"]),
            (1, 0, &["per_page"]),
            (1, 1001, &["per_page"]),
            (1_000_000_000, 1_000_000_000, &["page", "per_page"]),
        ] {
            let errors = At::read(Some(page), Some(per_page)).unwrap_err();
            let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(named, fields);
        }
    }

    #[test]
    fn a_page_is_its_part_of_what_is_held_and_knows_its_ranks() {
        let held = ["a", "b", "c", "d", "e"];
        let page = |number| At { number, size: 2 };
        let shown = |number| page(number).of(&held).collect::<Vec<_>>();
        assert_eq!(shown(1), [(1, &"a"), (2, &"b")]);
        assert_eq!(shown(3), [(5, &"e")]);
        assert_eq!(shown(4), []);
        assert_eq!(shown(1_000_000), []);
        let last = page(3).in_all(900, held.len());
        assert_eq!(
            (last.total, last.pages, last.has_next, last.has_prev),
            (900, 3, false, true)
        );
        assert!(page(1).in_all(5, 5).has_next && !page(1).in_all(5, 5).has_prev);
        assert_eq!(page(1).in_all(0, 0).pages, 0);
    }
}
