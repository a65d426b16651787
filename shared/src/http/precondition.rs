//! `If-Match` ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1)): a change
//! says which version it has seen.

use lambda_http::Request;
use lambda_http::http::header::IF_MATCH;

use super::{FieldError, Problem};

/// The version that the request's `If-Match` names: the `ETag` that was answered, `"7"`.
///
/// # Errors
/// 428 where there is none; 400 for anything but one strong tag of ours: `*` would overwrite
/// what nobody has seen.
pub fn if_match(request: &Request) -> Result<u64, Problem> {
    let mut values = request.headers().get_all(IF_MATCH).iter();
    let value = values.next().ok_or_else(Problem::precondition_required)?;
    let one = values.next().is_none().then_some(value);
    one.and_then(|value| version(value.to_str().ok()?.trim())).ok_or_else(|| {
        Problem::invalid(vec![FieldError::new("If-Match", "must be the one ETag that was read, as in \"7\"")])
    })
}

/// The same where a change may also be asked for without: `None` where there is none.
///
/// # Errors
/// 400 as [`if_match`].
pub fn if_match_at_all(request: &Request) -> Result<Option<u64>, Problem> {
    if request.headers().contains_key(IF_MATCH) { if_match(request).map(Some) } else { Ok(None) }
}

fn version(tag: &str) -> Option<u64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::Body;

    fn read(values: &[&str]) -> Result<u64, String> {
        let mut request = Request::new(Body::Empty);
        for value in values {
            request.headers_mut().append(IF_MATCH, value.parse().unwrap());
        }
        if_match(&request).map_err(|problem| serde_json::to_value(problem).unwrap()["status"].to_string())
    }

    #[test]
    fn a_change_names_the_one_version_that_it_has_seen() {
        assert_eq!(read(&["\"7\""]), Ok(7));
        assert_eq!(read(&[" \"0\" "]), Ok(0));
        assert_eq!(read(&[]), Err("428".to_owned()));
        for bad in
            ["7", "*", "W/\"7\"", "\"7\", \"8\"", "\"\"", "\"07\"", "\"+7\"", "\"x\"", "", "\"99999999999999999999\""]
        {
            assert_eq!(read(&[bad]), Err("400".to_owned()), "{bad}");
        }
        assert_eq!(read(&["\"7\"", "\"7\""]), Err("400".to_owned()));
    }
}
