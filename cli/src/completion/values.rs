//! Values from the service.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clap_complete::CompletionCandidate;
use portcullis::api_types::{Approval, ApprovalPage, Me, Token, TokenPage};
use portcullis::clock::Clock;
use portcullis::secret::TokenId;
use portcullis::text::unprintable;
use serde::Deserialize;

use super::bash;
use crate::api::Api;
use crate::config::{self, Config};
use crate::credentials;
use crate::output::{Output, clean};

/// How long the user waits for values at most.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// The roles and permissions that can be granted, with their descriptions.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Catalog {
    permissions: BTreeMap<String, ListedPermission>,
    roles: BTreeMap<String, Role>,
}

/// A permission's description, alone or beside its approval rule.
#[derive(Deserialize)]
#[serde(untagged)]
enum ListedPermission {
    Description(String),
    Object { description: String },
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Role {
    description: String,
}

/// Completes a token: its name if only one token that is not revoked has it, and its ID.
pub(crate) fn tokens(current: &OsStr) -> Vec<CompletionCandidate> {
    tokens_with(current, |_| true)
}

/// Completes a token that can be disabled.
pub(crate) fn active_tokens(current: &OsStr) -> Vec<CompletionCandidate> {
    tokens_with(current, |status| status == "active")
}

/// Completes a token that can be enabled.
pub(crate) fn disabled_tokens(current: &OsStr) -> Vec<CompletionCandidate> {
    tokens_with(current, |status| status == "disabled")
}

/// Completes a token that is not revoked.
pub(crate) fn unrevoked_tokens(current: &OsStr) -> Vec<CompletionCandidate> {
    tokens_with(current, |status| status != "revoked")
}

/// Completes a profile of the config file.
pub(crate) fn profiles(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(&current.to_string_lossy(), config::profiles())
}

fn tokens_with(current: &OsStr, has_status: impl Fn(&str) -> bool) -> Vec<CompletionCandidate> {
    let page = in_time(|api| api.get("/tokens").query("limit", Some(100)).send().ok()?.read().ok());
    let tokens = page.map(|page: TokenPage| page.tokens).unwrap_or_default();
    let current = current.to_string_lossy();
    tokens
        .iter()
        .filter(|token| has_status(&token.status))
        .flat_map(|token| candidates_of(token, &tokens, &current))
        .collect()
}

fn candidates_of(token: &Token, all: &[Token], current: &str) -> Vec<CompletionCandidate> {
    let Token { id, name, status, owner, .. } = token;
    let usable = all.iter().filter(|other| other.name == *name && other.status != "revoked");
    let is_name = status != "revoked" && usable.count() == 1 && name.parse::<TokenId>().is_err();
    let name_candidate = is_name.then(|| candidate(name, &format!("{id}, {status}, owner {owner}")));
    // IDs would clutter the list as long as nothing is typed.
    let is_id = id.parse::<TokenId>().is_ok() && (!is_name || !current.is_empty());
    let id_candidate = is_id.then(|| candidate(id, &format!("{name}, {status}, owner {owner}")));
    let both = [name_candidate, id_candidate].into_iter().flatten().flatten();
    both.filter(|candidate| candidate.get_value().to_string_lossy().starts_with(current)).collect()
}

/// Completes a role.
pub(crate) fn roles(current: &OsStr) -> Vec<CompletionCandidate> {
    let roles = catalog().roles.into_iter().map(|(name, role)| (name, role.description));
    starting_with(&current.to_string_lossy(), roles)
}

/// Completes a permission.
pub(crate) fn permissions(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(&current.to_string_lossy(), described_permissions())
}

/// Completes the last permission of a grant, as in `apps:read,apps:w`.
pub(crate) fn grants(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    if current.contains('@') {
        return Vec::new();
    }
    let (before, last) = current.split_at(current.rfind(',').map_or(0, |comma| comma + 1));
    starting_with(last, described_permissions()).into_iter().map(|candidate| candidate.add_prefix(before)).collect()
}

/// Completes an approval by its ID.
pub(crate) fn approvals(current: &OsStr) -> Vec<CompletionCandidate> {
    approvals_with(current, &[None])
}

/// Completes a request that waits for a decision.
pub(crate) fn pending_approvals(current: &OsStr) -> Vec<CompletionCandidate> {
    approvals_with(current, &[Some("pending")])
}

/// Completes an approval that can be ended.
pub(crate) fn open_approvals(current: &OsStr) -> Vec<CompletionCandidate> {
    approvals_with(current, &[Some("pending"), Some("approved")])
}

fn approvals_with(current: &OsStr, statuses: &'static [Option<&str>]) -> Vec<CompletionCandidate> {
    let list = |api: &Api, status: Option<&str>| -> Option<ApprovalPage> {
        api.get("/approvals").query("status", status).query("limit", Some(100)).send().ok()?.read().ok()
    };
    let pages = in_time(move |api| statuses.iter().map(|status| list(api, *status)).collect::<Option<Vec<_>>>());
    let described = |approval: Approval| {
        let Approval { id, permission, resource, status, token_name, owner, .. } = approval;
        (id, format!("{permission} on {resource}, {status}, token {token_name} of {owner}"))
    };
    let approvals = pages.unwrap_or_default().into_iter().flat_map(|page| page.approvals);
    starting_with(&current.to_string_lossy(), approvals.map(described))
}

/// The permissions of the catalog, with their descriptions.
fn described_permissions() -> impl Iterator<Item = (String, String)> {
    catalog().permissions.into_iter().map(|(name, permission)| match permission {
        ListedPermission::Description(description) | ListedPermission::Object { description } => (name, description),
    })
}

/// The catalog. If the user may not read it, the user's own roles and permissions.
fn catalog() -> Catalog {
    let found = in_time(|api| {
        if let Ok(response) = api.get("/catalog").send() {
            return response.read().ok();
        }
        let me: Me = api.get("/me").send().ok()?.read().ok()?;
        let own: BTreeSet<String> = me.grants.into_iter().flat_map(|grant| grant.permissions).collect();
        let roles = me.roles.unwrap_or_default().into_iter().map(|role| (role, Role::default())).collect();
        let own = own.into_iter().map(|permission| (permission, ListedPermission::Description(String::new())));
        Some(Catalog { permissions: own.collect(), roles })
    });
    found.unwrap_or_default()
}

fn starting_with(current: &str, values: impl IntoIterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let values = values.into_iter().filter(|(value, _)| value.starts_with(current));
    values.filter_map(|(value, description)| candidate(&value, &description)).collect()
}

/// A candidate. `None` for text that could not be typed, or would be read as a flag.
fn candidate(value: &str, description: &str) -> Option<CompletionCandidate> {
    let can_be_typed = !value.contains(unprintable) && !value.starts_with('-');
    let help = (!description.is_empty()).then(|| clean(description).into());
    can_be_typed.then(|| CompletionCandidate::new(value).help(help))
}

/// Reads from the service, within the time limit.
fn in_time<T: Send + 'static>(read: impl FnOnce(&Api) -> Option<T> + Send + 'static) -> Option<T> {
    let (sender, receiver) = channel();
    // The process exits without waiting for the thread.
    thread::spawn(move || {
        let value = api().and_then(|api| read(&api));
        // Ignore: it is too late.
        let _ = sender.send(value);
    });
    receiver.recv_timeout(TIME_LIMIT).ok().flatten()
}

/// The service that the line or the configuration selects.
fn api() -> Option<Api> {
    let words = words();
    let flag = |name: &str| flag(&words, name);
    let config = Config::new(flag("--url"), flag("--profile"), flag("--api-token-file").map(PathBuf::from));
    let url = config.url().ok()?;
    let credential = credentials::find_silently(&config, &url, &Output::silent(Clock::system()))?;
    Api::new(url, Some(credential)).ok()
}

/// Value of a flag, as in `--url X` or `--url=X`.
fn flag(words: &[String], name: &str) -> Option<String> {
    words.iter().enumerate().find_map(|(place, word)| match word.strip_prefix(name)? {
        "" => words.get(place + 1).cloned(),
        value => value.strip_prefix('=').map(str::to_owned),
    })
}

/// The words of the line, up to the cursor.
fn words() -> Vec<String> {
    match config::completion_line() {
        Some(line) => bash::words(&line).0,
        None => config::arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect(),
    }
}
