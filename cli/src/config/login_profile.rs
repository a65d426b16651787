//! The profile of the service that `login` signed in to.

use std::fs;
use std::path::Path;

use portcullis::https_url::Url;

use super::{File, base_url};
use crate::private_file::{create_private_dir, replace};
use crate::{CliError, io_error};

/// What `login` changed in the config file.
pub(crate) enum LoginProfile {
    /// Nothing: the service is the default already.
    Default,
    /// The profile with this name became the default. The message names the file.
    NewDefault { name: String, path: String },
    /// Another profile is still the default.
    Other { name: String, default: String },
}

impl LoginProfile {
    /// Adds a profile for the service to the config file, unless there is one. Makes it the default, unless there is a
    /// default.
    ///
    /// # Errors
    /// When the config file cannot be read, extended or written.
    pub(crate) fn save(url: &Url) -> Result<Self, CliError> {
        let (path, text) = File::text()?;
        let file = File::parse(&text, &path)?;
        let known = file.name_of(url);
        let name = known.clone().unwrap_or_else(|| new_name(url));
        if file.profile.as_ref() == Some(&name) && known.is_some() {
            return Ok(Self::Default);
        }
        let new_text = with_profile(text.clone(), &name, known.is_none().then_some(url), file.profile.is_none());
        let failed = |why: &str| CliError::usage(format!("cannot add the service to {}: {why}", path.display()));
        if new_text != text {
            let can_be_read = File::parse(&new_text, &path).is_ok_and(|file| file.name_of(url).as_ref() == Some(&name));
            if !can_be_read {
                return Err(failed("the file has a profile of that name, or no room for another table"));
            }
            write(&path, &new_text).map_err(|error| failed(&io_error::explain(&error)))?;
        }
        Ok(match file.profile {
            Some(default) => Self::Other { name, default },
            None => Self::NewDefault { name, path: path.display().to_string() },
        })
    }
}

impl File {
    /// Name of the profile for this URL, first the default one.
    fn name_of(&self, url: &Url) -> Option<String> {
        let is_for = |name: &&String| {
            let profile = self.profiles.get(*name);
            profile.is_some_and(|profile| base_url(&profile.url, "url").is_ok_and(|known| known == *url))
        };
        self.profile.iter().chain(self.profiles.keys()).find(is_for).cloned()
    }
}

/// The URL without its scheme.
fn new_name(url: &Url) -> String {
    let text = url.as_str();
    text.split_once("://").map_or(text, |(_, rest)| rest).to_owned()
}

/// Text of the config file with a new default profile, a new profile, or both. The rest of the text is kept.
fn with_profile(mut text: String, name: &str, new: Option<&Url>, is_default: bool) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    if is_default {
        // Before the first table.
        text.insert_str(0, &format!("profile = {}\n", quoted(name)));
    }
    if let Some(url) = new {
        let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        text += &format!("{newline}\n[profiles.{}]\nurl = {}\n", quoted(name), quoted(url.as_str()));
    }
    text
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    // The file may be a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(dir) = path.parent() {
        create_private_dir(dir)?;
    }
    replace(&path, text.as_bytes())
}
