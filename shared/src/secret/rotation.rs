//! Which secrets open a token: the present one, and for the time of an overlap the one before.
//! Of those that it had earlier enough is remembered to know them again: who presents one may
//! have stolen it.

use super::TokenDigest;
use crate::clock::Timestamp;

/// How many superseded secrets are remembered of a token. Any earlier one is like any other
/// wrong secret.
pub const MAX_RETIRED: usize = 10;

/// What is stored of a token's secrets.
#[derive(Clone, Debug)]
pub struct SecretHistory {
    /// The present one.
    pub current: TokenDigest,
    /// Those before, the newest first.
    pub superseded: Vec<RetiredSecret>,
}

/// A secret that a newer one has replaced.
#[derive(Clone, Debug)]
pub struct RetiredSecret {
    /// What is stored of it.
    pub digest: TokenDigest,
    /// Until when it works.
    pub until: Timestamp,
}

/// What a presented secret is to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The present secret.
    Current,
    /// The one before, during its overlap.
    Previous,
    /// One that has ended.
    Retired,
    /// None of it.
    None,
}

impl SecretHistory {
    /// Those of a token that is not there: to compare with all the same.
    #[must_use]
    pub fn dummy() -> Self {
        Self { current: TokenDigest::DUMMY, superseded: Vec::new() }
    }

    /// What a presented secret is at a moment. The time that it takes depends neither on the
    /// answer nor on how many secrets the token has had.
    #[must_use]
    pub fn verify(&self, presented: &TokenDigest, now: Timestamp) -> SecretMatch {
        let mut proof = if presented.matches(&self.current) { SecretMatch::Current } else { SecretMatch::None };
        for at in 0..MAX_RETIRED {
            let superseded = self.superseded.get(at);
            let matches = presented.matches(superseded.map_or(&TokenDigest::DUMMY, |one| &one.digest));
            if let (true, Some(one), SecretMatch::None) = (matches, superseded, proof) {
                proof = if now < one.until { SecretMatch::Previous } else { SecretMatch::Retired };
            }
        }
        proof
    }

    /// Those after a rotation: the present secret works on until `overlap`, or ends now, and
    /// all before it end.
    #[must_use]
    pub fn rotate(&self, new: TokenDigest, overlap: Option<Timestamp>, now: Timestamp) -> Self {
        let now = now.truncated_to_seconds();
        let present = RetiredSecret { digest: self.current.clone(), until: overlap.unwrap_or(now) };
        let before = self.superseded.iter().map(|one| RetiredSecret { until: one.until.min(now), ..one.clone() });
        Self { current: new, superseded: [present].into_iter().chain(before).take(MAX_RETIRED).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: u8) -> TokenDigest {
        TokenDigest::from_bytes(&[of; 32]).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn first() -> SecretHistory {
        SecretHistory { current: digest(1), superseded: Vec::new() }
    }

    #[test]
    fn a_superseded_secret_works_until_its_overlap_is_over_and_not_a_moment_longer() {
        let secrets = first().rotate(digest(2), Some(at(200)), at(100));
        let proof = |of, now| secrets.verify(&digest(of), now);
        assert_eq!(proof(2, at(100)), SecretMatch::Current);
        assert_eq!(proof(1, Timestamp::from_millis(199_999)), SecretMatch::Previous);
        assert_eq!(proof(1, at(200)), SecretMatch::Retired);
        assert_eq!(proof(3, at(100)), SecretMatch::None);
    }

    #[test]
    fn without_an_overlap_the_secret_before_ends_at_once() {
        let secrets = first().rotate(digest(2), None, Timestamp::from_millis(100_999));
        assert_eq!(secrets.verify(&digest(1), Timestamp::from_millis(100_999)), SecretMatch::Retired);
    }

    #[test]
    fn rotating_during_an_overlap_ends_the_oldest_and_never_the_newest() {
        let twice = first().rotate(digest(2), Some(at(900)), at(100)).rotate(digest(3), Some(at(900)), at(200));
        let proofs = [1, 2, 3].map(|of| twice.verify(&digest(of), at(200)));
        assert_eq!(proofs, [SecretMatch::Retired, SecretMatch::Previous, SecretMatch::Current]);
    }

    #[test]
    fn ten_superseded_secrets_are_known_again_and_the_eleventh_is_none() {
        let secrets = (2..=12).fold(first(), |secrets, of| secrets.rotate(digest(of), None, at(of.into())));
        assert_eq!(secrets.verify(&digest(12), at(50)), SecretMatch::Current);
        for of in 2..=11 {
            assert_eq!(secrets.verify(&digest(of), at(50)), SecretMatch::Retired, "{of}");
        }
        assert_eq!(secrets.verify(&digest(1), at(50)), SecretMatch::None);
    }

    #[test]
    fn nobody_has_a_secret() {
        assert_eq!(SecretHistory::dummy().verify(&digest(1), at(0)), SecretMatch::None);
    }
}
