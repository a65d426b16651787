//! Waits between attempts.

use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;

/// Waits before a retry: a random part of a delay that doubles from 4 to 256 ms ("full jitter"), so that
/// concurrent writers do not collide again.
pub(super) async fn backoff(tries: u32) {
    tokio::time::sleep(random_part(Duration::from_millis(4 << tries.min(6)))).await;
}

/// A random part of a delay, to the millisecond.
pub(super) fn random_part(longest: Duration) -> Duration {
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    let part = SysRng.try_next_u32().map_or(longest, |drawn| u64::from(drawn) % (longest + 1));
    Duration::from_millis(part)
}
