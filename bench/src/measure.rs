//! One run of a program: a process from its start to its last answer.

use std::time::Duration;

use crate::Error;
use crate::cgroup::CpuShare;
use crate::process::Process;
use crate::runtime_api::{Answer, RuntimeApi};
use crate::stack::Stack;
use crate::targets::Target;

/// Time for a program to start.
const INIT_TIMEOUT: Duration = Duration::from_secs(30);

/// What one process took.
#[derive(Clone, Debug)]
pub struct Run {
    /// From its start to the request for the first event.
    pub init: Duration,
    /// From its start to the first answer.
    pub cold: Duration,
    /// From the first event to its answer.
    pub first: Duration,
    /// CPU time until it asks for the second event.
    pub cold_cpu: Duration,
    /// Peak memory, in KiB.
    pub peak_memory: u64,
    /// The requests after the first.
    pub warm: Option<Warm>,
}

/// The requests after the first.
#[derive(Clone, Debug)]
pub struct Warm {
    /// From each event to its answer, sorted.
    pub latencies: Vec<Duration>,
    /// CPU time per request, with the work after the answer.
    pub cpu: Duration,
}

impl Warm {
    /// The latency that this share of the requests does not exceed.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let at = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(at).copied().unwrap_or_default()
    }
}

/// Starts a program and sends it its first event, and then `warm` more. With a CPU share, the program is limited once
/// it asks for the first event, as Lambda does.
///
/// # Errors
/// When the program fails, or gives another answer than expected.
pub fn run(stack: &Stack, target: &Target, warm: usize, share: Option<f64>) -> Result<Run, Error> {
    let failed = |error: Error| Error::from(format!("{}: {error}", target.name));
    run_unnamed(stack, target, warm, share).map_err(failed)
}

fn run_unnamed(stack: &Stack, target: &Target, warm: usize, share: Option<f64>) -> Result<Run, Error> {
    let api = RuntimeApi::start(Duration::ZERO)?;
    // Dropped after the process: a group with a process cannot be removed.
    let limit: Option<CpuShare>;
    let process = Process::start(&target.program, &stack.environment(api.address, &target.environment))?;
    let idle = api.wait_until_idle(INIT_TIMEOUT)?;
    limit = share.map(|share| CpuShare::limit(process.id(), share)).transpose()?;
    let first = answers(&api, target, 1)?.pop().ok_or("no answer")?;
    let cold_cpu = process.cpu_time()?;
    let mut run = Run {
        init: idle - process.started,
        cold: first.received - process.started,
        first: first.received - first.sent,
        cold_cpu,
        peak_memory: 0,
        warm: None,
    };
    if warm > 0 {
        // Caches and branch predictors settle.
        answers(&api, target, warm.div_ceil(10))?;
        let before = process.cpu_time()?;
        let answers = answers(&api, target, warm)?;
        let cpu = (process.cpu_time()? - before) / u32::try_from(warm)?;
        let mut latencies: Vec<_> = answers.iter().map(|answer| answer.received - answer.sent).collect();
        latencies.sort_unstable();
        run.warm = Some(Warm { latencies, cpu });
    }
    run.peak_memory = process.peak_memory()?;
    drop((process, limit));
    Ok(run)
}

/// Sends events, and checks the answers: a benchmark of errors shows nothing.
fn answers(api: &RuntimeApi, target: &Target, times: usize) -> Result<Vec<Answer>, Error> {
    let answers = api.invoke(&target.event, times)?;
    if answers.len() != times {
        return Err(format!("{times} events had {} answers", answers.len()).into());
    }
    for answer in &answers {
        target.check(&answer.body)?;
    }
    Ok(answers)
}
