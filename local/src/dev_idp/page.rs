//! Pages of the development sign-in: HTML without scripts and external resources.

use super::redirect_uri::RedirectUri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const TITLE: &str = "Development sign-in (this machine only)";

/// Suggested groups, one for each default role.
const GROUPS: [&str; 5] =
    ["portcullis-viewer", "portcullis-ops", "portcullis-deployer", "portcullis-cicd", "portcullis-admin"];

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}label{display:block;margin-top:1rem;font-weight:600}\
input,button{box-sizing:border-box;font:inherit;padding:.5rem}\
input{width:100%}button{margin-top:1rem}";

/// Suggested users for one-click sign-in: a name with the group of a default role.
const EXAMPLE_USERS: [(&str, &str); 3] =
    [("alice", "portcullis-admin"), ("bob", "portcullis-viewer"), ("carol", "portcullis-deployer")];

/// A page, and the targets that its forms may have.
pub(super) struct Page {
    main: String,
    form_action: String,
}

/// The sign-in form, and its target.
pub(super) struct Form<'a> {
    pub(super) action: &'static str,
    /// Introduction, as plain text.
    pub(super) intro: &'a str,
    /// Hidden fields.
    pub(super) carried: &'a [(&'static str, &'a str)],
}

impl Page {
    /// The page to choose a name and groups.
    pub(super) fn form(form: &Form<'_>) -> Self {
        let Form { action, intro, carried } = form;
        let intro = escaped(intro);
        let hidden: String = carried.iter().map(|(name, value)| hidden(name, value)).collect();
        let opened = format!("<form method=\"post\" action=\"{action}\">\n{hidden}");
        let people: String = EXAMPLE_USERS.iter().map(|person| one_click(&opened, person)).collect();
        let fields = fields();
        Self::new(format!(
            "<p>{intro}</p>\n\
             <p>No password: choose who to be. Deployments use your OpenID Connect provider instead.</p>\n\
             {people}{opened}{fields}</form>\n\
             {opened}<button name=\"deny\" value=\"yes\">Cancel</button>\n</form>"
        ))
    }

    /// The page to enter a device's code.
    pub(super) fn ask_for_code() -> Self {
        Self::new(
            "<form method=\"get\" action=\"/dev/device\">\n\
             <label for=\"user_code\">Code shown on your device</label>\n\
             <input id=\"user_code\" name=\"user_code\" required maxlength=\"20\" autocomplete=\"off\" \
             autocapitalize=\"characters\" spellcheck=\"false\">\n\
             <button type=\"submit\">Continue</button>\n</form>"
                .to_owned(),
        )
    }

    /// The page for a code that no device waits for.
    pub(super) fn code_unknown() -> Self {
        let again = Self::ask_for_code().main;
        Self::new(format!(
            "<p>No device is waiting for this code. It has expired, or it was used already.</p>\n{again}"
        ))
    }

    /// The page after the user's decision.
    pub(super) fn device_done(denied: bool) -> Self {
        let outcome = if denied { "The sign-in was cancelled." } else { "Your device is signed in." };
        Self::new(format!("<p>{outcome} You can close this page.</p>"))
    }

    /// Allows the forms to redirect to a client: browsers apply the policy to redirects after a form
    /// too.
    pub(super) fn leading_to(self, redirect_uri: &RedirectUri) -> Self {
        Self { form_action: format!("'self' {}", redirect_uri.source()), ..self }
    }

    pub(super) fn html(&self) -> String {
        let main = &self.main;
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{TITLE}</h1>\n{main}\n</main>\n</body>\n</html>\n"
        )
    }

    /// Content security policy: only its own style and forms.
    pub(super) fn content_security_policy(&self) -> String {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        let form_action = &self.form_action;
        format!(
            "default-src 'none'; style-src 'sha256-{style}'; form-action {form_action}; base-uri 'none'; \
             frame-ancestors 'none'"
        )
    }

    fn new(main: String) -> Self {
        Self { main, form_action: "'self'".to_owned() }
    }
}

/// Fields to sign in under another name than the suggested ones.
fn fields() -> String {
    let options: String = GROUPS.iter().map(|group| format!("<option value=\"{group}\"></option>")).collect();
    let groups = GROUPS.join(", ");
    format!(
        "<label for=\"name\">Name</label>\n\
         <input id=\"name\" name=\"name\" required maxlength=\"255\" pattern=\"[!-~]([ -~]*[!-~])?\" \
         autocomplete=\"username\" spellcheck=\"false\" aria-describedby=\"name-hint\">\n\
         <p id=\"name-hint\">ASCII characters, with no space at the beginning or the end.</p>\n\
         <label for=\"groups\">Groups</label>\n\
         <input id=\"groups\" name=\"groups\" list=\"known-groups\" autocomplete=\"off\" spellcheck=\"false\" \
         aria-describedby=\"groups-hint\">\n\
         <datalist id=\"known-groups\">{options}</datalist>\n\
         <p id=\"groups-hint\">Optional. Separate groups with commas or spaces, for example \
         {groups}.</p>\n\
         <button type=\"submit\">Sign in for development</button>\n"
    )
}

fn one_click(opened: &str, (name, group): &(&str, &str)) -> String {
    let person = format!("{}{}", hidden("name", name), hidden("groups", group));
    format!("{opened}{person}<button type=\"submit\">Sign in as {name} ({group})</button>\n</form>\n")
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escaped(value))
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
