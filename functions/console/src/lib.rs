//! `GET /console/…`: serves the console's files with a strict content security policy.
//!
//! The files contain no secret and need no credential; the page uses the public API. Why a
//! function serves them: `docs/adr/0019`.

mod settings;

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, InvalidHeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Request, RequestExt as _, Response};
use portcullis::http::gateway_context;
use rust_embed::RustEmbed;

pub use settings::Settings;

/// The page, which refers to all other files.
const PAGE: &str = "index.html";
/// Files with a hash in their names, which never change.
const HASHED: &str = "assets/";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Where the files are.
pub enum Files {
    /// Embedded in the program, if the console was built before it.
    BuiltIn,
    /// In a directory, for development.
    Directory(PathBuf),
}

/// Serves the console.
pub struct Console {
    files: Files,
    policy: HeaderValue,
}

#[derive(RustEmbed)]
#[folder = "../../console/dist/site"]
#[allow_missing = true]
struct BuiltIn;

impl Console {
    /// Serves these files. The page may connect to its own origin and the settings' sources.
    ///
    /// # Errors
    /// A source is not valid in a header.
    pub fn new(files: Files, settings: &Settings) -> Result<Self, InvalidHeaderValue> {
        Ok(Self { files, policy: policy(&settings.connect_sources)? })
    }

    /// Handles a request.
    pub fn handle(&self, request: &Request) -> Response<Body> {
        let path = path(request);
        match request.path_parameters().first("file") {
            Some(name) => self.file(name),
            None if path.ends_with('/') => self.file(PAGE),
            // The page's relative links need the trailing slash.
            None => redirect_to_page(&path, request),
        }
    }

    /// A page with a message and the same headers; with `refresh`, it reloads every 2 seconds.
    pub fn message_page(&self, status: StatusCode, heading: &str, text: &str, refresh: bool) -> Response<Body> {
        let refresh_tag = if refresh { "<meta http-equiv=\"refresh\" content=\"2\">" } else { "" };
        let (heading, text) = (escaped(heading), escaped(text));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{refresh_tag}\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{heading}</title></head>\
             <body><main><h1>{heading}</h1><pre>{text}</pre></main></body></html>\n"
        );
        let mut response = self.response(Body::Text(html), "text/html; charset=utf-8", "no-store");
        *response.status_mut() = status;
        response
    }

    fn file(&self, name: &str) -> Response<Body> {
        let media_type = content_type(name).filter(|_| is_safe_path(name));
        let text =
            media_type.and_then(|_| self.files.read(name)).and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
        match (media_type, text) {
            (Some(media_type), Some(text)) => {
                let cache_control = if name.starts_with(HASHED) { IMMUTABLE } else { "no-cache" };
                self.response(Body::Text(text), media_type, cache_control)
            }
            _ if name == PAGE => self.message_page(
                StatusCode::NOT_FOUND,
                "Console not built",
                "This deployment was built without the console. Run make console (needs Node.js), then deploy again.",
                false,
            ),
            _ => self.message_page(StatusCode::NOT_FOUND, "Not found", "The console has no such file.", false),
        }
    }

    fn response(&self, body: Body, media_type: &'static str, cache_control: &'static str) -> Response<Body> {
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (CONTENT_TYPE, media_type),
            (CACHE_CONTROL, cache_control),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

impl Files {
    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::BuiltIn => BuiltIn::get(name).map(|file| file.data),
            Self::Directory(directory) => fs::read(directory.join(name)).ok().map(Cow::Owned),
        }
    }
}

/// Content security policy (<https://www.w3.org/TR/CSP3/>): only the console's own files and
/// nothing inline; requests to its own API and the OpenID Connect provider; no framing; no string
/// becomes markup (<https://www.w3.org/TR/trusted-types/>).
fn policy(connect_sources: &[String]) -> Result<HeaderValue, InvalidHeaderValue> {
    let connect =
        ["'self'"].into_iter().chain(connect_sources.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connect}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    ))
}

/// The path of the request, including the stage or base path.
fn path(request: &Request) -> String {
    gateway_context(request).and_then(|context| context.path.clone()).unwrap_or_default()
}

/// Keeps the query, because a sign-in may redirect to the path without its slash.
fn redirect_to_page(path: &str, request: &Request) -> Response<Body> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(format!("{path}/{PAGE}{query}")) {
        Ok(location) => _ = headers.insert(LOCATION, location),
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}

/// Whether a name has only letters, digits, `-`, `_` and inner dots, so that it stays in the
/// directory.
fn is_safe_path(name: &str) -> bool {
    let is_safe_segment = |segment: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain)
    };
    name.split('/').all(is_safe_segment)
}

/// Media type of a console file; all are text.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use lambda_http::request::LambdaRequest;

    use super::*;

    /// A request as API Gateway sends it.
    fn request(path: &str, query: &str) -> Request {
        let (name, value) = query.split_once('=').unwrap_or(("", ""));
        let query = if query.is_empty() { "null".to_owned() } else { format!("{{\"{name}\":\"{value}\"}}") };
        let file = path.strip_prefix("/console/").filter(|file| !file.is_empty());
        let file = file.map_or("null".to_owned(), |file| format!(r#"{{"file":"{}"}}"#, file.replace("%2f", "/")));
        let event = format!(
            r#"{{"resource":"/console","path":"{path}","httpMethod":"GET","headers":{{}},"multiValueHeaders":{{}},
               "queryStringParameters":{query},"multiValueQueryStringParameters":null,"pathParameters":{file},
               "stageVariables":null,"body":null,"isBase64Encoded":false,
               "requestContext":{{"httpMethod":"GET","path":"/v1{path}","stage":"v1","resourcePath":"/console"}}}}"#
        );
        serde_json::from_str::<LambdaRequest>(&event).unwrap().into()
    }

    fn console(sources: &[&str]) -> (tempfile::TempDir, Console) {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("site/assets")).unwrap();
        for (name, text) in
            [("site/index.html", "<p>"), ("site/assets/a-1.js", "1"), ("site/.env", "x"), ("secret.js", "x")]
        {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let settings = Settings { connect_sources: sources.iter().map(|&source| source.to_owned()).collect() };
        let console = Console::new(Files::Directory(directory.path().join("site")), &settings).unwrap();
        (directory, console)
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn the_page_is_revalidated_each_time_and_hashed_files_never() {
        let (_directory, console) = console(&[]);
        for path in ["/console/", "/console/index.html"] {
            let page = console.handle(&request(path, ""));
            assert_eq!((page.status(), header(&page, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
            assert_eq!(header(&page, "cache-control"), "no-cache");
        }
        let script = console.handle(&request("/console/assets/a-1.js", ""));
        assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&script, "cache-control"), IMMUTABLE);
    }

    #[test]
    fn the_path_without_a_slash_redirects_to_the_page_and_keeps_the_query() {
        let (_directory, console) = console(&[]);
        let response = console.handle(&request("/console", "code=abc"));
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(header(&response, "location"), "/v1/console/index.html?code=abc");
    }

    #[test]
    fn the_policy_allows_only_our_api_and_the_provider() {
        let (_directory, console) = console(&["https://id.example.com", "https://login.example.com:8443"]);
        for path in ["/console/", "/console/assets/a-1.js", "/console/none"] {
            let response = console.handle(&request(path, ""));
            assert_eq!(
                header(&response, "content-security-policy"),
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                 connect-src 'self' https://id.example.com https://login.example.com:8443; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
            );
            assert_eq!(header(&response, "x-content-type-options"), "nosniff");
            assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory_or_to_hidden_files() {
        let (_directory, console) = console(&[]);
        for name in [
            "../secret.js",
            "..%2fsecret.js",
            ".env",
            "assets/../../secret.js",
            "assets//a-1.js",
            "/etc/passwd.js",
            "assets",
        ] {
            let response = console.handle(&request(&format!("/console/{name}"), ""));
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn the_text_of_a_message_page_is_escaped() {
        let (_directory, console) = console(&[]);
        let page = console.message_page(StatusCode::OK, "a", "<script>\"&", true);
        let Body::Text(html) = page.body() else { panic!("no text") };
        assert!(html.contains("&lt;script>&quot;&amp;"), "{html}");
    }
}
