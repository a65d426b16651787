//! Which secrets open a token: the present one, and for the time of an overlap the one before.
//! Of those that it had earlier enough is remembered to know them again: who presents one may
//! have stolen it.

use super::Digest;
use crate::clock::Timestamp;

/// How many superseded secrets are remembered of a token. Any earlier one is like any other
/// wrong secret.
pub const MOST_SUPERSEDED: usize = 10;

/// What is stored of a token's secrets.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The present one.
    pub current: Digest,
    /// Those before, the newest first.
    pub superseded: Vec<Superseded>,
}

/// A secret that a newer one has replaced.
#[derive(Clone, Debug)]
pub struct Superseded {
    /// What is stored of it.
    pub digest: Digest,
    /// Until when it works.
    pub until: Timestamp,
}

/// What a presented secret is to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The present secret.
    Current,
    /// The one before, during its overlap.
    Superseded,
    /// One that has ended.
    Ended,
    /// None of it.
    Wrong,
}

impl Secrets {
    /// Those of a token that is not there: to compare with all the same.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self { current: Digest::NOBODYS, superseded: Vec::new() }
    }

    /// What a presented secret is at a moment. The time that it takes depends neither on the
    /// answer nor on how many secrets the token has had.
    #[must_use]
    pub fn proof(&self, presented: &Digest, now: Timestamp) -> Proof {
        let mut proof = if presented.matches(&self.current) { Proof::Current } else { Proof::Wrong };
        for at in 0..MOST_SUPERSEDED {
            let superseded = self.superseded.get(at);
            let matches = presented.matches(superseded.map_or(&Digest::NOBODYS, |one| &one.digest));
            if let (true, Some(one), Proof::Wrong) = (matches, superseded, proof) {
                proof = if now < one.until { Proof::Superseded } else { Proof::Ended };
            }
        }
        proof
    }

    /// Those after a rotation: the present secret works on until `overlap`, or ends now, and
    /// all before it end.
    #[must_use]
    pub fn rotated(&self, new: Digest, overlap: Option<Timestamp>, now: Timestamp) -> Self {
        let now = now.to_the_second();
        let present = Superseded { digest: self.current.clone(), until: overlap.unwrap_or(now) };
        let before = self.superseded.iter().map(|one| Superseded { until: one.until.min(now), ..one.clone() });
        Self { current: new, superseded: [present].into_iter().chain(before).take(MOST_SUPERSEDED).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(of: u8) -> Digest {
        Digest::from_bytes(&[of; 32]).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn first() -> Secrets {
        Secrets { current: digest(1), superseded: Vec::new() }
    }

    #[test]
    fn a_superseded_secret_works_until_its_overlap_is_over_and_not_a_moment_longer() {
        let secrets = first().rotated(digest(2), Some(at(200)), at(100));
        let proof = |of, now| secrets.proof(&digest(of), now);
        assert_eq!(proof(2, at(100)), Proof::Current);
        assert_eq!(proof(1, Timestamp::from_millis(199_999)), Proof::Superseded);
        assert_eq!(proof(1, at(200)), Proof::Ended);
        assert_eq!(proof(3, at(100)), Proof::Wrong);
    }

    #[test]
    fn without_an_overlap_the_secret_before_ends_at_once() {
        let secrets = first().rotated(digest(2), None, Timestamp::from_millis(100_999));
        assert_eq!(secrets.proof(&digest(1), Timestamp::from_millis(100_999)), Proof::Ended);
    }

    #[test]
    fn rotating_during_an_overlap_ends_the_oldest_and_never_the_newest() {
        let twice = first().rotated(digest(2), Some(at(900)), at(100)).rotated(digest(3), Some(at(900)), at(200));
        let proofs = [1, 2, 3].map(|of| twice.proof(&digest(of), at(200)));
        assert_eq!(proofs, [Proof::Ended, Proof::Superseded, Proof::Current]);
    }

    #[test]
    fn ten_superseded_secrets_are_known_again_and_the_eleventh_is_none() {
        let secrets = (2..=12).fold(first(), |secrets, of| secrets.rotated(digest(of), None, at(of.into())));
        assert_eq!(secrets.proof(&digest(12), at(50)), Proof::Current);
        for of in 2..=11 {
            assert_eq!(secrets.proof(&digest(of), at(50)), Proof::Ended, "{of}");
        }
        assert_eq!(secrets.proof(&digest(1), at(50)), Proof::Wrong);
    }

    #[test]
    fn nobody_has_a_secret() {
        assert_eq!(Secrets::of_nobody().proof(&digest(1), at(0)), Proof::Wrong);
    }
}
