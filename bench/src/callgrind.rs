//! Instruction counts by Valgrind's Callgrind. Unlike times they repeat, on any machine with the same instruction set.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;
use crate::process::Process;
use crate::runtime_api::RuntimeApi;
use crate::stack::Stack;
use crate::targets::Target;

/// Time for a program to start under Valgrind.
const INIT_TIMEOUT: Duration = Duration::from_secs(120);
/// Time until each reply of a service. A program under Valgrind then always waits for it, however busy the machine is.
const REPLY_DELAY: Duration = Duration::from_millis(5);

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
/// # Errors
/// When Valgrind is not installed, or the program fails.
pub fn count_requests(stack: &Stack, target: &Target, times: u64) -> Result<u64, Error> {
    stack.dynamodb.faults.set(1, crate::fault::FaultKind::Delay(REPLY_DELAY));
    let total = |times: u64| -> Result<u64, Error> {
        let api = RuntimeApi::start(REPLY_DELAY)?;
        let log = tempfile::NamedTempFile::new()?;
        let mut program: Vec<String> = VALGRIND.map(str::to_owned).to_vec();
        program.push(format!("--log-file={}", log.path().display()));
        program.extend(target.program.iter().cloned());
        let mut process = Process::start(&program, &stack.environment(api.address))?;
        api.wait_until_idle(INIT_TIMEOUT)?;
        for answer in api.invoke(&target.event, usize::try_from(times)?)? {
            target.check(&answer.body)?;
        }
        process.terminate()?;
        collected(&fs::read_to_string(log.path())?)
    };
    // The first ones also fill caches.
    let warm_up = times / 4 + 1;
    Ok((total(warm_up + 2 * times)? - total(warm_up + times)?) / times)
}

/// The number of instructions in Callgrind's summary: `Collected : 12345`.
fn collected(summary: &str) -> Result<u64, Error> {
    let number = summary.lines().find_map(|line| line.split_once("Collected : "));
    let number = number.and_then(|(_, number)| number.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| io::Error::other(format!("no instruction count in Valgrind's output: {summary}")).into())
}
