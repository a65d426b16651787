//! Tests of the flusher against a scripted control plane on loopback.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Timestamp;

const REST: &str = "/restapis/a1b2c3/stages/v1/cache/authorizers";
const HTTP: &str = "/v2/apis/d4e5f6/stages/%24default/cache/authorizers";
const BOTH: &str = "rest:a1b2c3/v1,http:d4e5f6/$default";
/// Timeout for a stage that hangs, long enough for the others on a busy machine.
const SHORT: Duration = Duration::from_secs(2);
/// Timeout for stages that do not hang, longer than any machine needs.
const LONG_TIMEOUT: Duration = Duration::from_secs(60);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

#[derive(Clone, Copy)]
enum Behavior {
    Status(u16),
    Redirects,
    Hangs,
    HangsUp,
    TalksNonsense,
}

/// The scripted responses for each path in order; after them, success.
type Script = Mutex<Vec<(&'static str, VecDeque<Behavior>)>>;

struct ControlPlane {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ControlPlane {
    async fn start<const N: usize>(script: [(&'static str, &[Behavior]); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script = script.map(|(path, ways)| (path, ways.iter().copied().collect())).into();
        let (script, heads): (Arc<Script>, Arc<Mutex<Vec<String>>>) = (Arc::new(Mutex::new(script)), Arc::default());
        let plane = Self { url, heads: Arc::clone(&heads) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&heads)));
            }
        });
        plane
    }

    fn flusher(&self, stages: &str) -> CacheFlusher {
        let credentials = ("AKIDEXAMPLE".to_owned(), SECRET.to_owned());
        let made = CacheFlusher::new(stages.parse().unwrap(), "eu-west-1", Some(self.url.clone()), Some(credentials));
        let clock = Clock::from_fn(|| Timestamp::parse("2026-11-26T10:30:00Z").unwrap());
        CacheFlusher { clock, pause: Duration::from_millis(1), timeout: LONG_TIMEOUT, ..made }
    }

    /// The heads of the requests for a path.
    fn asked(&self, path: &str) -> Vec<String> {
        let line = format!("DELETE {path} HTTP/1.1\r\n");
        self.heads.lock().unwrap().iter().filter(|head| head.starts_with(&line)).cloned().collect()
    }

    fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, heads: Arc<Mutex<Vec<String>>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        heads.lock().unwrap().push(head);
        let done = if path.starts_with("/v2/") { 204 } else { 202 };
        let way = {
            let mut script = script.lock().unwrap();
            let ways = script.iter_mut().find(|(of, _)| *of == path);
            ways.and_then(|(_, ways)| ways.pop_front()).unwrap_or(Behavior::Status(done))
        };
        let response = match way {
            Behavior::Status(204) => "HTTP/1.1 204 Done\r\n\r\n".to_owned(),
            Behavior::Status(status) => format!("HTTP/1.1 {status} So\r\nContent-Length: 2\r\n\r\n{{}}"),
            Behavior::Redirects => "HTTP/1.1 307 There\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned(),
            Behavior::Hangs => return std::future::pending().await,
            Behavior::HangsUp => return,
            Behavior::TalksNonsense => "SSH-2.0-nonsense\r\n\r\n".to_owned(),
        };
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn failures(outcome: Result<(), FlushError>) -> Vec<(String, FlushErrorKind)> {
    match outcome {
        Err(FlushError::Stages(failures)) => {
            failures.into_iter().map(|failure| (failure.stage.to_string(), failure.reason)).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[tokio::test]
async fn every_stage_gets_one_signed_request() {
    let plane = ControlPlane::start([]).await;
    plane.flusher(BOTH).flush().await.unwrap();
    assert_eq!(plane.requests(), 2);
    for path in [REST, HTTP] {
        let asked = plane.asked(path);
        assert_eq!(asked.len(), 1, "{path}");
        let authorization = header(&asked[0], "authorization").unwrap();
        let scope =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/eu-west-1/apigateway/aws4_request, SignedHeaders=host;";
        assert!(authorization.starts_with(scope), "{authorization}");
        assert_eq!(header(&asked[0], "x-amz-date"), Some("20261126T103000Z"));
        // The signed host is the host that is sent.
        assert_eq!(header(&asked[0], "host"), plane.url.strip_prefix("http://"));
        assert!(!asked[0].contains(SECRET));
    }
}

#[tokio::test]
async fn an_endpoint_may_have_a_trailing_slash_or_a_path() {
    let plane = ControlPlane::start([]).await;
    for (below, path) in [("/", REST.to_owned()), ("/gateway/", format!("/gateway{REST}"))] {
        let (stages, url) = ("rest:a1b2c3/v1".parse().unwrap(), format!("{}{below}", plane.url));
        let credentials = ("AKIDEXAMPLE".to_owned(), SECRET.to_owned());
        CacheFlusher::new(stages, "eu-west-1", Some(url), Some(credentials)).flush().await.unwrap();
        assert_eq!(plane.asked(&path).len(), 1, "{below}");
    }
}

#[tokio::test]
async fn without_stages_nothing_is_sent_and_no_credentials_are_needed() {
    let made = CacheFlusher::new(Stages::default(), "eu-west-1", Some("no url".to_owned()), None);
    made.flush().await.unwrap();
    let unusable = CacheFlusher { ca_bundle: Some("/nonexistent".to_owned()), ..made };
    unusable.flush().await.unwrap();
}

#[tokio::test]
async fn a_temporary_failure_is_retried_until_it_succeeds() {
    for way in [
        Behavior::Status(429),
        Behavior::Status(500),
        Behavior::Status(503),
        Behavior::HangsUp,
        Behavior::TalksNonsense,
        Behavior::Hangs,
    ] {
        let plane = ControlPlane::start([(REST, &[way, way])]).await;
        // Only a stage that hangs is waited for until the timeout.
        let timeout = if matches!(way, Behavior::Hangs) { SHORT } else { LONG_TIMEOUT };
        CacheFlusher { timeout, ..plane.flusher(BOTH) }.flush().await.unwrap();
        assert_eq!((plane.asked(REST).len(), plane.asked(HTTP).len()), (3, 1));
    }
}

#[tokio::test]
async fn after_three_attempts_only_that_stage_fails() {
    for (way, reason) in [
        (Behavior::Status(429), FlushErrorKind::Status(429)),
        (Behavior::Status(502), FlushErrorKind::Status(502)),
        (Behavior::HangsUp, FlushErrorKind::Unreachable),
        (Behavior::Hangs, FlushErrorKind::Timeout(SHORT)),
    ] {
        let plane = ControlPlane::start([(HTTP, &[way; 4])]).await;
        let timeout = if matches!(way, Behavior::Hangs) { SHORT } else { LONG_TIMEOUT };
        let outcome = CacheFlusher { timeout, ..plane.flusher(BOTH) }.flush().await;
        assert_eq!(failures(outcome), [("http:d4e5f6/$default".to_owned(), reason)]);
        assert_eq!((plane.asked(REST).len(), plane.asked(HTTP).len()), (1, 3));
    }
}

#[tokio::test]
async fn a_permanent_failure_is_not_retried() {
    for (way, reason) in [
        (Behavior::Status(400), FlushErrorKind::Status(400)),
        (Behavior::Status(403), FlushErrorKind::Status(403)),
        (Behavior::Status(404), FlushErrorKind::Unknown),
        (Behavior::Redirects, FlushErrorKind::Status(307)),
    ] {
        let plane = ControlPlane::start([(REST, &[way])]).await;
        let outcome = plane.flusher(BOTH).flush().await;
        assert_eq!(failures(outcome), [("rest:a1b2c3/v1".to_owned(), reason)]);
        assert_eq!((plane.asked(REST).len(), plane.asked(HTTP).len(), plane.requests()), (1, 1, 2));
    }
}

#[tokio::test]
async fn a_stage_that_hangs_does_not_delay_the_others() {
    let plane = ControlPlane::start([(REST, &[Behavior::Hangs; 3])]).await;
    let flusher = plane.flusher(BOTH);
    let arrived = async {
        while plane.asked(HTTP).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let other_stage = async {
        tokio::select! {
            () = arrived => {}
            outcome = flusher.flush() => panic!("{outcome:?}"),
        }
    };
    let asked = tokio::time::timeout(LONG_TIMEOUT, other_stage).await;
    assert!(asked.is_ok(), "the other stage got no request while the first one hung");
}

#[tokio::test]
async fn the_error_names_each_stage_that_failed_and_nothing_secret() {
    let plane = ControlPlane::start([(REST, &[Behavior::Status(404)]), (HTTP, &[Behavior::Status(403)])]).await;
    let error = plane.flusher(&format!("{BOTH},rest:good/v1")).flush().await.unwrap_err();
    let expected = "could not flush the authorizer cache at rest:a1b2c3/v1 (unknown stage), \
                    http:d4e5f6/$default (status 403)";
    assert_eq!(error.to_string(), expected);
    for text in [format!("{error:?}"), format!("{:?}", plane.flusher(BOTH))] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[tokio::test]
async fn an_unreachable_or_invalid_endpoint_is_a_failure() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let plane = ControlPlane { url: format!("http://{unused}"), heads: Arc::default() };
    let outcome = plane.flusher("rest:a1b2c3/v1").flush().await;
    assert_eq!(failures(outcome), [("rest:a1b2c3/v1".to_owned(), FlushErrorKind::Unreachable)]);
    for url in [
        "",
        "not a url",
        "127.0.0.1",
        "127.0.0.1:80",
        "/path",
        "http:/",
        "http://",
        "https://?x",
        "http://:80",
        "ftp://x",
        "http://a b",
    ] {
        let plane = ControlPlane { url: url.to_owned(), heads: Arc::default() };
        let outcome = plane.flusher("rest:a1b2c3/v1").flush().await;
        assert_eq!(failures(outcome), [("rest:a1b2c3/v1".to_owned(), FlushErrorKind::NoUrl)], "{url:?}");
    }
}

#[tokio::test]
async fn unreadable_root_certificates_are_named_by_their_file() {
    let plane = ControlPlane::start([]).await;
    let flusher = CacheFlusher { ca_bundle: Some("/nonexistent.pem".to_owned()), ..plane.flusher(BOTH) };
    let error = flusher.flush().await.unwrap_err().to_string();
    assert!(error.contains("AWS_CA_BUNDLE: /nonexistent.pem"), "{error}");
    assert_eq!(plane.requests(), 0);
}

#[test]
fn each_region_has_its_aws_endpoint() {
    for (region, endpoint) in [
        ("eu-west-1", "https://apigateway.eu-west-1.amazonaws.com"),
        ("us-gov-west-1", "https://apigateway.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://apigateway.cn-north-1.amazonaws.com.cn"),
    ] {
        assert_eq!(CacheFlusher::new(Stages::default(), region, None, None).endpoint, endpoint);
    }
}

#[test]
fn the_flusher_calls_the_endpoint_variant_of_the_environment() {
    let regional = [("AWS_REGION", "us-east-1")];
    let fips = [regional[0], ("AWS_USE_FIPS_ENDPOINT", "true")];
    let dual_stack = [regional[0], ("AWS_USE_DUALSTACK_ENDPOINT", "true")];
    let url = [fips[0], fips[1], ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")];
    for (variables, expected) in [
        (&regional[..], "https://apigateway.us-east-1.amazonaws.com"),
        (&fips, "https://apigateway-fips.us-east-1.amazonaws.com"),
        (&dual_stack, "https://apigateway.us-east-1.api.aws"),
        (&url, "http://127.0.0.1:4566"),
    ] {
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(CacheFlusher::from_env(Env::from_fn(&variable)).unwrap().endpoint, expected);
    }
}

#[test]
fn a_delay_is_a_random_part_of_the_maximum() {
    let drawn: Vec<_> = (0..20).map(|_| part_of(RETRY_BACKOFF)).collect();
    assert!(drawn.iter().all(|pause| *pause <= RETRY_BACKOFF), "{drawn:?}");
    assert!(drawn.iter().any(|pause| *pause != drawn[0]), "{drawn:?}");
}
