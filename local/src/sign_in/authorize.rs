//! The authorization code flow with PKCE
//! ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-4.1),
//! [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), from the client's question to the code
//! in its redirect URI. Fetching something for the code is the token endpoint's.

use super::SignIn;
use super::answer::{form, html, problem, see_other, told};
use super::form::{FIELDS, Wanted};
use super::oauth::{OAuthError, Parameters, Scope};
use super::page::{Form, Page};
use super::redirect_uri::RedirectUri;
use crate::gateway::Incoming;
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use http::{Response, StatusCode};
use sha2::{Digest as _, Sha256};

/// What the page carries on from the question to the answer.
const CARRIED: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// What a client asked for, as far as the code has to remember it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) redirect_uri: RedirectUri,
    pub(super) scope: Scope,
    pub(super) nonce: Option<String>,
    /// 43 characters, made of the verifier that only the client knows.
    challenge: String,
}

/// Shows the page on which a person signs in for a client.
pub(super) fn show(incoming: &Incoming, issuer: &str) -> Response<Bytes> {
    let sent = Parameters::read(&incoming.query);
    let back = match Back::of(&sent) {
        Ok(back) => back,
        Err(refusal) => return *refusal,
    };
    if let Err(error) = Asked::read(&sent, &back) {
        return back.refused(&error, issuer);
    }
    let carried: Vec<_> = CARRIED.into_iter().filter_map(|name| Some((name, sent.once(name).ok()??))).collect();
    let place = back.redirect_uri.authority();
    let intro = format!("A program on this machine, at {place}, asks who you are. Go on if you have just started it.");
    let page = Page::form(&Form { action: "/dev/authorize", intro: &intro, carried: &carried });
    html(&page.leading_to(&back.redirect_uri))
}

/// Sends the browser back to the client, with a code or with the reason why there is none.
pub(super) fn answer(sign_in: &SignIn, incoming: &Incoming) -> Response<Bytes> {
    let sent = match form(incoming) {
        Ok(form) => Parameters::read(&String::from_utf8_lossy(form)),
        Err(refusal) => return *refusal,
    };
    let back = match Back::of(&sent) {
        Ok(back) => back,
        Err(refusal) => return *refusal,
    };
    let issuer = sign_in.issuer();
    let asked = match Asked::read(&sent, &back) {
        Ok(asked) => asked,
        Err(error) => return back.refused(&error, &issuer),
    };
    if sent.once("deny").is_ok_and(|denied| denied.is_some()) {
        let error = OAuthError { error: "access_denied", description: "The person said no." };
        return back.refused(&error, &issuer);
    }
    let wanted = match Wanted::from_parameters(&sent.only(&FIELDS)) {
        Ok(wanted) => wanted,
        Err(problem) => return told(problem),
    };
    match sign_in.grants.code(asked, wanted) {
        Ok(code) => back.with(&[("code", &code)], &issuer),
        Err(error) => back.refused(&error, &issuer),
    }
}

/// Where the browser goes, once the client and its redirect URI are known to be good.
struct Back {
    redirect_uri: RedirectUri,
    state: Option<String>,
}

impl Back {
    /// # Errors
    /// The answer to the person: nobody is sent to an address that is not known to be good.
    fn of(sent: &Parameters) -> Result<Self, Box<Response<Bytes>>> {
        let refused =
            |detail: &str| Box::new(problem(StatusCode::BAD_REQUEST, "invalid_request", "Not a sign-in", detail));
        sent.client().map_err(|error| refused(error.description))?;
        let redirect_uri = sent.once("redirect_uri").ok().flatten().and_then(RedirectUri::parse);
        let redirect_uri = redirect_uri.ok_or_else(|| {
            refused(
                "redirect_uri must be there once and lead to this machine: http://127.0.0.1, http://[::1] or \
                 http://localhost, with any port.",
            )
        })?;
        Ok(Self { redirect_uri, state: sent.once("state").ok().flatten().map(str::to_owned) })
    }

    fn refused(&self, error: &OAuthError, issuer: &str) -> Response<Bytes> {
        self.with(&[("error", error.error), ("error_description", error.description)], issuer)
    }

    /// RFC 9207: the client hears who answers, and so that nobody else did.
    fn with(&self, parameters: &[(&str, &str)], issuer: &str) -> Response<Bytes> {
        let state = self.state.as_deref().map(|state| ("state", state));
        let all: Vec<_> = parameters.iter().copied().chain(state).chain([("iss", issuer)]).collect();
        see_other(&self.redirect_uri.with(&all))
    }
}

impl Asked {
    fn read(sent: &Parameters, back: &Back) -> Result<Self, OAuthError> {
        sent.once("state")?;
        match sent.required("response_type", "response_type must be code.")? {
            "code" => {}
            _ => {
                let description = "response_type must be code.";
                return Err(OAuthError { error: "unsupported_response_type", description });
            }
        }
        if sent.once("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(OAuthError::invalid("response_mode must be query."));
        }
        if sent.once("prompt")? == Some("none") {
            return Err(OAuthError { error: "login_required", description: "Nobody is signed in beforehand here." });
        }
        let challenge = sent.required("code_challenge", "code_challenge must be there (PKCE).")?;
        if sent.once("code_challenge_method")? != Some("S256") {
            return Err(OAuthError::invalid("code_challenge_method must be S256."));
        }
        if BASE64URL.decode(challenge).ok().is_none_or(|digest| digest.len() != 32) {
            return Err(OAuthError::invalid("code_challenge must be a SHA-256 in base64url, 43 characters."));
        }
        let (redirect_uri, challenge) = (back.redirect_uri.clone(), challenge.to_owned());
        let nonce = sent.once("nonce")?.map(str::to_owned);
        Ok(Self { redirect_uri, scope: sent.scope()?, nonce, challenge })
    }

    /// Whether somebody knows what the challenge was made of.
    pub(super) fn is_proved_by(&self, verifier: &str) -> bool {
        let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        let fits = (43..=128).contains(&verifier.len()) && verifier.chars().all(unreserved);
        fits && BASE64URL.encode(Sha256::digest(verifier)) == self.challenge
    }
}
