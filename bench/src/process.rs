//! A function's process on a core of its own, and what the kernel counts of it.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The harness's own core. The function gets the other.
pub const HARNESS_CORE: usize = 0;
/// The function's core.
pub const FUNCTION_CORE: usize = 1;

/// Restricts the calling thread, and the threads and processes that it starts, to one core.
///
/// # Errors
/// When the machine does not have it.
#[cfg(target_os = "linux")]
pub fn pin_to_core(core: usize) -> io::Result<()> {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(core);
    rustix::thread::sched_setaffinity(None, &cores)
        .map_err(|error| io::Error::other(format!("cannot run on core {core}: {error}; the benchmarks need two cores")))
}

/// Fails: the benchmarks need Linux.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn pin_to_core(_: usize) -> io::Result<()> {
    Err(io::Error::other("the benchmarks need Linux"))
}

/// A running function, killed on drop.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// When it was started.
    pub started: Instant,
}

impl Process {
    /// Starts a program with exactly these environment variables. Its standard output is discarded.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &[String], environment: &[(String, String)]) -> io::Result<Self> {
        let Some((name, arguments)) = program.split_first() else {
            return Err(io::Error::other("no program"));
        };
        let mut command = Command::new(name);
        command.args(arguments).env_clear().envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        pin_to_core(FUNCTION_CORE)?;
        let started = Instant::now();
        let child = command.spawn();
        pin_to_core(HARNESS_CORE)?;
        let child = child.map_err(|error| io::Error::other(format!("{name} does not start: {error}")))?;
        Ok(Self { child, started })
    }

    /// Its process ID.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// CPU time of its running threads.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.id()))? {
            // A thread may end at any time.
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its peak memory so far, in KiB.
    ///
    /// # Errors
    /// When it has ended.
    pub fn peak_memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kibibytes.ok_or_else(|| io::Error::other("the process has no VmHWM"))
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be waited for.
    #[cfg(target_os = "linux")]
    pub fn terminate(&mut self) -> io::Result<()> {
        let id = i32::try_from(self.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(id.ok_or(io::ErrorKind::NotFound)?, rustix::process::Signal::TERM)?;
        self.child.wait().map(drop)
    }

    /// Fails: the benchmarks need Linux.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(target_os = "linux"))]
    pub fn terminate(&mut self) -> io::Result<()> {
        Err(io::Error::other("the benchmarks need Linux"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Size of a file, and of its content as the zip of a deployment has it, in bytes.
///
/// # Errors
/// When it cannot be read.
pub fn sizes(file: &Path) -> io::Result<(u64, u64)> {
    let content = fs::read(file)?;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    io::copy(&mut content.as_slice(), &mut encoder)?;
    let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok((size(&content), size(&encoder.finish()?)))
}

/// The processor's name.
#[must_use]
pub fn model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    line.and_then(|line| line.split_once(": ")).map_or_else(|| "unknown".to_owned(), |(_, name)| name.to_owned())
}
