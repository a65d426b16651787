//! Grants, and what they cover (`docs/authorization.md`, Permissions and Resources), on the texts of the API.

use arbitrary::Arbitrary;
use portcullis::grants::{Grant, Grants};

/// Names for paths and permissions, few so that they often meet.
pub const NAMES: [&str; 4] = ["a", "b", "A", "a.x"];
/// Actions of permissions.
pub const ACTIONS: [&str; 3] = ["read", "write", "go"];

/// A generated grant: two permissions and two resources, each of which may be missing. One byte each, so that a change of
/// one byte gives a similar grant.
#[derive(Arbitrary, Clone, Debug)]
pub struct GrantInput {
    permissions: [u8; 2],
    resources: [u8; 2],
}

/// A grant as the API shows it.
#[derive(Clone, Debug)]
pub struct GrantText {
    pub permissions: Vec<String>,
    pub resources: Vec<String>,
}

impl GrantInput {
    pub fn text(&self) -> GrantText {
        let permission = |byte: usize| format!("{}:{}", or_any(&NAMES, byte), or_any(&ACTIONS, byte / 8));
        let given = |bytes: [u8; 2]| bytes.into_iter().filter(|byte| *byte < 250);
        GrantText {
            permissions: given(self.permissions).map(usize::from).map(permission).collect(),
            resources: given(self.resources).map(resource).collect(),
        }
    }
}

/// A generated permission without wildcards.
pub fn permission(byte: u8) -> String {
    format!("{}:{}", pick(&NAMES, byte), pick(&ACTIONS, byte / 4))
}

/// A generated resource.
pub fn resource(byte: u8) -> String {
    let below = if byte < 128 { "/*" } else { "" };
    match (or_any(&NAMES, byte.into()), or_any(&NAMES, usize::from(byte) / 8)) {
        ("*", _) => "*".to_owned(),
        (name, "*") => format!("{name}{below}"),
        (first, second) => format!("{first}/{second}{below}"),
    }
}

fn or_any<'a>(from: &[&'a str], at: usize) -> &'a str {
    from.get(at % (from.len() + 1)).copied().unwrap_or("*")
}

impl GrantText {
    /// Whether the grant gives the permission on the resource with this name.
    pub fn allows(&self, permission: &str, name: &str) -> bool {
        self.has(permission) && self.resources.iter().any(|held| covers_name(held, name))
    }

    /// Whether the grant has the permission on any resource.
    pub fn has(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| covers_permission(held, permission))
    }

    /// The grant as Portcullis parses it.
    pub fn parse(&self) -> Grant {
        Grant {
            permissions: self.permissions.iter().map(|text| text.parse().unwrap()).collect(),
            resources: self.resources.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }
}

/// At most three of the grants, as texts and parsed.
pub fn grants(input: &[GrantInput]) -> (Vec<GrantText>, Grants) {
    let texts: Vec<_> = input.iter().take(3).map(GrantInput::text).collect();
    let parsed = texts.iter().map(GrantText::parse).collect::<Vec<_>>();
    (texts, parsed.into())
}

/// Whether a permission with two parts covers a needed one without wildcards: each part is `*` or the same.
pub fn covers_permission(held: &str, needed: &str) -> bool {
    held.split(':').zip(needed.split(':')).all(|(held, needed)| held == "*" || held == needed)
}

/// Whether a resource covers a name: itself and everything below, with `/*` only what is below.
pub fn covers_name(held: &str, name: &str) -> bool {
    let below = held.strip_suffix("/*");
    let mut names = name.split('/');
    held == "*"
        || below.unwrap_or(held).split('/').all(|name| names.next() == Some(name))
            && (below.is_none() || names.next().is_some())
}

/// The entry at an index that may be too large.
pub fn pick<'a>(from: &[&'a str], at: u8) -> &'a str {
    from[usize::from(at) % from.len()]
}
