//! `POST /tokens`: a new token, and the one answer that ever shows it.

mod answer;
mod containment;
mod expiry;
mod grants;
mod limit;
mod refusals;
