//! Device authorization grant ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)): a program gets a
//! code, which the user enters in any browser.

use super::issuer::Issuer;
use super::oauth::{OAuthError, Parameters};
use super::page::{Form, Page};
use super::pending_grants::DEVICE_SECONDS;
use super::response::{as_json, form, html, problem_response};
use super::sign_in_form::{FIELDS, SignInForm};
use crate::gateway::IncomingRequest;
use axum::body::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// Returns the codes for a device.
pub(super) fn begin(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    match codes(issuer, incoming) {
        Ok(codes) => as_json(&codes),
        Err(error) => error.into_response(),
    }
}

fn codes(issuer: &Issuer, incoming: &IncomingRequest) -> Result<Value, OAuthError> {
    let sent = Parameters::sent(incoming)?;
    sent.client()?;
    let (device_code, user_code) = issuer.grants.device(sent.scope()?)?;
    let page = format!("{}/device", issuer.name());
    Ok(json!({
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": DEVICE_SECONDS,
        "interval": 1,
    }))
}

/// Shows the page to enter a code, or to sign in for the code in the link.
pub(super) fn show(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    let sent = Parameters::read(&incoming.query);
    let Ok(Some(user_code)) = sent.once("user_code") else {
        return html(&Page::ask_for_code());
    };
    let Some(user_code) = issuer.grants.pending_device(user_code) else {
        return unknown();
    };
    let intro = format!("A device wants to sign in. Continue only if it shows the code {user_code}.");
    html(&Page::form(&Form { action: "/dev/device", intro: &intro, carried: &[("user_code", &user_code)] }))
}

/// Stores the user's decision.
pub(super) fn submit(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    let sent = match form(incoming) {
        Ok(form) => Parameters::read(&String::from_utf8_lossy(form)),
        Err(refusal) => return *refusal,
    };
    let user_code = sent.once("user_code").ok().flatten().unwrap_or_default().to_owned();
    let denied = sent.once("deny").is_ok_and(|denied| denied.is_some());
    let said = match (!denied).then(|| SignInForm::from_parameters(&sent.only(&FIELDS))).transpose() {
        Ok(said) => said,
        Err(problem) => return problem_response(problem),
    };
    if issuer.grants.resolve_device(&user_code, said) { html(&Page::device_done(denied)) } else { unknown() }
}

fn unknown() -> Response<Bytes> {
    let mut response = html(&Page::code_unknown());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
