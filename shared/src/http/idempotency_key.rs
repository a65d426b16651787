//! The request header `Idempotency-Key`
//! ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).

use lambda_http::Request;

use super::{FieldError, Problem};
use crate::secret::{TokenDigest, TokenId};
use crate::token::Actor;

/// The key of a request: 1 to 255 printable ASCII characters. Only digests of it are stored. It has no `Debug`, so that
/// no log has it.
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header; `None` if it is absent.
    ///
    /// # Errors
    /// 400 if it is given twice, or has other characters or another length.
    pub fn read(request: &Request) -> Result<Option<Self>, Problem> {
        let mut values = request.headers().get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        // `to_str` accepts tabs.
        let printable = |text: &&str| (1..=255).contains(&text.len()) && !text.contains('\t');
        let text = value.to_str().ok().filter(|text| values.next().is_none() && printable(text));
        let text = text.ok_or_else(|| {
            let message = "must be given once, with 1 to 255 printable ASCII characters";
            Problem::invalid(vec![FieldError::new("Idempotency-Key", message)])
        })?;
        Ok(Some(Self(text.to_owned())))
    }

    /// SHA-256 of the key.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::hash(self.0.as_bytes())
    }

    /// ID of the token that this caller creates with this key. A repeated request gets the same ID, so that the
    /// token's record itself shows that it was created.
    #[must_use]
    pub fn token_id(&self, caller: &Actor) -> TokenId {
        // An actor contains no line feed, so the combination is unique.
        TokenId::from_digest(&TokenDigest::hash(format!("{caller}\n{}", self.0).as_bytes()))
    }
}
