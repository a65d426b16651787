//! A request as it came in.

use axum::body::Bytes;
use http::{HeaderMap, Method};
use std::net::IpAddr;

/// The largest body that API Gateway takes.
pub(crate) const MAX_BODY: usize = 10 * 1024 * 1024;

/// A request as it came in.
#[derive(Debug)]
pub(crate) struct IncomingRequest {
    /// The method.
    pub(crate) method: Method,
    /// The path as it was asked for, undecoded.
    pub(crate) path: String,
    /// What stands behind the question mark, undecoded.
    pub(crate) query: String,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; none when it is larger than API Gateway takes.
    pub(crate) body: Option<Bytes>,
    /// The address of the TCP peer. No header can change it.
    pub(crate) source_ip: IpAddr,
}
