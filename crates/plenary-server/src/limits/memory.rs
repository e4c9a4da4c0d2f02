//! How much memory the process may have, and what is let go before it is all used.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU8, AtomicU64, Ordering},
};

/// What is let go just now, each with all before it. Whoever is in a room and writes is let go by none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Shedding {
    /// Nothing.
    #[default]
    Nothing = 0,
    /// New sockets that show no credential with the upgrade.
    Anonymous = 1,
    /// Everybody who wants to join a room.
    Joins = 2,
    /// Presence.
    Awareness = 3,
}

impl Shedding {
    const ALL: [Self; 4] = [Self::Nothing, Self::Anonymous, Self::Joins, Self::Awareness];

    /// From which part of the ceiling on, in percent.
    const fn reached_at_percent(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Anonymous => 80,
            Self::Joins => 90,
            Self::Awareness => 95,
        }
    }

    /// What `used_bytes` of `max_bytes` lead to.
    fn at(used_bytes: u64, max_bytes: u64) -> Self {
        let reached = |level: &Self| {
            u128::from(used_bytes) * 100 >= u128::from(max_bytes) * u128::from(level.reached_at_percent())
        };
        Self::ALL.into_iter().rfind(reached).unwrap_or_default()
    }
}

/// The ceiling, and what was last seen below it.
#[derive(Debug)]
pub(crate) struct Memory {
    max_bytes: u64,
    used_bytes: AtomicU64,
    shedding: AtomicU8,
}

impl Memory {
    /// 0 bytes: three quarters of what this machine, or the control group the process is in, has.
    pub(super) fn bounded(max_bytes: u64) -> Self {
        let max_bytes = match max_bytes {
            0 => available_bytes().map_or(u64::MAX, |bytes| bytes / 4 * 3),
            max_bytes => max_bytes,
        };
        Self { max_bytes, used_bytes: AtomicU64::new(0), shedding: AtomicU8::new(0) }
    }

    pub(super) fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    pub(super) fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn shedding(&self) -> Shedding {
        Shedding::ALL[usize::from(self.shedding.load(Ordering::Relaxed))]
    }

    pub(super) fn note(&self, used_bytes: u64) {
        self.used_bytes.store(used_bytes, Ordering::Relaxed);
        let shedding = Shedding::at(used_bytes, self.max_bytes);
        if self.shedding.swap(shedding as u8, Ordering::Relaxed) != shedding as u8 {
            let max_bytes = self.max_bytes;
            match shedding {
                Shedding::Nothing => tracing::info!(used_bytes, max_bytes, "memory is enough again"),
                shedding => tracing::warn!(?shedding, used_bytes, max_bytes, "memory runs short"),
            }
        }
    }
}

/// What the process has in memory; `None` where there is no `/proc`.
pub(crate) fn resident_bytes() -> Option<u64> {
    kibibytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

fn available_bytes() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kibibytes(&text, "MemTotal:"));
    let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    of_machine.into_iter().chain(of_groups(Path::new("/sys/fs/cgroup"), &group)).min()
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The least that the process's control group, or one above it, may have.
fn of_groups(root: &Path, group: &str) -> Option<u64> {
    // Of version 2 there is one line, `0::/system.slice/plenary.service`.
    let group = group.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let own: PathBuf = root.join(group);
    let all = own.ancestors().take_while(|folder| folder.starts_with(root));
    // Without a bound it says `max`.
    all.filter_map(|folder| fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_the_ceiling_the_more_is_let_go() {
        let at = |used| Shedding::at(used, 1_000);
        assert_eq!(
            [0, 799, 800, 899, 900, 949, 950, 5_000].map(at),
            [
                Shedding::Nothing,
                Shedding::Nothing,
                Shedding::Anonymous,
                Shedding::Anonymous,
                Shedding::Joins,
                Shedding::Joins,
                Shedding::Awareness,
                Shedding::Awareness
            ]
        );
        let memory = Memory::bounded(1_000);
        for (used, expected) in
            [(960, Shedding::Awareness), (850, Shedding::Anonymous), (10, Shedding::Nothing)]
        {
            memory.note(used);
            assert_eq!((memory.shedding(), memory.used_bytes()), (expected, used));
        }
    }

    #[test]
    fn a_ceiling_that_is_not_set_comes_from_the_machine() {
        let memory = Memory::bounded(0);
        let resident = resident_bytes().expect("there is /proc");
        assert!(memory.max_bytes() > resident && memory.max_bytes() < u64::MAX, "{}", memory.max_bytes());
        assert_eq!(kibibytes("MemTotal:       24000 kB\nMemFree: 1 kB", "MemTotal:"), Some(24_576_000));
    }

    #[test]
    fn the_least_of_the_control_groups_counts() {
        let root = std::env::temp_dir().join(format!("plenary-groups-{}", std::process::id()));
        let own = root.join("system.slice/plenary.service");
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("memory.max"), "max\n").unwrap();
        let group = "0::/system.slice/plenary.service\n";
        assert_eq!(of_groups(&root, group), None);
        fs::write(root.join("system.slice/memory.max"), "5000\n").unwrap();
        fs::write(root.join("memory.max"), "9000\n").unwrap();
        assert_eq!(of_groups(&root, group), Some(5_000));
        assert_eq!(of_groups(&root, "12:memory:/old\n"), Some(9_000));
        fs::remove_dir_all(root).unwrap();
    }
}
