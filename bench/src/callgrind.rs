//! Instruction counts by Valgrind's Callgrind. Unlike times they repeat, on any machine with the same instruction set.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;
use crate::fault::FaultKind;
use crate::process::Process;
use crate::runtime_api::RuntimeApi;
use crate::stack::Stack;
use crate::targets::Target;

/// Time for a program to start under Valgrind.
const INIT_TIMEOUT: Duration = Duration::from_secs(120);
/// Time until each reply of a service. A program under Valgrind then always waits for it, however busy the machine is.
const REPLY_DELAY: Duration = Duration::from_millis(5);

const MAX_ATTEMPTS: u32 = 6;

const VALGRIND: [&str; 3] = ["/usr/bin/valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];

/// Instructions of one of `times` runs of a case by this program, without those of its start.
///
/// # Errors
/// When Valgrind is not installed, or the case fails.
pub fn count_case(name: &str, times: u64) -> Result<u64, Error> {
    let total = |times: u64| -> Result<u64, Error> {
        let program = std::env::current_exe()?;
        let [valgrind, arguments @ ..] = VALGRIND;
        let mut command = Command::new(valgrind);
        command.args(arguments).arg(program).args(["case", name, &times.to_string()]).env_clear();
        let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{valgrind}: {error}"))?;
        collected(&String::from_utf8_lossy(&output.stderr))
    };
    Ok((total(2 * times)? - total(times)?) / times)
}

/// Instructions of one of `times` warm requests, with the work after the answer.
///
/// Valgrind makes a program so slow that it may miss a deadline on a busy machine, connect again or refresh a cache. The
/// count is then repeated.
///
/// # Errors
/// When Valgrind is not installed, or the program fails.
pub fn count_requests(stack: &Stack, target: &Target, times: u32) -> Result<u64, Error> {
    let mut result = count_requests_once(stack, target, times);
    for _ in 1..MAX_ATTEMPTS {
        if result.is_ok() {
            break;
        }
        result = count_requests_once(stack, target, times);
    }
    result
}

fn count_requests_once(stack: &Stack, target: &Target, times: u32) -> Result<u64, Error> {
    // The first requests fill caches. The authorizer writes the number of a token's requests whenever it reaches a power
    // of two, so there is none between the two runs.
    let first = 2 * times.next_power_of_two() + 1;
    let fewer = run_requests(stack, target, first)?;
    let more = run_requests(stack, target, first + times)?;
    if fewer.connections != more.connections || !more.calls.abs_diff(fewer.calls).is_multiple_of(times) {
        return Err("the program called DynamoDB more often than its requests need; is the machine busy?".into());
    }
    Ok((more.instructions - fewer.instructions) / u64::from(times))
}

/// Instructions of a run, calls of DynamoDB and connections to it.
struct RequestsRun {
    instructions: u64,
    calls: u32,
    connections: u32,
}

fn run_requests(stack: &Stack, target: &Target, times: u32) -> Result<RequestsRun, Error> {
    let faults = &stack.dynamodb.faults;
    faults.set(1, FaultKind::Delay(REPLY_DELAY));
    let connections = stack.dynamodb.connections();
    let api = RuntimeApi::start(REPLY_DELAY)?;
    let log = tempfile::NamedTempFile::new()?;
    let mut program: Vec<String> = VALGRIND.map(str::to_owned).to_vec();
    program.push(format!("--log-file={}", log.path().display()));
    program.extend(target.program.iter().cloned());
    let mut process = Process::start(&program, &stack.environment(api.address, &target.environment))?;
    api.wait_until_idle(INIT_TIMEOUT)?;
    for answer in api.invoke(&target.event, usize::try_from(times)?)? {
        target.check(&answer.body)?;
    }
    let (calls, connections) = (faults.replies(), stack.dynamodb.connections() - connections);
    process.terminate()?;
    Ok(RequestsRun { instructions: collected(&fs::read_to_string(log.path())?)?, calls, connections })
}

/// The number of instructions in Callgrind's summary: `Collected : 12345`.
fn collected(summary: &str) -> Result<u64, Error> {
    let number = summary.lines().find_map(|line| line.split_once("Collected : "));
    let number = number.and_then(|(_, number)| number.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("no instruction count in Valgrind's output: {summary}")).into())
}
