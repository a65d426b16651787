//! Secrets of a token: the current one, the previous one during its overlap, and digests of retired ones. Use
//! of a retired secret is recognized, because it may have been stolen.

use super::TokenDigest;
use crate::clock::Timestamp;

/// Maximum number of previous secrets that are remembered. Older ones count as wrong secrets.
pub const MAX_RETIRED: usize = 10;

/// The stored digests of a token's secrets.
#[derive(Clone, Debug)]
pub struct SecretHistory {
    /// The current secret.
    pub current: TokenDigest,
    /// Previous secrets, newest first.
    pub superseded: Vec<RetiredSecret>,
}

/// A secret that a rotation has replaced.
#[derive(Clone, Debug)]
pub struct RetiredSecret {
    /// Its digest.
    pub digest: TokenDigest,
    /// End of its overlap.
    pub until: Timestamp,
}

/// How a presented secret relates to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The current secret.
    Current,
    /// The previous secret, during its overlap.
    Previous,
    /// A retired secret.
    Retired,
    /// Not a secret of this token.
    None,
}

impl SecretHistory {
    /// Placeholder for a token that does not exist, so that verification takes the same time.
    #[must_use]
    pub fn dummy() -> Self {
        Self { current: TokenDigest::DUMMY, superseded: Vec::new() }
    }

    /// Matches a presented secret at `now`. The time it takes depends neither on the result nor on the number
    /// of previous secrets.
    #[must_use]
    pub fn verify(&self, presented: &TokenDigest, now: Timestamp) -> SecretMatch {
        let mut proof = if presented.ct_eq(&self.current) { SecretMatch::Current } else { SecretMatch::None };
        for at in 0..MAX_RETIRED {
            let superseded = self.superseded.get(at);
            let matches = presented.ct_eq(superseded.map_or(&TokenDigest::DUMMY, |one| &one.digest));
            if let (true, Some(one), SecretMatch::None) = (matches, superseded, proof) {
                proof = if now < one.until { SecretMatch::Previous } else { SecretMatch::Retired };
            }
        }
        proof
    }

    /// The secrets after a rotation: the current one stays valid until `overlap` (`None`: not at all), and all
    /// previous ones are retired.
    #[must_use]
    pub fn rotate(&self, new: TokenDigest, overlap: Option<Timestamp>) -> Self {
        // Past for every clock: the authorizer's may be behind that of the function that rotates.
        let past = Timestamp::from_seconds(0);
        let present = RetiredSecret { digest: self.current.clone(), until: overlap.unwrap_or(past) };
        let before = self.superseded.iter().map(|one| RetiredSecret { until: past, ..one.clone() });
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
    fn a_previous_secret_is_valid_exactly_until_the_end_of_its_overlap() {
        let secrets = first().rotate(digest(2), Some(at(200)));
        let proof = |of, now| secrets.verify(&digest(of), now);
        assert_eq!(proof(2, at(100)), SecretMatch::Current);
        assert_eq!(proof(1, Timestamp::from_millis(199_999)), SecretMatch::Previous);
        assert_eq!(proof(1, at(200)), SecretMatch::Retired);
        assert_eq!(proof(3, at(100)), SecretMatch::None);
    }

    #[test]
    fn without_an_overlap_the_previous_secret_is_retired_at_once() {
        let secrets = first().rotate(digest(2), None);
        assert_eq!(secrets.verify(&digest(1), Timestamp::from_millis(100_999)), SecretMatch::Retired);
    }

    #[test]
    fn a_retired_secret_is_retired_for_a_clock_that_is_behind() {
        let secrets = first().rotate(digest(2), Some(at(900))).rotate(digest(3), None);
        assert_eq!([1, 2].map(|of| secrets.verify(&digest(of), at(100))), [SecretMatch::Retired; 2]);
    }

    #[test]
    fn rotating_during_an_overlap_retires_the_oldest_secret_only() {
        let twice = first().rotate(digest(2), Some(at(900))).rotate(digest(3), Some(at(900)));
        let proofs = [1, 2, 3].map(|of| twice.verify(&digest(of), at(200)));
        assert_eq!(proofs, [SecretMatch::Retired, SecretMatch::Previous, SecretMatch::Current]);
    }

    #[test]
    fn every_order_of_two_overlaps_and_a_use_is_decided() {
        // The end of an overlap, and none.
        let overlaps = [None, Some(99), Some(100), Some(101), Some(102)];
        for (one, two) in overlaps.into_iter().flat_map(|one| overlaps.map(|two| (one, two))) {
            let secrets = first().rotate(digest(2), one.map(at)).rotate(digest(3), two.map(at));
            for now in 98..=103 {
                let old = if two.is_some_and(|end| now < end) { SecretMatch::Previous } else { SecretMatch::Retired };
                let proofs = [1, 2, 3, 4].map(|of| secrets.verify(&digest(of), at(now)));
                let expected = [SecretMatch::Retired, old, SecretMatch::Current, SecretMatch::None];
                assert_eq!(proofs, expected, "{one:?}, {two:?}, used at {now}");
            }
        }
    }

    #[test]
    fn ten_retired_secrets_are_recognized_and_the_eleventh_is_wrong() {
        let secrets = (2..=12).fold(first(), |secrets, of| secrets.rotate(digest(of), None));
        assert_eq!(secrets.verify(&digest(12), at(50)), SecretMatch::Current);
        for of in 2..=11 {
            assert_eq!(secrets.verify(&digest(of), at(50)), SecretMatch::Retired, "{of}");
        }
        assert_eq!(secrets.verify(&digest(1), at(50)), SecretMatch::None);
    }

    #[test]
    fn no_secret_matches_the_placeholder() {
        assert_eq!(SecretHistory::dummy().verify(&digest(1), at(0)), SecretMatch::None);
    }
}
