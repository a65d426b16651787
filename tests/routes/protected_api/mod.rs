//! The authorizer in front of a protected API: `/demo`, which echoes the request and the principal.

mod access;
mod addresses;
mod caching;
mod credentials;
mod paths;
mod raw_header_bytes;
