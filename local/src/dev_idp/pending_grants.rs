//! Authorization codes, device codes, refresh tokens and sessions of browsers. They exist in this process only, with a TTL
//! and a maximum number.

use super::authorization_request::AuthorizationRequest;
use super::oauth::{OAuthError, Scope};
use super::sign_in_form::SignInForm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portcullis::clock::{Clock, DAY_SECONDS, Timestamp};
use ring::rand::SystemRandom;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Maximum number of entries of each kind. Beyond it, the oldest is dropped.
const MAX_ENTRIES: usize = 1000;
const CODE_SECONDS: i64 = 60;
pub(super) const DEVICE_SECONDS: i64 = 600;
const REFRESH_SECONDS: i64 = 7 * DAY_SECONDS;
const BROWSER_SESSION_SECONDS: i64 = DAY_SECONDS / 2;
/// Letters that are hard to confuse and form no words (RFC 8628, 6.1).
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A completed sign-in: the user, the scope and the nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) wanted: SignInForm,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
}

/// Grants that clients have not redeemed yet, and the sessions of browsers.
pub(super) struct PendingGrants {
    clock: Clock,
    held: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    codes: ExpiringMap<(AuthorizationRequest, SignInForm)>,
    devices: ExpiringMap<Device>,
    refresh: ExpiringMap<Grant>,
    browsers: ExpiringMap<SignInForm>,
}

/// A device that waits for a sign-in.
struct Device {
    user_code: String,
    scope: Scope,
    expires_at: Timestamp,
    /// The user's decision: a sign-in, or a denial.
    decision: Option<Option<SignInForm>>,
}

impl PendingGrants {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, held: Mutex::default() }
    }

    /// Creates an authorization code.
    pub(super) fn code(&self, request: AuthorizationRequest, wanted: SignInForm) -> Result<String, OAuthError> {
        let code = secret()?;
        let now = self.clock.now();
        self.held().codes.put(code.clone(), (request, wanted), now, CODE_SECONDS);
        Ok(code)
    }

    /// Redeems an authorization code, which works once.
    pub(super) fn take_code(&self, code: &str) -> Option<(AuthorizationRequest, SignInForm)> {
        let now = self.clock.now();
        self.held().codes.take(code, now)
    }

    /// Creates a device code and its user code.
    pub(super) fn device(&self, scope: Scope) -> Result<(String, String), OAuthError> {
        let (code, user_code) = (secret()?, user_code()?);
        let now = self.clock.now();
        let expires_at = now.plus_seconds(DEVICE_SECONDS);
        let device = Device { user_code: user_code.clone(), scope, expires_at, decision: None };
        // Stored longer than it is valid, so that the device gets `expired_token`.
        self.held().devices.put(code.clone(), device, now, 2 * DEVICE_SECONDS);
        Ok((code, user_code))
    }

    /// The user code in its canonical form, if a device waits for it.
    pub(super) fn pending_device(&self, user_code: &str) -> Option<String> {
        let now = self.clock.now();
        self.held().waiting(user_code, now).map(|device| device.user_code.clone())
    }

    /// Stores the user's decision. `false` if no device waits.
    pub(super) fn resolve_device(&self, user_code: &str, decision: Option<SignInForm>) -> bool {
        let now = self.clock.now();
        let mut held = self.held();
        let Some(device) = held.waiting(user_code, now) else {
            return false;
        };
        device.decision = Some(decision);
        true
    }

    /// Handles a device's poll.
    pub(super) fn poll(&self, code: &str) -> Result<Grant, OAuthError> {
        let now = self.clock.now();
        let mut held = self.held();
        let device = held.devices.find(|(known, _)| known == code, now);
        let device = device.ok_or(OAuthError::invalid_grant("The device code is unknown or was used."))?;
        if device.expires_at <= now {
            return Err(OAuthError { error: "expired_token", description: "The device code has expired." });
        }
        let (scope, decision) = (device.scope, device.decision.take());
        let pending = OAuthError { error: "authorization_pending", description: "The user has not signed in yet." };
        let decision = decision.ok_or(pending)?;
        held.devices.take(code, now);
        let denied = OAuthError { error: "access_denied", description: "The user denied the request." };
        Ok(Grant { wanted: decision.ok_or(denied)?, scope, nonce: None })
    }

    /// Creates a refresh token.
    pub(super) fn refresh(&self, grant: Grant) -> Result<String, OAuthError> {
        let token = secret()?;
        let now = self.clock.now();
        self.held().refresh.put(token.clone(), grant, now, REFRESH_SECONDS);
        Ok(token)
    }

    /// Redeems a refresh token, which works once.
    pub(super) fn take_refresh(&self, token: &str) -> Option<Grant> {
        let now = self.clock.now();
        self.held().refresh.take(token, now)
    }

    /// Creates a session of a browser; returns the value of its cookie.
    pub(super) fn browser_session(&self, user: SignInForm) -> Result<String, OAuthError> {
        let session = secret()?;
        let now = self.clock.now();
        self.held().browsers.put(session.clone(), user, now, BROWSER_SESSION_SECONDS);
        Ok(session)
    }

    /// The user of a browser's session.
    pub(super) fn browser_user(&self, session: &str) -> Option<SignInForm> {
        let now = self.clock.now();
        self.held().browsers.find(|(known, _)| known == session, now).cloned()
    }

    fn held(&self) -> MutexGuard<'_, Entries> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// The device that waits for a user code, ignoring case and separators.
    fn waiting(&mut self, user_code: &str, now: Timestamp) -> Option<&mut Device> {
        let bare =
            |code: &str| code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
        let asked = bare(user_code);
        let device = self.devices.find(|(_, device)| bare(&device.user_code) == asked, now)?;
        (device.expires_at > now && device.decision.is_none()).then_some(device)
    }
}

/// Map from secret keys to values that expire, the oldest first.
struct ExpiringMap<T>(VecDeque<(Timestamp, (String, T))>);

impl<T> Default for ExpiringMap<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> ExpiringMap<T> {
    fn put(&mut self, name: String, value: T, now: Timestamp, seconds: i64) {
        self.0.retain(|(until, _)| *until > now);
        if self.0.len() >= MAX_ENTRIES {
            self.0.pop_front();
        }
        self.0.push_back((now.plus_seconds(seconds), (name, value)));
    }

    fn take(&mut self, name: &str, now: Timestamp) -> Option<T> {
        let position = self.0.iter().position(|(_, (known, _))| known == name)?;
        let (until, (_, value)) = self.0.remove(position)?;
        (until > now).then_some(value)
    }

    fn find(&mut self, is_it: impl Fn(&(String, T)) -> bool, now: Timestamp) -> Option<&mut T> {
        let found = self.0.iter_mut().find(|(until, entry)| *until > now && is_it(entry));
        found.map(|(_, (_, value))| value)
    }
}

fn secret() -> Result<String, OAuthError> {
    Ok(BASE64URL.encode(random::<32>()?))
}

fn user_code() -> Result<String, OAuthError> {
    let letters =
        random::<8>()?.map(|byte| USER_CODE_LETTERS.get(usize::from(byte % 20)).map(|letter| char::from(*letter)));
    let letters: String = letters.into_iter().flatten().collect();
    let (first, second) = letters.split_at(4);
    Ok(format!("{first}-{second}"))
}

fn random<const N: usize>() -> Result<[u8; N], OAuthError>
where
    [u8; N]: ring::rand::RandomlyConstructable,
{
    let drawn = ring::rand::generate::<[u8; N]>(&SystemRandom::new());
    let drawn =
        drawn.map_err(|_| OAuthError { error: "server_error", description: "No random bytes from the system." })?;
    Ok(drawn.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_entries_are_dropped_first_and_then_the_oldest() {
        let mut kept = ExpiringMap::default();
        let at = Timestamp::from_seconds;
        for n in 0..=MAX_ENTRIES {
            kept.put(n.to_string(), n, at(0), 60);
        }
        assert_eq!((kept.take("0", at(0)), kept.take("1", at(0))), (None, Some(1)));
        kept.put("late".to_owned(), 0, at(60), 60);
        assert_eq!(kept.0.len(), 1);
    }
}
