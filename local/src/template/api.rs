//! The REST API as `AWS::Serverless::Api` and the functions' `Api` events describe it.

use super::error::TemplateError;
use super::node::Node;
use std::collections::BTreeMap;

/// The API, its routes and its gateway responses.
#[derive(Debug, Clone)]
pub struct Api {
    /// The stage's name.
    pub stage: String,
    /// The stage variables, which the authorizer receives.
    pub stage_variables: BTreeMap<String, String>,
    /// Every route, in the template's order of functions.
    pub routes: Vec<Route>,
    /// The gateway responses, by response type.
    pub responses: BTreeMap<String, GatewayResponse>,
    /// The access log's format: text with `$context` variables.
    pub access_log: String,
}

/// One route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method, upper case, or `ANY`.
    pub method: String,
    /// The path with its parameters: `/tokens/{id}`.
    pub path: String,
    /// The function: the name of its crate.
    pub function: String,
    /// Whether it bypasses the authorizer.
    pub open: bool,
}

/// A gateway response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayResponse {
    /// The status, if it differs from the type's default.
    pub status: Option<u16>,
    /// The headers, in addition to the content type.
    pub headers: Vec<(String, HeaderValue)>,
    /// The media type of the body.
    pub content_type: String,
    /// The body: text with `$context` variables.
    pub body: String,
}

/// The source of a header of a gateway response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderValue {
    /// `'text'`.
    Literal(String),
    /// `context.name`.
    Context(String),
}

pub(super) fn read(root: &Node<'_>) -> Result<Api, TemplateError> {
    let resources = root.get("Resources")?;
    let properties = resources.get("Api")?.get("Properties")?;
    let auth = properties.get("Auth")?;
    let authorizer = auth.get("DefaultAuthorizer")?;
    let name = authorizer.text()?;
    if auth.get("Authorizers")?.find(&name)?.is_none() {
        return Err(authorizer.wrong("is not one of the authorizers"));
    }
    let mut stage_variables = BTreeMap::new();
    for (name, value) in properties.get("Variables")?.entries()? {
        stage_variables.insert(name.to_owned(), value.text()?);
    }
    let mut responses = BTreeMap::new();
    for (name, response) in properties.get("GatewayResponses")?.entries()? {
        responses.insert(name.to_owned(), gateway_response(&response)?);
    }
    Ok(Api {
        stage: properties.get("StageName")?.text()?,
        stage_variables,
        routes: routes(&resources)?,
        responses,
        access_log: properties.get("AccessLogSetting")?.get("Format")?.text()?,
    })
}

fn routes(resources: &Node<'_>) -> Result<Vec<Route>, TemplateError> {
    let mut routes = Vec::new();
    for (_, resource) in resources.entries()? {
        if resource.get("Type")?.text()? != "AWS::Serverless::Function" {
            continue;
        }
        let Some(events) = resource.get("Properties")?.find("Events")? else {
            continue;
        };
        for (_, event) in events.entries()? {
            if event.get("Type")?.text()? == "Api" {
                let route = route(&resource, &event)?;
                // Otherwise one of them would win, possibly the open one.
                if routes.iter().any(|other| same(other, &route)) {
                    return Err(event.wrong(&format!("is a second {} {}", route.method, route.path)));
                }
                routes.push(route);
            }
        }
    }
    if routes.is_empty() {
        return Err(resources.wrong("has no function with an Api event"));
    }
    Ok(routes)
}

fn route(function: &Node<'_>, event: &Node<'_>) -> Result<Route, TemplateError> {
    let properties = event.get("Properties")?;
    let path = properties.get("Path")?;
    let text = path.text()?;
    if !text.starts_with('/') {
        return Err(path.wrong("does not begin with a slash"));
    }
    let build = function.get("Metadata")?.get("BuildProperties")?;
    Ok(Route {
        method: properties.get("Method")?.text()?.to_ascii_uppercase(),
        path: text,
        function: build.get("Binary")?.text()?,
        open: is_open(&properties)?,
    })
}

/// Whether a route bypasses the authorizer: only with `Auth: {Authorizer: NONE}`. Without `Auth`, the
/// default authorizer applies. Any other `Auth` is an error, because it cannot be honoured here.
fn is_open(properties: &Node<'_>) -> Result<bool, TemplateError> {
    let Some(auth) = properties.find("Auth")? else {
        return Ok(false);
    };
    match auth.entries()?.as_slice() {
        [("Authorizer", authorizer)] if authorizer.text()? == "NONE" => Ok(true),
        _ => Err(auth.wrong("is not {Authorizer: NONE}, the only value supported here")),
    }
}

/// Whether two routes match the same requests; names of parameters do not matter.
fn same(one: &Route, other: &Route) -> bool {
    fn shape(path: &str) -> impl Iterator<Item = &str> {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        segments.map(|segment| match (segment.starts_with('{'), segment.ends_with("+}")) {
            (true, true) => "{+}",
            (true, false) => "{}",
            _ => segment,
        })
    }
    one.method == other.method && shape(&one.path).eq(shape(&other.path))
}

fn gateway_response(node: &Node<'_>) -> Result<GatewayResponse, TemplateError> {
    let status = node.find("StatusCode")?.map(|status| status.number()).transpose()?;
    let mut headers = Vec::new();
    if let Some(parameters) = node.find("ResponseParameters")?
        && let Some(given) = parameters.find("Headers")?
    {
        for (name, value) in given.entries()? {
            headers.push((name.to_owned(), header_value(&value)?));
        }
    }
    let templates = node.get("ResponseTemplates")?;
    match templates.entries()?.as_slice() {
        [(content_type, body)] => {
            Ok(GatewayResponse { status, headers, content_type: (*content_type).to_owned(), body: body.text()? })
        }
        _ => Err(templates.wrong("needs exactly one media type")),
    }
}

fn header_value(node: &Node<'_>) -> Result<HeaderValue, TemplateError> {
    let text = node.text()?;
    if let Some(literal) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(HeaderValue::Literal(literal.to_owned()));
    }
    match text.strip_prefix("context.") {
        Some(name) => Ok(HeaderValue::Context(name.to_owned())),
        None => Err(node.wrong("is neither 'text' in single quotes nor context.name")),
    }
}
