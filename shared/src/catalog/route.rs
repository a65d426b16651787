//! A route: a pattern such as `POST /apps/{app}/builds`, the permission that it requires, and the resource that
//! its parameters name.
//!
//! | in a pattern | matches |
//! | --- | --- |
//! | `apps` | the decoded segment `apps`, in this case |
//! | `{app}` | any one segment |
//! | `{rest+}`, as the last part | one segment or more |
//!
//! `ANY` matches every method. `GET` matches `HEAD` too, which is a `GET` without content
//! ([RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2)). `$connect` matches the opening of a WebSocket.

use std::borrow::Cow;

use super::RequestPath;
use crate::catalog::fold::fold;
use crate::grants::Permission;
use crate::grants::resource::is_segment;

/// The methods that API Gateway knows.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];

/// Maximum length of a pattern's path, in characters: the whole ARN has to fit into the 512 characters of a
/// policy's resource.
const MAX_PATH_LENGTH: usize = 400;

/// The target of a request, from the ARN that API Gateway evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A method on a path, without its leading slash.
    Http {
        /// `GET`
        method: &'a str,
        /// `apps/billing`
        path: &'a str,
    },
    /// Opening a WebSocket (`$connect`).
    Connect,
}

/// A route of a protected API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The pattern as written: `POST /apps/{app}/builds`.
    pub pattern: String,
    /// The permission that it requires.
    pub permission: Permission,
    /// The resource template as written: `app/{app}`. `None` means the request's own path.
    pub resource: Option<String>,
    pub(crate) on: RouteMatcher,
    pub(crate) template: Option<Vec<Segment>>,
    /// The path's parts, with folded literals.
    pub(crate) folded: Vec<Segment>,
}

/// A listed route of which a path is another spelling, with what it requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookalike {
    /// The route's pattern.
    pub route: String,
    /// The permission that the route requires.
    pub permission: Permission,
    /// The resource that it is required on.
    pub resource: String,
}

/// Matches the requests of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RouteMatcher {
    /// Matches methods on paths.
    Http(Method, Vec<Segment>),
    /// Matches the opening of a WebSocket.
    Connect,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Any,
    /// One of [`METHODS`].
    One(&'static str),
}

/// A segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// `{name}`
    Parameter(String),
    /// `{name+}`
    CatchAll(String),
}

impl Route {
    /// A route from its parsed parts: pattern with matcher, permission, and resource with template.
    pub(super) fn new(
        pattern: String,
        on: RouteMatcher,
        permission: Permission,
        resource: Option<(String, Vec<Segment>)>,
    ) -> Self {
        let (resource, template) = resource.unzip();
        let folded = on.parts().iter().map(Segment::folded).collect();
        Self { pattern, permission, resource, on, template, folded }
    }

    /// The path's parts; none for a WebSocket.
    pub(super) fn parts(&self) -> &[Segment] {
        self.on.parts()
    }

    pub(super) fn folded_parts(&self) -> &[Segment] {
        &self.folded
    }

    /// The resource that a request refers to if its path is one of this route's paths, in some spelling.
    #[must_use]
    pub(crate) fn resource_of(&self, path: &RequestPath) -> Option<String> {
        let template = match (&self.template, &self.on) {
            (Some(template), _) => template.as_slice(),
            (None, RouteMatcher::Http(_, parts)) => parts,
            (None, RouteMatcher::Connect) => return Some("websocket".to_owned()),
        };
        let names: Vec<_> = path.names().collect();
        let names = template.iter().map(|segment| match segment {
            Segment::Literal(name) => Some(Cow::Borrowed(name.as_str())),
            Segment::Parameter(name) | Segment::CatchAll(name) => self.value_of(name, &names),
        });
        names.collect::<Option<Vec<_>>>().map(|names| names.join("/"))
    }

    /// The value of a parameter in a path of these names.
    fn value_of<'a>(&self, parameter: &str, names: &[&'a str]) -> Option<Cow<'a, str>> {
        let (at, part) = self.parts().iter().enumerate().find(|(_, part)| part.name() == Some(parameter))?;
        let rest = names.get(at..)?;
        if matches!(part, Segment::CatchAll(_)) {
            return Some(rest.join("/").into());
        }
        rest.first().map(|name| Cow::Borrowed(*name))
    }
}

impl RouteMatcher {
    /// Parses a pattern.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        if text == "$connect" {
            return Ok(Self::Connect);
        }
        let (method, path) = text.split_once(' ').ok_or("must be a method and a path, as in GET /apps/{app}")?;
        let method = match METHODS.iter().find(|known| **known == method) {
            Some(known) => Method::One(known),
            None if method == "ANY" => Method::Any,
            None => return Err("must begin with GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE or ANY"),
        };
        let path = path.strip_prefix('/').ok_or("must have a path that begins with a slash")?;
        if path.chars().count() > MAX_PATH_LENGTH {
            return Err("must have a path of at most 400 characters, the limit of IAM policies");
        }
        if path.is_empty() {
            return Ok(Self::Http(method, Vec::new()));
        }
        let parts: Vec<_> = path.split('/').map(Segment::read).collect::<Option<_>>().ok_or(
            "must have segments separated by single slashes: {name}, {name+}, or a name other than . and .. without \\ ; ? % * { } and control characters; no slash at the end",
        )?;
        let names: Vec<_> = parts.iter().filter_map(Segment::name).collect();
        if names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|before| before == name)) {
            return Err("must name each parameter once");
        }
        if parts.iter().rev().skip(1).any(|part| matches!(part, Segment::CatchAll(_))) {
            return Err("must have {name+} as its last part only");
        }
        Ok(Self::Http(method, parts))
    }

    /// Whether any request matches both patterns.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Connect, Self::Connect) => true,
            (Self::Http(a, path), Self::Http(b, other)) => a.overlaps(b) && meet(path, other),
            _ => false,
        }
    }

    /// Whether it accepts the method, or the opening of a WebSocket.
    pub(super) fn accepts(&self, target: Target<'_>) -> bool {
        match (self, target) {
            (Self::Http(on, _), Target::Http { method, .. }) => on.is(method),
            (Self::Connect, Target::Connect) => true,
            _ => false,
        }
    }

    fn parts(&self) -> &[Segment] {
        match self {
            Self::Http(_, parts) => parts,
            Self::Connect => &[],
        }
    }
}

impl Method {
    pub(crate) fn is(&self, method: &str) -> bool {
        match self {
            Self::Any => true,
            Self::One("GET") => matches!(method, "GET" | "HEAD"),
            Self::One(one) => *one == method,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        METHODS.iter().any(|method| self.is(method) && other.is(method))
    }
}

impl Segment {
    fn read(text: &str) -> Option<Self> {
        let Some(inside) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return (is_segment(text) && !text.contains(['{', '}'])).then(|| Self::Literal(text.to_owned()));
        };
        let (name, rest) = inside.strip_suffix('+').map_or((inside, false), |name| (name, true));
        let good = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        good.then(|| if rest { Self::CatchAll(name.to_owned()) } else { Self::Parameter(name.to_owned()) })
    }

    fn folded(&self) -> Self {
        match self {
            Self::Literal(name) => Self::Literal(fold(name)),
            other => other.clone(),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Parameter(name) | Self::CatchAll(name) => Some(name),
        }
    }
}

/// Parses a resource template: names, some of which are parameters of the path.
pub(super) fn template(text: &str, on: Option<&RouteMatcher>) -> Result<Vec<Segment>, &'static str> {
    let parts: Vec<_> = text.split('/').map(Segment::read).collect::<Option<_>>().ok_or(
        "must be a path such as apps/{app}: names separated by single slashes, each without *, or a {name} of the path",
    )?;
    let known = |name: &str| on.is_none_or(|on| on.parts().iter().any(|part| part.name() == Some(name)));
    if parts.iter().filter_map(Segment::name).all(known)
        && !parts.iter().any(|part| matches!(part, Segment::CatchAll(_)))
    {
        Ok(parts)
    } else {
        Err("must use only parameters of the path, with {name} for {name+} too")
    }
}

fn meet(a: &[Segment], b: &[Segment]) -> bool {
    match (a.split_first(), b.split_first()) {
        (None, None) => true,
        (None, Some(_)) | (Some(_), None) => false,
        // The catch-all takes everything that the other pattern has left, at least one name.
        (Some((Segment::CatchAll(_), _)), Some(_)) | (Some(_), Some((Segment::CatchAll(_), _))) => true,
        (Some((Segment::Literal(a), _)), Some((Segment::Literal(b), _))) if a != b => false,
        (Some((_, a)), Some((_, b))) => meet(a, b),
    }
}
