//! Catalogs of routes, and which route a request matches (`docs/catalog.md` and `docs/authorization.md`, Route matching).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use arbitrary::Arbitrary;
use portcullis::catalog::Catalog;
use serde_json::{Map, Value, json};

use crate::approvals::RuleText;
use crate::grants::{NAMES, permission, pick};
use crate::path::{normalized, trimmed};

pub const METHODS: [&str; 8] = ["ANY", "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
const PARTS: [&str; 6] = ["a", "b", "A", "a.x", "{p}", "{q}"];

/// A generated route: indexes into the lists above; numbers that are too large stand for nothing.
#[derive(Arbitrary, Debug)]
pub struct RouteInput {
    method: u8,
    parts: [u8; 3],
    catch_all: bool,
    permission: u8,
    template: [u8; 2],
}

/// A route as a catalog lists it.
#[derive(Clone, Debug)]
pub struct RouteText {
    pub method: &'static str,
    pub parts: Vec<&'static str>,
    pub permission: String,
    pub template: Option<Vec<&'static str>>,
}

impl RouteInput {
    pub fn text(&self) -> RouteText {
        let given = |from: &[&'static str], bytes: &[u8]| -> Vec<&'static str> {
            bytes.iter().filter_map(|byte| from.get(usize::from(*byte) % (from.len() + 1)).copied()).collect()
        };
        let mut parts = given(&PARTS, &self.parts);
        parts.extend(self.catch_all.then_some("{rest+}"));
        let template = given(&[&PARTS[..], &["{rest}"]].concat(), &self.template);
        RouteText {
            method: pick(&METHODS, self.method),
            parts,
            permission: permission(self.permission),
            template: (!template.is_empty()).then_some(template),
        }
    }
}

impl RouteText {
    fn json(&self) -> Value {
        let mut route =
            json!({"match": format!("{} /{}", self.method, self.parts.join("/")), "permission": self.permission});
        if let Some(template) = &self.template {
            route["resource"] = json!(template.join("/"));
        }
        route
    }

    /// Whether each parameter has a name of its own, and the template uses no other.
    fn is_valid(&self) -> bool {
        let parameters: Vec<_> =
            self.parts.iter().filter(|part| part.starts_with('{')).map(|part| part.replace('+', "")).collect();
        let known = |part: &&str| !part.starts_with('{') || parameters.iter().any(|known| known == part);
        let unique = parameters.iter().collect::<BTreeSet<_>>().len() == parameters.len();
        unique && self.template.iter().flatten().all(known)
    }

    /// Whether the route is for this method; `GET` includes `HEAD`.
    pub fn takes(&self, method: &str) -> bool {
        self.method == "ANY" || self.method == method || (self.method, method) == ("GET", "HEAD")
    }

    /// Whether the route matches these names as they are.
    pub fn matches(&self, names: &[String]) -> bool {
        self.fits(names, |part, name, _| part == name)
    }

    /// Whether the route matches these names once both are normalized.
    pub fn resembles(&self, names: &[String]) -> bool {
        self.fits(names, |part, name, is_last| {
            let (part, name) = (normalized(part), normalized(name));
            let mut stems = name.match_indices('.').map(|(dot, _)| trimmed(&name[..dot]));
            part == name || is_last && stems.any(|stem| stem == part)
        })
    }

    fn fits(&self, names: &[String], same: impl Fn(&str, &str, bool) -> bool) -> bool {
        let catch_all = self.parts.last() == Some(&"{rest+}");
        let enough = if catch_all { names.len() >= self.parts.len() } else { names.len() == self.parts.len() };
        let mut pairs = self.parts.iter().zip(names).enumerate();
        enough && pairs.all(|(at, (part, name))| part.starts_with('{') || same(part, name, at + 1 == names.len()))
    }

    /// The resource of a request with these names: the template, or else the route's path, with the parameters filled in.
    pub fn resource(&self, names: &[String]) -> String {
        let filled = self.template.as_ref().unwrap_or(&self.parts).iter().map(|part| {
            let at = self.parts.iter().position(|own| own.replace('+', "") == part.replace('+', ""));
            match at.filter(|_| part.starts_with('{')) {
                Some(at) if self.parts[at] == "{rest+}" => names[at..].join("/"),
                Some(at) => names[at].clone(),
                None => (*part).to_owned(),
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

/// The catalog of the routes that Portcullis accepts and of the approval rules, with these routes.
///
/// Checks that it accepts a route exactly if it is valid and no request matches this one and an earlier one.
pub fn catalog(strict: bool, input: &[RouteInput], rules: &[RuleText]) -> (Catalog, Vec<RouteText>) {
    let read = |routes: &[RouteText]| {
        let listed =
            routes.iter().map(|route| &route.permission).chain(rules.iter().filter_map(|rule| rule.unless.as_ref()));
        let mut permissions: Map<_, _> = listed.map(|permission| (permission.clone(), json!(""))).collect();
        permissions.extend(rules.iter().map(|rule| (rule.permission.clone(), rule.json())));
        let routes: Vec<_> = routes.iter().map(RouteText::json).collect();
        Catalog::read(&json!({"strict": strict, "permissions": permissions, "routes": routes}))
    };
    let (mut catalog, mut routes) = (read(&[]), Vec::new());
    for route in input.iter().map(RouteInput::text) {
        let good = route.is_valid() && !routes.iter().any(|earlier| overlaps(earlier, &route));
        routes.push(route);
        let accepted = read(&routes);
        assert_eq!(accepted.is_ok(), good, "{routes:?}: {accepted:?}");
        if good {
            catalog = accepted;
        } else {
            routes.pop();
        }
    }
    (catalog.unwrap(), routes)
}

/// Whether some request matches both routes. They have at most four parts, of few names.
fn overlaps(one: &RouteText, other: &RouteText) -> bool {
    static PATHS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
        let names = || NAMES.into_iter().chain(["other"]).map(str::to_owned);
        let longer = |paths: &Vec<Vec<String>>| {
            let longer = paths.iter().flat_map(|path| names().map(|name| [path.clone(), vec![name]].concat()));
            Some(longer.collect::<Vec<_>>())
        };
        std::iter::successors(Some(vec![Vec::new()]), longer).take(5).flatten().collect()
    });
    let methods = METHODS.iter().skip(1).any(|method| one.takes(method) && other.takes(method));
    methods && PATHS.iter().any(|path| one.matches(path) && other.matches(path))
}
