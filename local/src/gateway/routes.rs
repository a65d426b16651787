//! Routing by API Gateway's rules: a literal segment before `{param}` before `{proxy+}`, on the raw
//! path, with one trailing slash tolerated.

use crate::template::Route;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// The methods of a REST API, which `ANY` stands for.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The routes of one API, each with the name of its function.
#[derive(Debug)]
pub(crate) struct Routes {
    resources: Vec<Resource>,
}

/// The route of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RouteMatch<'a> {
    /// The resource's path as declared: `/tokens/{id}`.
    pub(crate) resource: &'a str,
    /// The name of its function.
    pub(crate) function: &'a str,
    /// Whether it bypasses the authorizer.
    pub(crate) open: bool,
    /// The path's parameters, percent-decoded once.
    pub(crate) parameters: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Resource {
    path: String,
    segments: Vec<Segment>,
    /// By method, or `ANY`.
    methods: BTreeMap<String, Target>,
}

#[derive(Debug)]
struct Target {
    function: String,
    open: bool,
}

// In order of precedence.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

impl Routes {
    /// The routes of an API.
    pub(crate) fn new(routes: impl IntoIterator<Item = impl Into<Route>>) -> Self {
        let mut resources: Vec<Resource> = Vec::new();
        for route in routes {
            let Route { method, path, function, open } = route.into();
            let known = resources.iter().position(|resource| resource.path == path);
            let index = known.unwrap_or(resources.len());
            if known.is_none() {
                resources.push(Resource {
                    segments: segments(&path).map(Segment::parse).collect(),
                    path,
                    methods: BTreeMap::new(),
                });
            }
            if let Some(resource) = resources.get_mut(index) {
                resource.methods.insert(method, Target { function, open });
            }
        }
        resources.sort_by(|a, b| a.segments.cmp(&b.segments));
        Self { resources }
    }

    /// Finds the route of a request. The path alone selects the resource; if that has no such method,
    /// there is no route, even if another resource would match.
    pub(crate) fn find(&self, method: &str, raw_path: &str) -> Option<RouteMatch<'_>> {
        let (resource, parameters) =
            self.resources.iter().find_map(|resource| Some((resource, resource.parameters(raw_path)?)))?;
        let any = || resource.methods.get("ANY").filter(|_| METHODS.contains(&method));
        let Target { function, open } = resource.methods.get(method).or_else(any)?;
        Some(RouteMatch { resource: &resource.path, function, open: *open, parameters })
    }
}

/// Method, path and function of a route behind the authorizer.
impl From<(&str, &str, &str)> for Route {
    fn from((method, path, function): (&str, &str, &str)) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), function: function.to_owned(), open: false }
    }
}

impl Resource {
    fn parameters(&self, raw_path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut rest = raw_path.strip_prefix('/')?;
        for segment in &self.segments {
            if let Segment::Greedy(name) = segment {
                // Greedy: the rest of the path, slashes included.
                return (!rest.is_empty()).then(|| {
                    parameters.insert(name.clone(), decode(rest));
                    parameters
                });
            }
            let (value, after) = rest.split_once('/').unwrap_or((rest, ""));
            match segment {
                Segment::Literal(literal) if literal == value => {}
                Segment::Parameter(name) if !value.is_empty() => {
                    parameters.insert(name.clone(), decode(value));
                }
                _ => return None,
            }
            rest = after;
        }
        rest.is_empty().then_some(parameters)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            None => Self::Literal(text.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes() -> Routes {
        Routes::new([
            ("ANY", "/{proxy+}", "rest"),
            ("GET", "/tokens/{id}", "show"),
            ("DELETE", "/tokens/{id}", "delete"),
            ("PATCH", "/tokens/{id}", "change"),
            ("GET", "/tokens/mine", "mine"),
            ("POST", "/tokens/{id}/revoke", "revoke"),
            ("GET", "/tokens", "list"),
            ("GET", "/", "root"),
        ])
    }

    fn function(method: &str, path: &str) -> Option<String> {
        routes().find(method, path).map(|matched| matched.function.to_owned())
    }

    #[test]
    fn a_literal_wins_over_a_parameter_and_a_parameter_over_the_rest() {
        assert_eq!(function("GET", "/tokens/mine").as_deref(), Some("mine"));
        assert_eq!(function("GET", "/tokens/yours").as_deref(), Some("show"));
        assert_eq!(function("GET", "/other/thing").as_deref(), Some("rest"));
        assert_eq!(function("POST", "/tokens/x/revoke").as_deref(), Some("revoke"));
        assert_eq!(function("GET", "/tokens/x/y").as_deref(), Some("rest"));
        assert_eq!(function("GET", "/").as_deref(), Some("root"));
    }

    #[test]
    fn a_method_that_the_chosen_resource_lacks_is_no_route() {
        assert_eq!(function("POST", "/tokens/mine"), None, "not /tokens/{{id}}, not the rest");
        assert_eq!(function("HEAD", "/tokens"), None);
        assert_eq!(function("TRACE", "/x"), None, "ANY is the seven methods of a REST API");
        for method in METHODS {
            assert_eq!(function(method, "/x").as_deref(), Some("rest"), "{method}");
        }
        assert_eq!(function("PATCH", "/tokens/x").as_deref(), Some("change"));
        assert_eq!(function("patch", "/tokens/x"), None, "a method has its case");
    }

    #[test]
    fn only_the_route_that_says_so_is_open() {
        fn open(mut route: Route) -> Route {
            route.open = true;
            route
        }
        let route = |method, path| Route::from((method, path, "any"));
        let routes = Routes::new([
            open(route("POST", "/revoke")),
            route("GET", "/revoke"),
            route("ANY", "/mixed"),
            open(route("GET", "/mixed")),
            open(route("ANY", "/other")),
            route("GET", "/other"),
            route("ANY", "/{proxy+}"),
        ]);
        let open = |method, path| routes.find(method, path).map(|matched| matched.open);
        for (method, path) in [("POST", "/revoke"), ("POST", "/revoke/"), ("GET", "/mixed"), ("PATCH", "/other")] {
            assert_eq!(open(method, path), Some(true), "{method} {path}");
        }
        for (method, path) in [
            ("GET", "/revoke"),
            ("POST", "/mixed"),
            ("GET", "/other"),
            ("POST", "/revoke/x"),
            ("POST", "//revoke"),
            ("POST", "/Revoke"),
            ("POST", "/revok%65"),
            ("POST", "/x/../revoke"),
        ] {
            assert_ne!(open(method, path), Some(true), "{method} {path}");
        }
    }

    #[test]
    fn one_trailing_slash_is_tolerated_and_an_empty_segment_is_not() {
        assert_eq!(function("GET", "/tokens/").as_deref(), Some("list"));
        assert_eq!(function("GET", "/tokens/x/").as_deref(), Some("show"));
        let strict = Routes::new([("GET", "/tokens", "list"), ("GET", "/tokens/{id}", "show")]);
        for path in ["//tokens", "/tokens//", "/tokens//x", "/", "", "tokens", "*", "/Tokens"] {
            assert_eq!(strict.find("GET", path), None, "{path}");
        }
    }

    #[test]
    fn parameters_are_decoded_once_and_an_encoded_slash_separates_nothing() {
        let routes = routes();
        let id = |path| routes.find("GET", path).unwrap().parameters["id"].clone();
        assert_eq!(id("/tokens/a%20b"), "a b");
        assert_eq!(id("/tokens/a%2520b"), "a%20b");
        assert_eq!(id("/tokens/a%2Fb"), "a/b");
        assert_eq!(id("/tokens/%ff"), "\u{fffd}");
        assert_eq!(id("/tokens/a+b"), "a+b");
    }

    #[test]
    fn greedy_takes_the_rest_as_it_stands_but_never_nothing() {
        let routes = Routes::new([("ANY", "/", "root"), ("ANY", "/{proxy+}", "rest")]);
        let rest = |path| Some(routes.find("GET", path)?.parameters.get("proxy")?.clone());
        assert_eq!(rest("/apps/billing").as_deref(), Some("apps/billing"));
        assert_eq!(rest("/apps//billing/").as_deref(), Some("apps//billing/"));
        assert_eq!(rest("//").as_deref(), Some("/"));
        assert_eq!(rest("/"), None);
        assert_eq!(routes.find("GET", "/").unwrap().function, "root");
    }
}
