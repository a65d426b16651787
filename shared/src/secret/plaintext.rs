//! The plaintext token: generated, parsed, and shown once.

use std::fmt;

use rand::TryCryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::base62::{ALPHABET, base62};
use super::prefix::MAX_PREFIX_LENGTH;
use super::token_id::ID_LENGTH;
use super::{TokenDigest, TokenId, TokenPrefix};

const SECRET: usize = 43;
const CHECKSUM: usize = 6;
/// Number of characters after a token's `_`.
pub(crate) const BODY: usize = ID_LENGTH + SECRET + CHECKSUM;

/// A plaintext token. It lives only from the request header to the digest, or from generation to the response
/// that shows it.
///
/// Its `Debug` hides the secret, and its memory is cleared on drop. The compiler refuses to print, serialize or
/// compare it, while it accepts the same code for its ID:
///
/// ```
/// # fn print(_: impl std::fmt::Display) {}
/// # fn serialize(_: impl serde::Serialize) {}
/// # fn with(token: &portcullis::secret::PlaintextToken, other: &portcullis::secret::PlaintextToken) {
/// print(token.id());
/// serialize(token.id().as_str());
/// assert!(token.id() == other.id());
/// # }
/// ```
/// ```compile_fail,E0277
/// # fn print(_: impl std::fmt::Display) {}
/// # fn with(token: &portcullis::secret::PlaintextToken) {
/// print(token);
/// # }
/// ```
/// ```compile_fail,E0277
/// # fn serialize(_: impl serde::Serialize) {}
/// # fn with(token: &portcullis::secret::PlaintextToken) {
/// serialize(token);
/// # }
/// ```
/// ```compile_fail,E0369
/// # fn with(token: &portcullis::secret::PlaintextToken, other: &portcullis::secret::PlaintextToken) {
/// assert!(token == other);
/// # }
/// ```
pub struct PlaintextToken {
    text: Zeroizing<String>,
    id: TokenId,
}

impl PlaintextToken {
    /// Generates a new token: ID and secret come from `rng`, in production the operating system's generator.
    ///
    /// # Errors
    /// When the generator fails; there is no fallback.
    pub fn generate<R: TryCryptoRng>(prefix: &TokenPrefix, rng: &mut R) -> Result<Self, R::Error> {
        let id = TokenId(draw(rng, ID_LENGTH)?.to_string());
        Self::generate_for(prefix, &id, rng)
    }

    /// Generates another secret for an existing token.
    ///
    /// # Errors
    /// As [`PlaintextToken::generate`].
    pub fn generate_for<R: TryCryptoRng>(prefix: &TokenPrefix, id: &TokenId, rng: &mut R) -> Result<Self, R::Error> {
        let drawn = draw(rng, SECRET)?;
        // Reserved in full, so that growing never leaves a copy in memory.
        let mut text = Zeroizing::new(String::with_capacity(token_length(prefix)));
        for part in [prefix.as_str(), "_", id.as_str(), &drawn] {
            text.push_str(part);
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self { text, id: id.clone() })
    }

    /// Parses a presented token, without I/O.
    ///
    /// # Errors
    /// Names the invalid part, for the audit log.
    pub fn parse(prefix: &TokenPrefix, presented: &str) -> Result<Self, ParseTokenError> {
        let body = presented
            .strip_prefix(prefix.as_str())
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(ParseTokenError::Prefix)?;
        if body.len() != BODY {
            return Err(ParseTokenError::Length);
        }
        if !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ParseTokenError::Alphabet);
        }
        // The checksum catches typos before a read of the table. It adds no security, because anyone can
        // compute it; the digest authenticates the token.
        let (signed, claimed) = presented.split_at(presented.len() - CHECKSUM);
        if checksum(signed) != claimed {
            return Err(ParseTokenError::Checksum);
        }
        let (id, _) = body.split_at(ID_LENGTH);
        Ok(Self { text: Zeroizing::new(presented.to_owned()), id: TokenId(id.to_owned()) })
    }

    /// Finds a token within a text: `body` is the 65 letters and digits after a `_`, and `before` iterates
    /// backwards over the bytes before that `_`. The checksum covers the prefix, so every suffix of `before`
    /// that is a prefix accepted by `accepts` is tried. Any text may surround the token.
    pub fn find(
        before: impl Iterator<Item = u8>,
        body: &str,
        accepts: impl Fn(&TokenPrefix) -> bool,
    ) -> Option<(TokenPrefix, Self)> {
        let run = before.take(MAX_PREFIX_LENGTH).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let mut prefix = String::with_capacity(MAX_PREFIX_LENGTH);
        run.map(char::from).find_map(|letter| {
            prefix.insert(0, letter);
            let prefix: TokenPrefix = prefix.parse().ok().filter(&accepts)?;
            let mut text = Zeroizing::new(String::with_capacity(token_length(&prefix)));
            for part in [prefix.as_str(), "_", body] {
                text.push_str(part);
            }
            let secret = Self::parse(&prefix, &text).ok()?;
            Some((prefix, secret))
        })
    }

    /// The public ID.
    #[must_use]
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// SHA-256 of the whole token, the only form that is stored. A slow hash adds nothing, because the secret
    /// has 256 random bits.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::hash(self.text.as_bytes())
    }

    /// The plaintext, for the response that shows it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for PlaintextToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, ..)", self.id)
    }
}

/// The invalid part of a presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseTokenError {
    /// It does not begin with the deployment's prefix and `_`.
    #[error("not this deployment's prefix")]
    Prefix,
    /// Characters are missing or added.
    #[error("wrong length")]
    Length,
    /// It contains characters other than `[0-9A-Za-z]`.
    #[error("wrong alphabet")]
    Alphabet,
    /// The checksum does not match, probably because of a typo.
    #[error("wrong checksum")]
    Checksum,
}

fn token_length(prefix: &TokenPrefix) -> usize {
    prefix.as_str().len() + 1 + BODY
}

/// Draws characters uniformly. Bytes of 248 and above are rejected, because 248 is the largest multiple of 62
/// in a byte.
fn draw<R: TryCryptoRng>(rng: &mut R, length: usize) -> Result<Zeroizing<String>, R::Error> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        rng.try_fill_bytes(bytes.as_mut_slice())?;
        let letters = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        for letter in letters.take(length - text.len()) {
            text.push(char::from(*letter));
        }
        bytes.zeroize();
    }
    Ok(text)
}

/// CRC-32 (ISO-HDLC, as in zip and PNG) in base62, six characters.
fn checksum(text: &str) -> String {
    base62(u128::from(crc32fast::hash(text.as_bytes())), CHECKSUM)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::TryRng;
    use std::convert::Infallible;

    /// A deterministic generator, seeded by the test.
    struct Chosen(u64);

    impl TryRng for Chosen {
        type Error = Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            self.try_next_u64().map(|n| u32::try_from(n >> 32).unwrap())
        }
        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Ok(self.0 ^ (self.0 >> 29))
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            for byte in bytes {
                *byte = self.try_next_u64()?.to_le_bytes()[5];
            }
            Ok(())
        }
    }
    impl TryCryptoRng for Chosen {}

    pub(crate) fn secret(prefix: &str, seed: u64) -> PlaintextToken {
        PlaintextToken::generate(&prefix.parse().unwrap(), &mut Chosen(seed)).unwrap()
    }

    #[test]
    fn a_token_has_the_documented_form() {
        let token = secret("pcl", 7);
        let body = token.expose_secret().strip_prefix("pcl_").unwrap();
        assert_eq!(body.len(), 65);
        assert!(body.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert_eq!(&body[..16], token.id().as_str());
        assert_eq!(token_length(&"pcl".parse().unwrap()), token.expose_secret().len());
    }

    #[test]
    fn bytes_that_would_favour_some_characters_are_not_used() {
        struct Repeated(&'static [u8]);
        impl TryRng for Repeated {
            type Error = Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Infallible> {
                Ok(0)
            }
            fn try_next_u64(&mut self) -> Result<u64, Infallible> {
                Ok(0)
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
                bytes.iter_mut().zip(self.0.iter().cycle()).for_each(|(byte, given)| *byte = *given);
                Ok(())
            }
        }
        impl TryCryptoRng for Repeated {}
        assert_eq!(*draw(&mut Repeated(&[247, 248, 255]), SECRET).unwrap(), "z".repeat(SECRET));
    }

    #[test]
    fn the_checksum_is_crc_32_in_base62_and_never_changes() {
        // CRC-32("123456789") = 0xCBF43926 = 3421780262, the algorithm's own check value.
        assert_eq!(checksum("123456789"), "3jZRME");
        // CRC-32("") = 0: all padding.
        assert_eq!(checksum(""), "000000");
    }

    #[test]
    fn debug_output_never_contains_the_secret() {
        let token = secret("pcl", 3);
        let hidden = &token.expose_secret()["pcl_".len() + 16..];
        assert!(!format!("{token:?}").contains(&hidden[..8]));
        assert_eq!(format!("{token:?}"), format!("Secret({}, ..)", token.id()));
        assert_eq!(format!("{:?}", token.digest()), "Digest(..)");
    }

    #[test]
    fn a_digest_matches_only_its_own_token() {
        assert!(secret("pcl", 1).digest().ct_eq(&secret("pcl", 1).digest()));
        assert!(!secret("pcl", 1).digest().ct_eq(&secret("pcl", 2).digest()));
    }

    #[test]
    fn a_failing_generator_is_an_error() {
        struct Broken;
        impl TryRng for Broken {
            type Error = fmt::Error;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Err(fmt::Error)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Err(fmt::Error)
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
                Err(fmt::Error)
            }
        }
        impl TryCryptoRng for Broken {}
        assert!(PlaintextToken::generate(&"pcl".parse().unwrap(), &mut Broken).is_err());
    }

    proptest! {
        #[test]
        fn a_generated_token_parses_to_itself(prefix in "[a-z][a-z0-9]{1,15}", seed: u64) {
            let token = secret(&prefix, seed);
            let parsed = PlaintextToken::parse(&prefix.parse().unwrap(), token.expose_secret()).unwrap();
            prop_assert_eq!(parsed.id(), token.id());
            prop_assert!(parsed.digest().ct_eq(&token.digest()));
        }

        #[test]
        fn changing_any_character_invalidates_a_token(seed: u64, at in 0_usize..69, to: char) {
            let token = secret("pcl", seed);
            let mut letters: Vec<char> = token.expose_secret().chars().collect();
            prop_assume!(letters[at] != to);
            letters[at] = to;
            let changed: String = letters.into_iter().collect();
            prop_assert!(PlaintextToken::parse(&"pcl".parse().unwrap(), &changed).is_err());
        }

        #[test]
        fn a_shortened_or_extended_token_is_invalid(seed: u64, cut in 0_usize..69, more in "[ -~]{1,20}") {
            let token = secret("pcl", seed);
            let prefix = "pcl".parse().unwrap();
            prop_assert!(PlaintextToken::parse(&prefix, &token.expose_secret()[..cut]).is_err());
            let grown = format!("{}{more}", token.expose_secret());
            prop_assert!(PlaintextToken::parse(&prefix, &grown).is_err());
        }

        #[test]
        fn a_generated_token_is_found_after_any_text(before in "[a-z0-9_-]{0,20}", prefix in "[a-z][a-z0-9]{1,15}", seed: u64) {
            let token = secret(&prefix, seed);
            let body = &token.expose_secret()[prefix.len() + 1..];
            let before = format!("{before}{prefix}");
            let (found, same) = PlaintextToken::find(before.bytes().rev(), body, |_| true).unwrap();
            prop_assert_eq!(found.as_str(), prefix.as_str());
            prop_assert_eq!(same.expose_secret(), token.expose_secret());
            prop_assert!(PlaintextToken::find(before.bytes().rev(), body, |_| false).is_none());
            prop_assert!(PlaintextToken::find(before.bytes().rev(), &body[1..], |_| true).is_none());
        }

        #[test]
        fn parsing_never_panics(presented: String) {
            let _ = PlaintextToken::parse(&"pcl".parse().unwrap(), &presented);
            let _ = PlaintextToken::parse(&"pcl".parse().unwrap(), &format!("pcl_{presented}"));
        }

        #[test]
        fn characters_are_drawn_uniformly(seed: u64) {
            let drawn = draw(&mut Chosen(seed), 62 * 200).unwrap();
            for letter in ALPHABET {
                let count = drawn.bytes().filter(|b| b == letter).count();
                prop_assert!((100..300).contains(&count), "{} occurs {count} times", char::from(*letter));
            }
        }
    }
}
