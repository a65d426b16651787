//! Clients that do everything at once to a few owners' tokens, and write down what happened.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::history::{Action, ApprovalNumber, Call, LogicalClock, Outcome, SecretNumber, TokenNumber};
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
    /// Whether `apps:write` needs an approval.
    needs_approval: bool,
    /// Start of the owners' names.
    owners: String,
    tokens: Mutex<Vec<KnownToken>>,
    /// Paths of the requests for approval; the number of one is its place.
    approvals: Mutex<Vec<String>>,
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
    pub(crate) fn new(stack: &'a Stack, issuer: Option<&'a Issuer>, needs_approval: bool) -> Self {
        Self {
            stack,
            issuer,
            needs_approval,
            owners: owner(),
            tokens: Mutex::default(),
            approvals: Mutex::default(),
            clock: LogicalClock::default(),
            next: 0.into(),
        }
    }

    /// Runs the clients until each has made its calls; returns all calls.
    pub(crate) fn run(&self, clients: usize, calls: usize, seed: u64) -> Vec<Call> {
        let run = |client: usize| {
            let mut random = SmallRng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(client as u64));
            let mut made = Vec::new();
            while made.len() < calls.div_ceil(clients) {
                made.extend(self.call(&mut random));
            }
            made
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..clients).map(|client| scope.spawn(move || run(client))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a client ends")).collect()
        })
    }

    /// One call, or several about an approval; none if there is no token yet.
    fn call(&self, random: &mut SmallRng) -> Vec<Call> {
        let owner = self.next.load(Ordering::SeqCst) / CREATES * OWNERS + random.random_range(0..OWNERS);
        let chosen = random.random_range(0..100);
        let call = match chosen {
            0..14 => self.create(owner),
            14..17 if self.issuer.is_some() => self.exchange(),
            14..18 => self.revoke_owner(owner),
            _ => {
                let Some(token) = self.any_token(random) else { return Vec::new() };
                match chosen {
                    18..23 => self.update(&token, chosen),
                    23..28 => self.rotate(&token),
                    28..33 => self.change(&token, Action::Disable, "POST", "/disable"),
                    33..39 => self.change(&token, Action::Enable, "POST", "/enable"),
                    39..46 => self.change(&token, Action::Revoke, "POST", "/revoke"),
                    46..48 => self.change(&token, Action::Delete, "DELETE", ""),
                    48..52 if self.needs_approval => return self.use_approval(&token, random),
                    _ => self.use_token(&token, random, "GET"),
                }
            }
        };
        vec![call]
    }

    fn create(&self, owner: usize) -> Call {
        let body = json!({
            "name": "history", "owner": format!("{}-{owner}", self.owners), "permissions": ["apps:read", "apps:write"],
            "resources": ["apps/history"], "expires_in": "1d",
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

    fn update(&self, token: &KnownToken, number: i32) -> Call {
        let path = format!("/tokens/{}", token.id);
        let request = self.stack.request("PATCH", &path).json(&json!({"description": number.to_string()}));
        self.as_admin(token, Action::Update, request)
    }

    fn change(&self, token: &KnownToken, action: Action, method: &str, suffix: &str) -> Call {
        self.as_admin(token, action, self.stack.request(method, &format!("/tokens/{}{suffix}", token.id)))
    }

    fn as_admin(&self, token: &KnownToken, action: Action, request: Request<'_>) -> Call {
        let request = request.bearer(&self.stack.admin).header("If-Match", "*");
        self.timed(token.number, token.owner, action, request).0
    }

    /// The token requests an approval and gets it; then it is used, and what may end the approval happens, in any order.
    /// The request itself is not a call of the history.
    fn use_approval(&self, token: &KnownToken, random: &mut SmallRng) -> Vec<Call> {
        let wanted = json!({"permission": "apps:write", "resource": "apps/history", "reason": "history"});
        let (_, secret) = token.secrets.last().expect("a secret");
        let asked = self.stack.post("/approvals").bearer(secret).json(&wanted).send_malformed();
        let Some(asked) = asked.filter(|asked| asked.status < 300) else { return Vec::new() };
        let path = format!("/approvals/{}", asked.json()["id"].as_str().expect("an ID"));
        let number = self.number_of(&path);
        let approve = self.stack.post(&format!("{path}/approve"));
        let mut made = vec![self.as_admin(token, Action::Approve(number), approve)];
        for _ in 0..6 {
            made.push(match random.random_range(0..10) {
                0 => self.as_admin(token, Action::EndApproval(number), self.stack.delete(&path)),
                1 | 2 => self.change(token, Action::Disable, "POST", "/disable"),
                3 | 4 => self.change(token, Action::Enable, "POST", "/enable"),
                _ => self.use_token(token, random, "POST"),
            });
        }
        made
    }

    /// The number of a request for approval. A repeated request is the pending one, which has one already.
    fn number_of(&self, path: &str) -> ApprovalNumber {
        let mut approvals = self.approvals.lock().unwrap_or_else(PoisonError::into_inner);
        approvals.iter().position(|known| known == path).unwrap_or_else(|| {
            approvals.push(path.to_owned());
            approvals.len() - 1
        })
    }

    /// A request to the protected API. `POST` needs an approval.
    fn use_token(&self, token: &KnownToken, random: &mut SmallRng, method: &str) -> Call {
        // The newest secret most of the time.
        let newest = token.secrets.len() - 1;
        let at = if random.random_range(0..4) == 0 { random.random_range(0..=newest) } else { newest };
        let (secret, plaintext) = &token.secrets[at];
        let action = if method == "GET" { Action::Use(*secret) } else { Action::UseApproval(*secret) };
        let request = self.stack.request(method, "/demo/apps/history").bearer(plaintext);
        let (call, response) = self.timed(token.number, token.owner, action, request);
        let is_unapproved = response.is_some_and(|response| response.status == 403);
        if is_unapproved { Call { outcome: Outcome::Unapproved, ..call } } else { call }
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
