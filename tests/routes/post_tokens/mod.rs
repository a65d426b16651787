//! `POST /tokens`: a new token, and the only response that shows it.

mod containment;
mod expiry;
mod grants;
mod idempotency;
mod limit;
mod refusals;
mod response;
