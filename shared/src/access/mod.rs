//! Who may do what: permissions on resources, what a request needs, and [`decide`].
//!
//! All of it is pure: a record, a request and a time go in, a [`Decision`] comes out.
//!
//! # Matching
//!
//! A permission is `resource:action`. A granted `*` half covers every value of that half,
//! and nothing but a `*` covers a `*`; `*` alone is `*:*`.
//!
//! A resource is a path-like name. Granted, it covers:
//!
//! | granted | covers | does not cover |
//! | --- | --- | --- |
//! | `app/billing` | `app/billing`, `app/billing/builds` | `app/billing2`, `app` |
//! | `app/*` | `app/billing`, `app/billing/builds` | `app` |
//! | `*` | everything | |
//!
//! Letters count as they are written: `App` is not `app`.

mod decide;
mod grant;
mod need;
mod path;
mod permission;
mod resource;

pub use decide::{Decision, Missing, Reason, decide};
pub use grant::{Grant, MOST_PERMISSIONS, MOST_RESOURCES};
pub use need::{Api, Need, Target, need};
pub use path::{MalformedPath, RequestPath};
pub use permission::Permission;
pub use resource::Resource;
