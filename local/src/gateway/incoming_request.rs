//! Incoming HTTP request.

use axum::body::Bytes;
use http::{HeaderMap, Method};
use std::net::IpAddr;

/// Maximum body size of API Gateway.
pub(crate) const MAX_BODY: usize = 10 * 1024 * 1024;

/// An incoming HTTP request.
#[derive(Debug)]
pub(crate) struct IncomingRequest {
    /// The method.
    pub(crate) method: Method,
    /// The path, not decoded.
    pub(crate) path: String,
    /// The query, not decoded.
    pub(crate) query: String,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; `None` if it is too large.
    pub(crate) body: Option<Bytes>,
    /// The address of the TCP peer. No header can change it.
    pub(crate) source_ip: IpAddr,
}
