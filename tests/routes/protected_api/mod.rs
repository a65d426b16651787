//! The authorizer, in front of a protected API: `/demo`, which answers what it was asked
//! and by whom.

mod access;
mod addresses;
mod caching;
mod credentials;
mod paths;
mod raw_header_bytes;
