//! Text printed at the start: URLs, files, and example commands.

use portcullis::secret::TokenPrefix;
use portcullis_local::{AdminTokenOrigin, RunningStack};
use std::path::Path;

const OPEN_WARNING: &str = "Warning: other machines can reach this address, and tokens are sent over plain HTTP.\n\n";

pub(crate) fn text(running: &RunningStack, prefix: &TokenPrefix) -> String {
    let dir = running.data_dir();
    let [create, call, revoke] = curl_lines(&running.url(), &dir.admin_token(), prefix);
    format!(
        "Portcullis is running at {url}\n\n\
         \x20 console      {url}/console/\n\
         \x20 admin token  {token}{note}\n\
         \x20 access log   {access}\n\
         \x20 audit log    {audit}\n\n\
         {warning}\
         Create a token, call the demo API with it, revoke it:\n\n\
         {create}\n\n{call}\n\n{revoke}\n\n\
         {sessions}\n\n\
         Press Ctrl-C to stop. Each decision is logged to standard output.\n",
        url = running.url(),
        token = dir.admin_token().display(),
        note = note(running.admin_token_origin()),
        access = dir.access_log().display(),
        audit = dir.audit_log().display(),
        sessions = sessions(running),
        warning = if running.address().ip().is_loopback() { "" } else { OPEN_WARNING },
    )
}

fn note(origin: &AdminTokenOrigin) -> String {
    match origin {
        AdminTokenOrigin::Kept => String::new(),
        AdminTokenOrigin::First => " (new)".to_owned(),
        AdminTokenOrigin::FileMissing => " (new: the file was missing)".to_owned(),
        AdminTokenOrigin::Refused(reason) => format!(" (new: the previous one was rejected: {reason})"),
    }
}

/// Which sessions are accepted and, with the development sign-in, how to get one.
fn sessions(running: &RunningStack) -> String {
    match (running.sign_in_url(), running.oidc()) {
        (Some(sign_in), _) => format!(
            "Sign in as anyone (development only), in the console, with `portcullis login {}`, or with curl:\n\n{}",
            running.url(),
            session_line(&running.url(), sign_in)
        ),
        (None, Some(oidc)) => {
            format!("Sign-in: sessions of {} with the audience {} are accepted.", oidc.issuer, oidc.audience)
        }
        (None, None) => "The development sign-in is off, because other machines can reach this address. \
                         Set --oidc-issuer to use a provider."
            .to_owned(),
    }
}

/// Command that stores a session in `$SESSION` and calls `GET /me` with it.
fn session_line(url: &str, sign_in: &str) -> String {
    let take = r#"sed -n 's/.*"session":"\([^"]*\)".*/\1/p'"#;
    format!(
        "SESSION=$(curl -sS {sign_in} -d 'name=alice&groups=portcullis-admin' | {take}); \
         curl -sS {url}/me -H \"Authorization: Bearer $SESSION\"; echo"
    )
}

/// Commands for Bash and curl. The first stores the token in `$PORTCULLIS_API_TOKEN`, from which the last takes
/// its id.
fn curl_lines(url: &str, admin_token: &Path, prefix: &TokenPrefix) -> [String; 3] {
    let admin = format!("-H \"Authorization: Bearer $(cat {})\"", quoted(admin_token));
    let body = r#"{"name":"try it","permissions":["apps:read"],"resources":["apps/billing"],"expires_in":"1h"}"#;
    let take = r#"sed -n 's/.*"token":"\([^"]*\)".*/\1/p'"#;
    let id = format!("${{PORTCULLIS_API_TOKEN:{}:16}}", prefix.as_str().len() + 1);
    [
        format!("PORTCULLIS_API_TOKEN=$(curl -sS {url}/tokens {admin} -d '{body}' | tee /dev/stderr | {take}); echo"),
        format!("curl -sS {url}/demo/apps/billing -H \"Authorization: Bearer $PORTCULLIS_API_TOKEN\"; echo"),
        format!("curl -sS -X POST {url}/tokens/{id}/revoke {admin}; echo"),
    ]
}

/// The path, quoted for the shell if necessary.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell_whatever_is_in_it() {
        assert_eq!(quoted(Path::new("/home/me/.portcullis/x")), "/home/me/.portcullis/x");
        assert_eq!(quoted(Path::new("/my dir/$(id)")), "'/my dir/$(id)'");
        assert_eq!(quoted(Path::new("/it's")), r"'/it'\''s'");
    }
}
