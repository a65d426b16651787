//! The authorization code flow with PKCE
//! ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-4.1),
//! [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)), up to the redirect with the code.

use super::authorization_request::AuthorizationRequest;
use super::browser_session;
use super::issuer::Issuer;
use super::oauth::{OAuthError, Parameters};
use super::page::{Form, Page};
use super::redirect_uri::RedirectUri;
use super::response::{form, html, problem, problem_response, see_other};
use super::sign_in_form::{FIELDS, SignInForm};
use crate::gateway::IncomingRequest;
use axum::body::Bytes;
use http::{Response, StatusCode};

/// Parameters that the page passes from the request to the form.
const FORWARDED_PARAMETERS: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// Shows the sign-in page for a client, or redirects to a client that wants no page.
pub(super) fn show(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    let sent = Parameters::read(&incoming.query);
    let back = match RedirectTarget::from_parameters(&sent) {
        Ok(back) => back,
        Err(refusal) => return *refusal,
    };
    let request = AuthorizationRequest::read(&sent, &back.redirect_uri);
    let request = request.and_then(|request| Ok((browser_session::is_silent(&sent)?, request)));
    match request {
        Err(error) => return back.refused(&error, issuer),
        Ok((true, request)) => return answer_silently(issuer, incoming, &back, request),
        Ok((false, _)) => {}
    }
    let carried: Vec<_> =
        FORWARDED_PARAMETERS.into_iter().filter_map(|name| Some((name, sent.once(name).ok()??))).collect();
    let place = back.redirect_uri.authority();
    let intro = format!("{place} wants to sign you in. Continue only if you have just started it.");
    let page = Page::form(&Form { action: "/dev/authorize", intro: &intro, carried: &carried });
    html(&page.leading_to(&back.redirect_uri))
}

/// Redirects the browser to the client, with a code for the user of the browser's session.
fn answer_silently(
    issuer: &Issuer,
    incoming: &IncomingRequest,
    back: &RedirectTarget,
    request: AuthorizationRequest,
) -> Response<Bytes> {
    let user = browser_session::cookie(&incoming.headers).and_then(|cookie| issuer.grants.browser_user(cookie));
    let missing = OAuthError { error: "login_required", description: "The browser has no session at the provider." };
    match user.ok_or(missing).and_then(|user| issuer.grants.code(request, user)) {
        Ok(code) => back.with(&[("code", &code)], issuer),
        Err(error) => back.refused(&error, issuer),
    }
}

/// Redirects the browser to the client, with a code or an error. A sign-in starts a session of the browser.
pub(super) fn submit(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    let sent = match form(incoming) {
        Ok(form) => Parameters::read(&String::from_utf8_lossy(form)),
        Err(refusal) => return *refusal,
    };
    let back = match RedirectTarget::from_parameters(&sent) {
        Ok(back) => back,
        Err(refusal) => return *refusal,
    };
    let request = match AuthorizationRequest::read(&sent, &back.redirect_uri) {
        Ok(request) => request,
        Err(error) => return back.refused(&error, issuer),
    };
    if sent.once("deny").is_ok_and(|denied| denied.is_some()) {
        let error = OAuthError { error: "access_denied", description: "The user denied the request." };
        return back.refused(&error, issuer);
    }
    let wanted = match SignInForm::from_parameters(&sent.only(&FIELDS)) {
        Ok(wanted) => wanted,
        Err(problem) => return problem_response(problem),
    };
    let session = issuer.grants.browser_session(wanted.clone());
    match session.and_then(|session| Ok((session, issuer.grants.code(request, wanted)?))) {
        Ok((session, code)) => browser_session::with_cookie(back.with(&[("code", &code)], issuer), &session),
        Err(error) => back.refused(&error, issuer),
    }
}

/// Redirect target, after the client and its redirect URI were checked.
struct RedirectTarget {
    redirect_uri: RedirectUri,
    state: Option<String>,
}

impl RedirectTarget {
    /// # Errors
    /// A response to the browser, which is never redirected to an unchecked address.
    fn from_parameters(sent: &Parameters) -> Result<Self, Box<Response<Bytes>>> {
        let refused =
            |detail: &str| Box::new(problem(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request", detail));
        sent.client().map_err(|error| refused(error.description))?;
        let redirect_uri = sent.once("redirect_uri").ok().flatten().and_then(RedirectUri::parse);
        let redirect_uri = redirect_uri.ok_or_else(|| {
            refused(
                "redirect_uri is required once and must lead to this machine: http://127.0.0.1, http://[::1] or \
                 http://localhost, with any port.",
            )
        })?;
        Ok(Self { redirect_uri, state: sent.once("state").ok().flatten().map(str::to_owned) })
    }

    fn refused(&self, error: &OAuthError, issuer: &Issuer) -> Response<Bytes> {
        self.with(&[("error", error.error), ("error_description", error.description)], issuer)
    }

    /// Redirects with `iss`, so that the client can verify the issuer (RFC 9207).
    fn with(&self, parameters: &[(&str, &str)], issuer: &Issuer) -> Response<Bytes> {
        let state = self.state.as_deref().map(|state| ("state", state));
        let name = issuer.name();
        let all: Vec<_> = parameters.iter().copied().chain(state).chain([("iss", name.as_str())]).collect();
        see_other(&self.redirect_uri.with(&all))
    }
}
