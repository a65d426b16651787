//! `GET /console/…`: the console's files, with the headers that keep everything else out.
//!
//! A request -> [`Files`] -> the file, a redirect to the page, or 404. The files hold nothing
//! secret and ask for no credential; what the page does with one, it does over the public API.
//! Why a function serves them: `docs/adr/0019`.

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

/// The page itself; everything else is named in it.
const PAGE: &str = "index.html";
/// The files with a hash in their names: what is in one never changes.
const HASHED: &str = "assets/";
const A_YEAR: &str = "public, max-age=31536000, immutable";

/// Where the files are.
pub enum Files {
    /// In the program, where the console was built before it.
    BuiltIn,
    /// In a directory, on a developer's machine.
    In(PathBuf),
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
    /// Serves these files to a page that may connect to its own origin and the providers'.
    ///
    /// # Errors
    /// Where a source could not stand in a header.
    pub fn new(files: Files, settings: &Settings) -> Result<Self, InvalidHeaderValue> {
        Ok(Self { files, policy: policy(&settings.connect_sources)? })
    }

    /// Answers a request.
    pub fn handle(&self, request: &Request) -> Response<Body> {
        let path = path(request);
        match request.path_parameters().first("file") {
            Some(name) => self.file(name),
            None if path.ends_with('/') => self.file(PAGE),
            // Relative names in the page start where it is.
            None => to_the_page(&path, request),
        }
    }

    /// A page of a few words, with the same headers; `refresh` has the browser ask again soon.
    pub fn words(&self, status: StatusCode, heading: &str, text: &str, refresh: bool) -> Response<Body> {
        let again = if refresh { "<meta http-equiv=\"refresh\" content=\"2\">" } else { "" };
        let (heading, text) = (escaped(heading), escaped(text));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{again}\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{heading}</title></head>\
             <body><main><h1>{heading}</h1><pre>{text}</pre></main></body></html>\n"
        );
        let mut response = self.answer(Body::Text(html), "text/html; charset=utf-8", "no-store");
        *response.status_mut() = status;
        response
    }

    fn file(&self, name: &str) -> Response<Body> {
        let kind = kind(name).filter(|_| is_plain(name));
        let text =
            kind.and_then(|_| self.files.read(name)).and_then(|bytes| String::from_utf8(bytes.into_owned()).ok());
        match (kind, text) {
            (Some(kind), Some(text)) => {
                let kept = if name.starts_with(HASHED) { A_YEAR } else { "no-cache" };
                self.answer(Body::Text(text), kind, kept)
            }
            _ if name == PAGE => self.words(
                StatusCode::NOT_FOUND,
                "The console is not here",
                "This deployment was built without it. With Node.js, make console builds it; then deploy again.",
                false,
            ),
            _ => self.words(StatusCode::NOT_FOUND, "Not found", "The console has no such file.", false),
        }
    }

    fn answer(&self, body: Body, kind: &'static str, kept: &'static str) -> Response<Body> {
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, kept),
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
            Self::In(directory) => fs::read(directory.join(name)).ok().map(Cow::Owned),
        }
    }
}

/// Nothing but files of our own, and nothing inline
/// (<https://www.w3.org/TR/CSP3/>); requests to our own API and to the provider that people sign in
/// with. No other page may frame it, and no string becomes markup
/// (<https://www.w3.org/TR/trusted-types/>).
fn policy(connect_sources: &[String]) -> Result<HeaderValue, InvalidHeaderValue> {
    let connect =
        ["'self'"].into_iter().chain(connect_sources.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connect}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    ))
}

/// The path as it was asked for, stage or base path included.
fn path(request: &Request) -> String {
    gateway_context(request).and_then(|context| context.path.clone()).unwrap_or_default()
}

/// A sign-in may come back to the path without its slash, so the query goes along.
fn to_the_page(path: &str, request: &Request) -> Response<Body> {
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(format!("{path}/{PAGE}{query}")) {
        Ok(place) => _ = headers.insert(LOCATION, place),
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}

/// Letters, digits, `-`, `_` and dots within: nothing that leads out of a directory.
fn is_plain(name: &str) -> bool {
    let is_plain = |segment: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain)
    };
    name.split('/').all(is_plain)
}

/// The media type of a file that the console may have; all are text.
fn kind(name: &str) -> Option<&'static str> {
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

    /// A request as the gateway hands it on.
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
        let console = Console::new(Files::In(directory.path().join("site")), &settings).unwrap();
        (directory, console)
    }

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn the_page_is_asked_for_again_each_time_and_what_has_a_hash_never() {
        let (_directory, console) = console(&[]);
        for path in ["/console/", "/console/index.html"] {
            let page = console.handle(&request(path, ""));
            assert_eq!((page.status(), header(&page, "content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
            assert_eq!(header(&page, "cache-control"), "no-cache");
        }
        let script = console.handle(&request("/console/assets/a-1.js", ""));
        assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&script, "cache-control"), A_YEAR);
    }

    #[test]
    fn without_its_slash_it_leads_to_the_page_and_loses_nothing() {
        let (_directory, console) = console(&[]);
        let answer = console.handle(&request("/console", "code=abc"));
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(header(&answer, "location"), "/v1/console/index.html?code=abc");
    }

    #[test]
    fn nothing_inline_runs_nobody_frames_it_and_it_connects_to_our_api_and_the_provider_alone() {
        let (_directory, console) = console(&["https://id.example.com", "https://login.example.com:8443"]);
        for path in ["/console/", "/console/assets/a-1.js", "/console/none"] {
            let answer = console.handle(&request(path, ""));
            assert_eq!(
                header(&answer, "content-security-policy"),
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                 connect-src 'self' https://id.example.com https://login.example.com:8443; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
            );
            assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
            assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory_or_to_what_is_hidden_in_it() {
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
            let answer = console.handle(&request(&format!("/console/{name}"), ""));
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn what_is_said_on_a_page_of_words_is_no_markup() {
        let (_directory, console) = console(&[]);
        let page = console.words(StatusCode::OK, "a", "<script>\"&", true);
        let Body::Text(html) = page.body() else { panic!("no text") };
        assert!(html.contains("&lt;script>&quot;&amp;"), "{html}");
    }
}
