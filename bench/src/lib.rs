//! Benchmarks of the Lambda functions: cold start, latency, CPU time, memory and instructions, each beside other
//! programs that do the same work on the same machine in the same run. `docs/performance.md` has the results.
//!
//! | module | contents |
//! | --- | --- |
//! | `http1` | HTTP/1.1 messages |
//! | `tls` | a TLS server on loopback |
//! | `runtime_api` | Lambda's Runtime API and Extensions API |
//! | `fault`, `dynamodb` | a stand-in for DynamoDB, and its faults |
//! | `seed`, `events` | the data that the functions find, and the events that they get |
//! | `provider` | an OpenID Connect provider |
//! | `stack` | what a function needs: services and environment |
//! | `process`, `cgroup` | a function's process, and Lambda's CPU share |
//! | `targets` | the programs that are compared |
//! | `measure` | one run of a program |
//! | `cases`, `callgrind` | parts of a decision, and instruction counts |
//! | `commands` | the commands of `portcullis-bench` |
//! | `report`, `markdown_table`, `chart` | the results as a table, JSON and a picture |

pub mod callgrind;
pub mod cases;
pub mod cgroup;
pub mod chart;
pub mod commands;
pub mod dynamodb;
pub mod events;
pub mod fault;
pub mod http1;
pub mod markdown_table;
pub mod measure;
pub mod process;
pub mod provider;
pub mod report;
pub mod runtime_api;
pub mod seed;
pub mod stack;
pub mod targets;
pub mod tls;

/// Any error; each says what failed.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
