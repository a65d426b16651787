//! `If-Match` ([RFC 9110, 13.1.1](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)): the versions of
//! which one must be current for a change to apply.

use lambda_http::Request;
use lambda_http::http::header::IF_MATCH;
use lambda_http::http::{HeaderMap, HeaderValue};

use super::{FieldError, Problem};

/// The condition of a request's `If-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: any current version.
    Any,
    /// One of these strong tags, without quotes. Weak tags never match and are dropped.
    OneOf(Vec<Vec<u8>>),
}

impl IfMatch {
    /// Reads the condition of a request that requires one.
    ///
    /// # Errors
    /// 428 if there is none; 400 as [`IfMatch::read`].
    pub fn required(request: &Request) -> Result<Self, Problem> {
        Self::read(request)?.ok_or_else(Problem::precondition_required)
    }

    /// Reads the condition; `None` if there is none.
    ///
    /// # Errors
    /// 400 for anything but `*` or a list of entity tags.
    pub fn read(request: &Request) -> Result<Option<Self>, Problem> {
        let headers = request.headers();
        if !headers.contains_key(IF_MATCH) {
            return Ok(None);
        }
        let read = parse(headers).map(Some);
        read.ok_or_else(|| {
            let message = "must be * or a list of entity tags, each in quotation marks, as in \"7\"";
            Problem::invalid(vec![FieldError::new("If-Match", message)])
        })
    }

    /// Whether a version meets the condition.
    #[must_use]
    pub fn matches(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == version.to_string().as_bytes()),
        }
    }

    /// Ensures that the current version meets the condition.
    ///
    /// # Errors
    /// 412 if it does not.
    pub fn check(&self, version: u64) -> Result<(), Problem> {
        if self.matches(version) { Ok(()) } else { Err(Problem::precondition_failed(version)) }
    }
}

/// Several header lines form one list.
fn parse(headers: &HeaderMap) -> Option<IfMatch> {
    let lines: Vec<&[u8]> = headers.get_all(IF_MATCH).iter().map(HeaderValue::as_bytes).collect();
    let list = lines.join(&b',');
    if list.trim_ascii() == b"*" {
        return Some(IfMatch::Any);
    }
    let mut strong = Vec::new();
    let mut any = false;
    let mut rest = list.as_slice();
    loop {
        // A list may have empty elements (RFC 9110, 5.6.1.2).
        rest = skip(rest, b", \t");
        if rest.is_empty() {
            return any.then_some(IfMatch::OneOf(strong));
        }
        let weak = rest.strip_prefix(b"W/");
        let tag = weak.unwrap_or(rest).strip_prefix(b"\"")?;
        let end = tag.iter().position(|byte| *byte == b'"')?;
        let (opaque, after) = tag.split_at_checked(end)?;
        if !opaque.iter().copied().all(is_in_tag) {
            return None;
        }
        if weak.is_none() {
            strong.push(opaque.to_owned());
        }
        any = true;
        rest = skip(after.strip_prefix(b"\"")?, b" \t");
        if !rest.is_empty() && !rest.starts_with(b",") {
            return None;
        }
    }
}

fn skip<'a>(text: &'a [u8], leading: &[u8]) -> &'a [u8] {
    let start = text.iter().position(|byte| !leading.contains(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// Whether a byte may occur between a tag's quotes
/// ([RFC 9110, 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)).
fn is_in_tag(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::Body;

    fn request(values: &[&[u8]]) -> Request {
        let mut request = Request::new(Body::Empty);
        for value in values {
            request.headers_mut().append(IF_MATCH, HeaderValue::from_bytes(value).unwrap());
        }
        request
    }

    /// Status of a change to version 7.
    fn status(values: &[&[u8]]) -> u64 {
        let condition = IfMatch::required(&request(values)).and_then(|condition| condition.check(7));
        condition.map_or_else(|problem| serde_json::to_value(problem).unwrap()["status"].as_u64().unwrap(), |()| 200)
    }

    #[test]
    fn a_list_matches_if_one_of_its_strong_tags_is_current() {
        let matching: [&[u8]; 7] = [
            b"*",
            b" * ",
            b"\"7\"",
            b"\"6\", \"7\"",
            b"\"7\"\t,W/\"7\"",
            b",, \"x,y\",\"7\" ,",
            b"W/\"1\",\"\xff\",\"7\"",
        ];
        for good in matching {
            assert_eq!(status(&[good]), 200, "{}", good.escape_ascii());
        }
        assert_eq!(status(&[b"\"6\"", b"\"7\""]), 200);
    }

    #[test]
    fn a_well_formed_tag_that_is_not_current_is_412() {
        let others: [&[u8]; 9] = [
            b"W/\"7\"",
            b"\"6\"",
            b"\"07\"",
            b"\"+7\"",
            b"\"\"",
            b"\"x\"",
            b"\"99999999999999999999\"",
            b"\"7,7\"",
            b"\"*\"",
        ];
        for other in others {
            assert_eq!(status(&[other]), 412, "{}", other.escape_ascii());
        }
    }

    #[test]
    fn an_invalid_list_is_400_and_no_condition_is_428() {
        let malformed: [&[u8]; 12] = [
            b"",
            b",",
            b"7",
            b"*, \"7\"",
            b"\"7\", *",
            b"**",
            b"w/\"7\"",
            b"W/ \"7\"",
            b"\"7",
            b"\"7\" \"8\"",
            b"\"7 8\"",
            b"\"7\"x",
        ];
        for bad in malformed {
            assert_eq!(status(&[bad]), 400, "{}", bad.escape_ascii());
        }
        assert_eq!(status(&[b"*", b"*"]), 400);
        assert_eq!(status(&[]), 428);
        assert_eq!(IfMatch::read(&request(&[])), Ok(None));
    }
}
