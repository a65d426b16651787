//! The sign-in's two pages: HTML that needs no script, nothing from elsewhere and no colour
//! to be understood.

use super::session::Session;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const TITLE: &str = "Development sign-in - not a real login, only on this machine";

/// Suggestions: a group for each of the usual roles.
const GROUPS: [&str; 5] =
    ["portcullis-viewer", "portcullis-ops", "portcullis-deployer", "portcullis-cicd", "portcullis-admin"];

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}label{display:block;margin-top:1rem;font-weight:600}\
input,textarea,button{box-sizing:border-box;font:inherit;padding:.5rem}\
input,textarea{width:100%}textarea{font-family:monospace}button{margin-top:1rem}";

/// What the pages may load and do: their own style, and their own form.
pub(super) fn content_security_policy() -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Where a person says who they want to be.
pub(super) fn form() -> String {
    let options: String = GROUPS.iter().map(|group| format!("<option value=\"{group}\"></option>")).collect();
    let groups = GROUPS.join(", ");
    page(&format!(
        "<p>Nobody checks who you are: say who you want to be, and you get a session as that person. \
         A deployment uses the OpenID Connect provider of its operator instead.</p>\n\
         <form method=\"post\" action=\"/dev/sign-in\">\n\
         <label for=\"name\">Name</label>\n\
         <input id=\"name\" name=\"name\" required maxlength=\"128\" pattern=\"[!#-\\[\\]-~]+\" \
         autocomplete=\"username\" spellcheck=\"false\" aria-describedby=\"name-hint\">\n\
         <p id=\"name-hint\">Letters, digits and signs, without spaces, quotes and backslashes.</p>\n\
         <label for=\"groups\">Groups</label>\n\
         <input id=\"groups\" name=\"groups\" list=\"known-groups\" autocomplete=\"off\" spellcheck=\"false\" \
         aria-describedby=\"groups-hint\">\n\
         <datalist id=\"known-groups\">{options}</datalist>\n\
         <p id=\"groups-hint\">None or more, with commas or spaces between them. For instance: \
         {groups}.</p>\n\
         <button type=\"submit\">Sign in for development</button>\n\
         </form>"
    ))
}

/// A session, and a line that uses it.
pub(super) fn session(session: &Session, url: &str) -> String {
    let groups = if session.groups.is_empty() { "no groups".to_owned() } else { session.groups.join(", ") };
    let (owner, groups) = (escaped(&session.owner), escaped(&groups));
    let (jwt, until, url) = (escaped(&session.jwt), session.expires_at, escaped(url));
    page(&format!(
        "<p>You are <strong>{owner}</strong> ({groups}) until {until}, or until this server stops.</p>\n\
         <label for=\"session\">Session</label>\n\
         <textarea id=\"session\" rows=\"8\" readonly spellcheck=\"false\">{jwt}</textarea>\n\
         <label for=\"curl\">Who am I? A line for the shell</label>\n\
         <textarea id=\"curl\" rows=\"8\" readonly spellcheck=\"false\">\
         curl -sS {url}/me -H \"Authorization: Bearer {jwt}\"</textarea>\n\
         <p><a href=\"/dev/sign-in\">Sign in as somebody else</a></p>"
    ))
}

fn page(main: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{TITLE}</h1>\n{main}\n</main>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
