//! Unification of routes with resources: the paths of a route that refer to a resource of a grant.

use std::collections::BTreeMap;

use crate::catalog::{Route, Segment};
use crate::grants::Resource;
use crate::grants::resource::is_segment;

/// A set of paths of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathPrefix {
    /// The names with which the paths begin.
    pub(super) names: Vec<String>,
    /// Whether any further names follow.
    pub(super) more: bool,
}

/// Parameter bindings. An unbound parameter may be anything.
type Bindings<'a> = BTreeMap<&'a str, PathPrefix>;

/// The names that a resource covers; `None` if no request can name it.
pub(super) fn names_of(root: &str) -> Option<Vec<String>> {
    root.split('/').all(is_segment).then(|| root.split('/').map(str::to_owned).collect())
}

/// The paths of a route that refer to something the resource covers.
pub(super) fn paths_about(route: &Route, parts: &[Segment], resource: &Resource) -> Vec<PathPrefix> {
    let (root, below) = match resource {
        Resource::All => return vec![substituted(parts, &Bindings::new())],
        Resource::Subtree(root) => (root, false),
        Resource::Descendants(root) => (root, true),
    };
    let Some(root) = names_of(root) else { return Vec::new() };
    // Without a template, the path itself is the resource.
    let template = route.template.as_deref().unwrap_or(parts);
    let mut found = Vec::new();
    Unifier { parts, below }.unify(template, &root, Bindings::new(), &mut found);
    found.iter().map(|bound| substituted(parts, bound)).collect()
}

struct Unifier<'a> {
    parts: &'a [Segment],
    /// Whether the root itself is excluded.
    below: bool,
}

impl<'a> Unifier<'a> {
    /// Every way to bind parameters so that the template begins with the root's names.
    fn unify(&self, template: &'a [Segment], root: &[String], bound: Bindings<'a>, found: &mut Vec<Bindings<'a>>) {
        match (template.split_first(), root.split_first()) {
            (Some(_), None) => found.push(bound),
            (None, None) if !self.below => found.push(bound),
            (None, _) => {}
            (Some((Segment::Literal(literal), rest)), Some((first, others))) => {
                if literal == first {
                    self.unify(rest, others, bound, found);
                }
            }
            (Some((Segment::Parameter(name) | Segment::CatchAll(name), rest)), Some((first, others))) => {
                if self.takes_many(name) {
                    self.unify_many(name, rest, root, &bound, found);
                } else if bound.get(name.as_str()).is_none_or(|bound| bound.names.first() == Some(first)) {
                    self.unify(rest, others, with(&bound, name, std::slice::from_ref(first), false), found);
                }
            }
        }
    }

    /// `{name+}` takes some of the root's names, or all of them and more.
    fn unify_many(
        &self,
        name: &'a str,
        rest: &'a [Segment],
        root: &[String],
        bound: &Bindings<'a>,
        found: &mut Vec<Bindings<'a>>,
    ) {
        if bound.contains_key(name) {
            // The parameter occurs twice. The existing binding stands for more paths than exist, which is safe:
            // paths count only if all of them are open.
            found.push(bound.clone());
            return;
        }
        for count in 1..=root.len() {
            if let Some((taken, others)) = root.split_at_checked(count) {
                self.unify(rest, others, with(bound, name, taken, false), found);
            }
        }
        found.push(with(bound, name, root, true));
    }

    /// In a template, `{name}` stands for the path's `{name+}` too.
    fn takes_many(&self, name: &str) -> bool {
        self.parts.iter().any(|part| matches!(part, Segment::CatchAll(rest) if rest == name))
    }
}

fn with<'a>(bound: &Bindings<'a>, name: &'a str, names: &[String], more: bool) -> Bindings<'a> {
    let mut bound = bound.clone();
    bound.insert(name, PathPrefix { names: names.to_vec(), more });
    bound
}

/// The paths of a route with its parameters bound. From the first unbound parameter on, any names may follow.
fn substituted(parts: &[Segment], bound: &Bindings<'_>) -> PathPrefix {
    let mut names = Vec::new();
    for part in parts {
        match part {
            Segment::Literal(literal) => names.push(literal.clone()),
            Segment::Parameter(name) | Segment::CatchAll(name) => match bound.get(name.as_str()) {
                Some(value) => {
                    names.extend_from_slice(&value.names);
                    if value.more {
                        return PathPrefix { names, more: true };
                    }
                }
                None => return PathPrefix { names, more: true },
            },
        }
    }
    PathPrefix { names, more: false }
}
