//! The one file of a form, as browsers send it (RFC 7578). Must never take a part of a body for the whole.

/// Longest head of a part, in bytes.
const MAX_HEAD_BYTES: usize = 4096;
/// Longest boundary (RFC 2046).
const MAX_BOUNDARY_BYTES: usize = 70;

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a form with one file")]
pub(super) struct NoFile;

/// The boundary that a `Content-Type` of `multipart/form-data` names.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next()?;
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parts.filter_map(|part| part.split_once('='));
    let (_, value) = named
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim().trim_matches('"');
    (1..=MAX_BOUNDARY_BYTES).contains(&value.len()).then_some(value)
}

/// What is in the only part of the form.
pub(super) fn only_file<'a>(body: &'a [u8], boundary: &str) -> Result<&'a [u8], NoFile> {
    let opening = format!("--{boundary}\r\n");
    let closing = format!("\r\n--{boundary}");
    let part = body.strip_prefix(opening.as_bytes()).ok_or(NoFile)?;
    let head = find(&part[..part.len().min(MAX_HEAD_BYTES)], b"\r\n\r\n").ok_or(NoFile)?;
    let content = &part[head + 4..];
    let end = find(content, closing.as_bytes()).ok_or(NoFile)?;
    let rest = &content[end + closing.len()..];
    if rest.trim_ascii() == b"--" {
        Ok(&content[..end])
    } else {
        Err(NoFile)
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_is_found_as_browsers_write_it() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("text/csv; boundary=abc", None),
        ] {
            assert_eq!(boundary(content_type), expected, "{content_type}");
        }
    }

    #[test]
    fn a_form_has_one_whole_file() {
        let head = "Content-Disposition: form-data; name=\"csv_file\"; filename=\"a.csv\"\r\n\r\n";
        let whole = format!("--x\r\n{head}a,b\r\n1,2\r\n\r\n--x--\r\n");
        assert_eq!(only_file(whole.as_bytes(), "x"), Ok(&b"a,b\r\n1,2\r\n"[..]));
        for bad in [
            String::new(),
            "--x--\r\n".to_owned(),
            format!("--x\r\n{head}a,b"),
            format!("--x\r\n{head}a\r\n--x\r\n{head}b\r\n--x--\r\n"),
            format!("--y\r\n{head}a\r\n--y--\r\n"),
        ] {
            assert_eq!(only_file(bad.as_bytes(), "x"), Err(NoFile), "{bad}");
        }
    }
}
