//! Clients that do everything at once to a few owners' tokens, and write down what happened.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::history::{Action, Call, LogicalClock, Outcome, SecretNumber, TokenNumber};
use crate::support::{Issuer, Request, Response, Stack, owner};

/// Owners that the clients use at a time.
const OWNERS: usize = 4;
/// After so many creates, other owners take their place, because one call revokes only some hundred tokens of an owner.
const CREATES: usize = 200;
/// The owner of exchanged tokens.
const EXCHANGED: usize = usize::MAX;
/// Clients choose among the newest tokens of an owner, so that they meet.
const NEWEST: usize = 12;
const FORM: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
                    &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&subject_token=";

/// What the clients share.
pub(crate) struct World<'a> {
    stack: &'a Stack,
    /// Signs the identities that are exchanged.
    issuer: Option<&'a Issuer>,
    /// Start of the owners' names.
    owners: String,
    tokens: Mutex<Vec<KnownToken>>,
    clock: LogicalClock,
    next: AtomicUsize,
}

#[derive(Clone)]
struct KnownToken {
    number: TokenNumber,
    owner: usize,
    id: String,
    /// Each secret with its number, oldest first.
    secrets: Vec<(SecretNumber, String)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(stack: &'a Stack, issuer: Option<&'a Issuer>) -> Self {
        Self {
            stack,
            issuer,
            owners: owner(),
            tokens: Mutex::default(),
            clock: LogicalClock::default(),
            next: 0.into(),
        }
    }

    /// Runs the clients until each has made its calls; returns all calls.
    pub(crate) fn run(&self, clients: usize, calls: usize, seed: u64) -> Vec<Call> {
        let run = |client: usize| {
            let mut random = SmallRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(client as u64));
            (0..calls.div_ceil(clients)).filter_map(|_| self.call(&mut random)).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..clients).map(|client| scope.spawn(move || run(client))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a client ends")).collect()
        })
    }

    /// One call; `None` if there is no token yet.
    fn call(&self, random: &mut SmallRng) -> Option<Call> {
        let owner = self.next.load(Ordering::SeqCst) / CREATES * OWNERS + random.random_range(0..OWNERS);
        let chosen = random.random_range(0..100);
        if chosen < 14 {
            return Some(self.create(owner));
        }
        if chosen < 17 && self.issuer.is_some() {
            return Some(self.exchange());
        }
        if chosen < 18 {
            return Some(self.revoke_owner(owner));
        }
        let token = self.any_token(random)?;
        let path = format!("/tokens/{}", token.id);
        let on_path = |suffix: &str| self.stack.post(&format!("{path}{suffix}"));
        Some(match chosen {
            18..23 => self.change(
                &token,
                Action::Update,
                self.stack.request("PATCH", &path).json(&json!({
                    "description": format!("{chosen}")
                })),
            ),
            23..28 => self.rotate(&token),
            28..33 => self.change(&token, Action::Disable, on_path("/disable")),
            33..39 => self.change(&token, Action::Enable, on_path("/enable")),
            39..46 => self.change(&token, Action::Revoke, on_path("/revoke")),
            46..48 => self.change(&token, Action::Delete, self.stack.delete(&path)),
            _ => self.use_token(&token, random),
        })
    }

    fn create(&self, owner: usize) -> Call {
        let body = json!({
            "name": "history", "owner": format!("{}-{owner}", self.owners), "permissions": ["apps:read"],
            "resources": ["*"], "expires_in": "1d",
        });
        let request = self.stack.post("/tokens").bearer(&self.stack.admin).json(&body);
        self.issue(owner, Action::Create, request, |answer| (&answer["id"], &answer["token"]))
    }

    fn exchange(&self) -> Call {
        let issuer = self.issuer.expect("an issuer");
        let request = self.stack.post("/exchange").form(format!("{FORM}{}", issuer.signs(&issuer.claims())));
        self.issue(EXCHANGED, Action::Exchange, request, |answer| (&answer["token_id"], &answer["access_token"]))
    }

    /// Creates a token, and lets the others know.
    fn issue(
        &self,
        owner: usize,
        action: Action,
        request: Request<'_>,
        read: impl Fn(&Value) -> (&Value, &Value),
    ) -> Call {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let (call, response) = self.timed(number, owner, action, request);
        if let (Outcome::Done, Some(response)) = (call.outcome, response) {
            let answer = response.json();
            let (id, secret) = read(&answer);
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let known = KnownToken { number, owner, id: text(id), secrets: vec![(0, text(secret))] };
            self.tokens.lock().unwrap_or_else(PoisonError::into_inner).push(known);
        }
        call
    }

    fn rotate(&self, token: &KnownToken) -> Call {
        let path = format!("/tokens/{}/rotate", token.id);
        let request = self.stack.post(&path).bearer(&self.stack.admin);
        let (call, response) = self.timed(token.number, token.owner, Action::Rotate(SecretNumber::MAX), request);
        let Some(response) = response.filter(|_| call.outcome == Outcome::Done) else { return call };
        // The version orders rotations.
        let version = response.header("etag").and_then(|tag| tag.trim_matches('"').parse().ok()).expect("a version");
        let secret = response.json()["token"].as_str().expect("a secret").to_owned();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tokens.iter_mut().find(|known| known.number == token.number) {
            known.secrets.push((version, secret));
        }
        Call { action: Action::Rotate(version), ..call }
    }

    fn revoke_owner(&self, owner: usize) -> Call {
        let path = format!("/owners/{}-{owner}/revoke-tokens", self.owners);
        let request = self.stack.post(&path).bearer(&self.stack.admin);
        let (call, response) = self.timed(TokenNumber::MAX, owner, Action::RevokeOwner, request);
        let is_done = response.is_some_and(|response| response.status == 200 && response.json()["done"] == true);
        if is_done { call } else { Call { outcome: Outcome::Unknown, ..call } }
    }

    fn change(&self, token: &KnownToken, action: Action, request: Request<'_>) -> Call {
        let request = request.bearer(&self.stack.admin).header("If-Match", "*");
        self.timed(token.number, token.owner, action, request).0
    }

    fn use_token(&self, token: &KnownToken, random: &mut SmallRng) -> Call {
        // The newest secret most of the time.
        let newest = token.secrets.len() - 1;
        let at = if random.random_range(0..4) == 0 { random.random_range(0..=newest) } else { newest };
        let (secret, plaintext) = &token.secrets[at];
        let request = self.stack.get("/demo/apps/history").bearer(plaintext);
        self.timed(token.number, token.owner, Action::Use(*secret), request).0
    }

    fn timed(
        &self,
        token: TokenNumber,
        owner: usize,
        action: Action,
        request: Request<'_>,
    ) -> (Call, Option<Response>) {
        let begin = self.clock.tick();
        let response = request.send_malformed();
        let end = self.clock.tick();
        let outcome = match response.as_ref().map(|response| response.status) {
            Some(200..300) => Outcome::Done,
            Some(400..500) => Outcome::Refused,
            _ => Outcome::Unknown,
        };
        (Call { token, owner, action, begin, end, outcome }, response)
    }

    fn any_token(&self, random: &mut SmallRng) -> Option<KnownToken> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = tokens.len().min(NEWEST);
        (newest > 0).then(|| tokens[tokens.len() - 1 - random.random_range(0..newest)].clone())
    }
}
