//! Lambda's CPU share: a control group with a quota of CPU time, as Lambda gives a function by its memory
//! ([1,769 MB are one vCPU](https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html)).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Period of the quota, in microseconds. Lambda's is 20 ms.
const PERIOD: f64 = 20_000.0;

const V1: &str = "/sys/fs/cgroup/cpu";
const V2: &str = "/sys/fs/cgroup";

/// A control group for one process, removed on drop.
#[derive(Debug)]
pub struct CpuShare {
    folder: PathBuf,
    is_v1: bool,
}

impl CpuShare {
    /// Puts a process into a new control group that has this share of a core.
    ///
    /// # Errors
    /// When this process may not create control groups: run as root, on a machine or container that allows it.
    pub fn limit(process: u32, share: f64) -> io::Result<Self> {
        let is_v1 = Path::new(V1).join("cpu.cfs_quota_us").exists();
        let folder = Path::new(if is_v1 { V1 } else { V2 }).join(format!("portcullis-bench-{process}"));
        fs::create_dir(&folder).map_err(|error| {
            io::Error::other(format!("the CPU share needs a control group: {}: {error}", folder.display()))
        })?;
        let group = Self { folder, is_v1 };
        group.set(share)?;
        fs::write(group.folder.join("cgroup.procs"), process.to_string())?;
        Ok(group)
    }

    fn set(&self, share: f64) -> io::Result<()> {
        let (quota, period) = (format!("{:.0}", share * PERIOD), format!("{PERIOD:.0}"));
        if self.is_v1 {
            fs::write(self.folder.join("cpu.cfs_period_us"), period)?;
            fs::write(self.folder.join("cpu.cfs_quota_us"), quota)
        } else {
            fs::write(self.folder.join("cpu.max"), format!("{quota} {period}"))
        }
    }
}

impl Drop for CpuShare {
    /// Runs once the process has ended; a group with a process cannot be removed.
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.folder));
    }
}
