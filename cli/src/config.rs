//! Configuration. Flags override environment variables, which override the config file. Only this module
//! reads the environment. The config file never contains a secret.

mod login_profile;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use etcetera::BaseStrategy;
use portcullis::https_url::Url;
use serde::Deserialize;
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::position::Position;
use crate::{CliError, io_error, toml_error};
pub(crate) use login_profile::LoginProfile;

/// Flags, environment and config file.
pub(crate) struct Config {
    url: Option<String>,
    profile: Option<String>,
    api_token_file: Option<PathBuf>,
}

/// The config file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// Settings for one deployment.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    url: String,
    pub(crate) api_token_file: Option<PathBuf>,
    /// OpenID Connect issuer, if the service does not advertise it.
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: Option<String>,
}

impl Config {
    pub(crate) fn new(url: Option<String>, profile: Option<String>, api_token_file: Option<PathBuf>) -> Self {
        Self { url, profile, api_token_file }
    }

    /// URL of the service.
    ///
    /// # Errors
    /// When none is configured, or a credential may not be sent to it.
    pub(crate) fn url(&self) -> Result<Url, CliError> {
        if let Some(url) = &self.url {
            return base_url(url, "--url");
        }
        // `--profile` overrides `PORTCULLIS_URL`.
        match variable("PORTCULLIS_URL")? {
            Some(url) if self.profile.is_none() => base_url(&url, "PORTCULLIS_URL"),
            _ => match self.profile()? {
                Some((name, profile)) => base_url(&profile.url, &format!("profiles.{name}.url")),
                None => Err(CliError::usage("no service URL")
                    .with_hint("run portcullis login https://…, or set PORTCULLIS_URL")),
            },
        }
    }

    /// `--api-token-file`
    pub(crate) fn token_file_flag(&self) -> Option<&Path> {
        self.api_token_file.as_deref()
    }

    /// `PORTCULLIS_API_TOKEN`
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub(crate) fn token_variable() -> Result<Option<Zeroizing<String>>, CliError> {
        Ok(variable("PORTCULLIS_API_TOKEN")?.map(Zeroizing::new))
    }

    /// The selected profile, if it is for this URL.
    ///
    /// # Errors
    /// When the config file cannot be read.
    pub(crate) fn profile_of(&self, url: &Url) -> Result<Option<Profile>, CliError> {
        let Some((name, profile)) = self.profile()? else { return Ok(None) };
        let same = base_url(&profile.url, &format!("profiles.{name}.url"))? == *url;
        Ok(same.then_some(profile))
    }

    /// The selected profile and its name.
    fn profile(&self) -> Result<Option<(String, Profile)>, CliError> {
        let (path, mut file) = File::read()?;
        let named = match &self.profile {
            Some(name) => Some(name.clone()),
            None => variable("PORTCULLIS_PROFILE")?.or(file.profile),
        };
        let Some(name) = named else { return Ok(None) };
        let profile = file.profiles.remove(&name).ok_or_else(|| {
            let known: Vec<_> = file.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            CliError::usage(format!("profile {name} not found in {}; available: {known}", path.display()))
        })?;
        Ok(Some((name, profile)))
    }
}

/// Names and URLs of the profiles. Empty if the config file cannot be read.
pub(crate) fn profiles() -> Vec<(String, String)> {
    let file = File::read().map(|(_, file)| file);
    file.map(|file| file.profiles.into_iter().map(|(name, profile)| (name, profile.url)).collect()).unwrap_or_default()
}

impl File {
    fn read() -> Result<(PathBuf, Self), CliError> {
        let (path, text) = Self::text()?;
        Self::parse(&text, &path).map(|file| (path, file))
    }

    /// Path and text of the config file. A missing file is an error only if `PORTCULLIS_CONFIG` names it.
    fn text() -> Result<(PathBuf, String), CliError> {
        let named = variable("PORTCULLIS_CONFIG")?.map(PathBuf::from);
        let was_named = named.is_some();
        let Some(path) = named.or_else(|| config_dir().map(|dir| dir.join("config.toml"))) else {
            return Ok((PathBuf::new(), String::new()));
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok((path, text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !was_named => Ok((path, String::new())),
            Err(error) => {
                let why = io_error::explain(&error);
                Err(CliError::usage(format!("cannot read config file {}: {why}", path.display())))
            }
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CliError> {
        toml::from_str(text).map_err(|error| {
            let (Position { line, .. }, why) = toml_error::explain(&error, text);
            let field = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
            let error = CliError::usage(format!("config file {}, line {line}: {why}", path.display()));
            if field.is_some_and(is_secret_name) {
                error.with_hint("do not store secrets in the config file: other users can read it, and it ends up in copies and backups; set api_token_file to a path, or set PORTCULLIS_API_TOKEN")
            } else {
                error
            }
        })
    }
}

/// Parses a URL given by `source`. Removes trailing slashes, and lowercases scheme and host.
///
/// # Errors
/// When it is not a URL, or a credential would be sent to it unencrypted.
pub(crate) fn base_url(text: &str, source: &str) -> Result<Url, CliError> {
    const RULE: &str = "must be an https URL, or an http URL of this machine, without ?, # and @";
    // Scheme and host are case-insensitive; the path is not.
    let end = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
    let (origin, path) = text.split_at_checked(end).unwrap_or((text, ""));
    let text = format!("{}{}", origin.to_ascii_lowercase(), path.trim_end_matches('/'));
    Url::parse(&text).filter(|_| is_base(&text)).ok_or_else(|| match corrected(&text) {
        Some((why, better)) => CliError::usage(format!("{source} {text} {why}; use {better}")),
        None => CliError::usage(format!("{source} {RULE}")),
    })
}

/// Whether a path can be appended to a URL.
fn is_base(url: &str) -> bool {
    !url.contains(['?', '#', '@']) && url.parse::<Uri>().is_ok()
}

/// What is wrong with a URL that only needs another scheme, and the URL with it.
fn corrected(text: &str) -> Option<(&'static str, String)> {
    let (why, rest) = match text.split_once("://") {
        None => ("has no scheme", text),
        Some(("http", rest)) => ("would send the credential unencrypted", rest),
        Some(_) => return None,
    };
    let urls = ["http", "https"].map(|scheme| Url::parse(&format!("{scheme}://{rest}")));
    // An http URL is valid only for this machine.
    let better = urls.into_iter().flatten().next()?.as_str().to_owned();
    is_base(&better).then_some((why, better))
}

fn is_secret_name(field: &str) -> bool {
    field != "api_token_file" && ["token", "secret", "password", "key"].iter().any(|word| field.contains(word))
}

/// `$XDG_CONFIG_HOME/portcullis`, or the platform's directory for settings.
pub(crate) fn config_dir() -> Option<PathBuf> {
    app_dir("XDG_CONFIG_HOME", ".config", |strategy| strategy.config_dir())
}

/// `$XDG_DATA_HOME/portcullis`, or the platform's directory for data.
pub(crate) fn data_dir() -> Option<PathBuf> {
    app_dir("XDG_DATA_HOME", ".local/share", |strategy| strategy.data_dir())
}

/// `portcullis/` in the directory that a variable names, or in its default below `$HOME` (XDG Base Directory
/// Specification), or else in the platform's directory.
fn app_dir(variable: &str, below_home: &str, of_platform: fn(&dyn BaseStrategy) -> PathBuf) -> Option<PathBuf> {
    let named = |name: &str| trimmed(name).map(PathBuf::from).filter(|path| cfg!(not(windows)) && path.is_absolute());
    let dir = named(variable).or_else(|| named("HOME").map(|home| home.join(below_home)));
    let dir = dir.or_else(|| etcetera::choose_base_strategy().ok().map(|strategy| of_platform(&strategy)));
    dir.map(|dir| dir.join("portcullis"))
}

/// The user's and the system's git configuration and ignore files. Variables are read as git reads them, including
/// white space. `/dev/null`, which means no configuration, is left out.
#[expect(clippy::disallowed_methods, reason = "only this module reads the environment")]
pub(crate) fn git_files() -> Vec<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = named("HOME");
    let settings = named("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let system = named("GIT_CONFIG_SYSTEM").unwrap_or_else(|| PathBuf::from("/etc/gitconfig"));
    let of_user = [home.map(|home| home.join(".gitconfig")), named("GIT_CONFIG_GLOBAL")].into_iter().flatten();
    let settings = settings.into_iter().flat_map(|dir| ["git/config", "git/ignore"].map(|name| dir.join(name)));
    let all = of_user.chain(settings).chain([system]);
    all.filter(|path| path != Path::new("/dev/null")).collect()
}

/// The command line, including the program name.
pub(crate) fn arguments() -> Vec<OsString> {
    env::args_os().collect()
}

/// The line that bash completes, up to the cursor: `COMP_LINE` and `COMP_POINT`.
#[expect(clippy::disallowed_methods, reason = "only this module reads the environment")]
pub(crate) fn completion_line() -> Option<String> {
    let line = env::var("COMP_LINE").ok()?;
    let end = env::var("COMP_POINT").ok().and_then(|point| point.parse().ok()).unwrap_or(line.len());
    Some(line.get(..end).unwrap_or(&line).to_owned())
}

/// Whether an environment variable is set and not empty (<https://no-color.org>).
#[expect(clippy::disallowed_methods, reason = "only this module reads the environment")]
pub(crate) fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Whether the terminal has no colors: `TERM` is `dumb`, empty or, except on Windows, unset.
pub(crate) fn is_dumb() -> bool {
    trimmed("TERM").map_or(cfg!(not(windows)), |name| name.is_empty() || name == "dumb")
}

/// Value of an environment variable, trimmed. `None` if it is unset or empty.
///
/// # Errors
/// When it is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, CliError> {
    let Some(value) = trimmed(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| CliError::usage(format!("{name} is not UTF-8")))
}

/// Value of an environment variable, trimmed if it is UTF-8.
#[expect(clippy::disallowed_methods, reason = "only this module reads the environment")]
fn trimmed(name: &str) -> Option<OsString> {
    let value = env::var_os(name)?;
    Some(value.to_str().map(|text| text.trim().into()).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_are_case_insensitive() {
        let parse = |text: &str| base_url(text, "--url");
        for (one, other) in [
            ("http://localhost:9050", "HTTP://LocalHost:9050/"),
            ("https://api.example.com/v1", "https://API.Example.COM/v1/"),
            ("http://[::1]:9050", "http://[::1]:9050//"),
        ] {
            assert_eq!(parse(one).unwrap(), parse(other).unwrap());
        }
        assert!(parse("http://LOCALHOST").unwrap().is_loopback());
        assert_eq!(parse("https://a.example/V1").unwrap().as_str(), "https://a.example/V1");
        for wrong in ["http://localhost.example", "http://EXAMPLE.com", "https://", "localhost", "http:localhost"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
