//! Pages of lists: which one a request asks for, and where it lies. Must never let a page have any size.

use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use utoipa::{IntoParams, ToSchema};

/// Entries on a page unless asked otherwise.
const DEFAULT_PER_PAGE: u32 = 20;
/// Most entries on a page.
const MAX_PER_PAGE: u32 = 100;

/// Longest text that is searched for, in characters.
const MAX_SEARCH_CHARS: usize = 100;

/// What a list is searched for: without blanks around it, and in lower case, each character by itself, as addresses are
/// stored. None where nothing is.
///
/// # Errors
/// What to tell whoever wrote it, as words that follow the field's name.
pub fn searched(text: Option<&str>) -> Result<Option<String>, String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.contains('\0') || text.chars().count() > MAX_SEARCH_CHARS) {
        return Err(format!("must be text of at most {MAX_SEARCH_CHARS} characters"));
    }
    Ok(text.map(|text| text.chars().flat_map(char::to_lowercase).collect()))
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From 1, which is the default.
    #[param(minimum = 1, maximum = 4_294_967_295_u32, value_type = Option<i64>)]
    page: Option<u32>,
    /// Entries on a page: 1 to 100, by default 20.
    #[param(minimum = 1, maximum = 100)]
    per_page: Option<u32>,
}

impl PageQuery {
    /// Checks what was asked for; the first page of the usual size when nothing was.
    ///
    /// # Errors
    /// Every member that is out of its range.
    pub fn read(self) -> Result<Page, Vec<FieldError>> {
        let page = Page {
            number: self.page.unwrap_or(1),
            size: self.per_page.unwrap_or(DEFAULT_PER_PAGE),
        };
        let mut errors = Vec::new();
        if page.number == 0 {
            errors.push(FieldError::new("page", "must be at least 1"));
        }
        if !(1..=MAX_PER_PAGE).contains(&page.size) {
            let detail = format!("must be from 1 to {MAX_PER_PAGE}");
            errors.push(FieldError::new("per_page", detail));
        }
        if errors.is_empty() { Ok(page) } else { Err(errors) }
    }

    /// Checks what was asked for, together with the `rest` of a query.
    ///
    /// # Errors
    /// Every member of either that holds what it may not.
    pub fn read_with<T>(self, rest: Result<T, Vec<FieldError>>) -> Result<(Page, T), Vec<FieldError>> {
        match (self.read(), rest) {
            (Ok(page), Ok(rest)) => Ok((page, rest)),
            (page, rest) => Err(page.err().into_iter().chain(rest.err()).flatten().collect()),
        }
    }
}

/// A page that can be asked of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: u32,
    size: u32,
}

impl Page {
    /// The first of the usual size.
    pub(crate) const FIRST: Self = Self {
        number: 1,
        size: DEFAULT_PER_PAGE,
    };

    /// Entries before this page.
    pub fn offset(self) -> i64 {
        i64::from(self.number.saturating_sub(1)) * self.size()
    }

    /// Entries on this page at most.
    pub fn size(self) -> i64 {
        self.size.into()
    }

    /// Where this page is in a list of `total` entries.
    pub fn of(self, total: i64) -> Pagination {
        Pagination {
            page: self.number,
            per_page: self.size,
            total,
            pages: (total + self.size() - 1) / self.size(),
        }
    }
}

/// Where a page is in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pagination {
    page: u32,
    per_page: u32,
    /// Entries on all pages.
    total: i64,
    /// Pages.
    pages: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: Option<u32>, per_page: Option<u32>) -> Result<Page, Vec<FieldError>> {
        PageQuery { page, per_page }.read()
    }

    #[test]
    fn pages_are_bounded() {
        let page = read(None, None).unwrap();
        assert_eq!((page.number, page.size(), page.offset()), (1, 20, 0));
        let last = read(Some(u32::MAX), Some(100)).unwrap();
        assert_eq!(last.offset(), 429_496_729_400);
        assert_eq!([0, 1, 20, 21].map(|total| page.of(total).pages), [0, 1, 1, 2]);
        let errors = read(Some(0), Some(101)).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["page", "per_page"]);
    }
}
