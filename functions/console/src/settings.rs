//! Settings of the console.

use portcullis::env::{ConfigError, Env};
use portcullis::https_url::Url;

/// Settings of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Origins that the page may connect to besides its own: that of `PORTCULLIS_OIDC_ISSUER`, and
    /// those of `PORTCULLIS_CONSOLE_CONNECT_SOURCES` (separated by spaces), for providers whose
    /// endpoints have another origin.
    pub connect_sources: Vec<String>,
}

impl Settings {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let mut connect_sources = Vec::new();
        for name in ["PORTCULLIS_OIDC_ISSUER", "PORTCULLIS_CONSOLE_CONNECT_SOURCES"] {
            for url in env.get(name).unwrap_or_default().split_whitespace() {
                let rule =
                    || ConfigError::Invalid(name, "must be https URLs, or http on a loopback address".to_owned());
                // No character that would end a source or a directive.
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/[]".contains(&byte);
                let origin =
                    Url::parse(url).map(|url| url.origin().to_owned()).filter(|origin| origin.bytes().all(plain));
                connect_sources.push(origin.ok_or_else(rule)?);
            }
        }
        Ok(Self { connect_sources })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_connect_only_to_the_provider_and_the_configured_origins() {
        let read = |issuer: &str, more: &str| {
            let variable = |name: &str| Some(if name == "PORTCULLIS_OIDC_ISSUER" { issuer } else { more }.to_owned());
            Settings::from_env(Env::from_fn(&variable))
        };
        let sources = |issuer, more| read(issuer, more).map(|settings| settings.connect_sources).ok();
        assert_eq!(sources("", ""), Some(Vec::new()));
        assert_eq!(
            sources("https://id.example.com/realms/a?b", "https://login.example.com:8443 http://127.0.0.1:9050/x"),
            Some(
                ["https://id.example.com", "https://login.example.com:8443", "http://127.0.0.1:9050"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
        for wrong in
            ["http://id.example.com", "https://a;script-src", "https://a,b", "*", "https:", "https://u@host", "'self'"]
        {
            assert_eq!(sources("", wrong), None, "{wrong}");
            assert_eq!(sources(wrong, ""), None, "{wrong}");
        }
    }
}
