//! The directory: where it lies, how full that is, who may read it.

use kronicler_store::{Disk, Storage};

use super::{Check, Patient, lanes::last_runs_max};
use crate::units::{percent, size};

/// What writers leave to others, as docs/durability.md says.
const FREE_PARTS: u64 = 20;
const FREE_BYTES_MAX: u64 = 1 << 30;
/// Where nothing else is known: the default of `maxBytes`.
const MAX_BYTES: u64 = 1 << 30;

pub fn look(patient: &Patient<'_>) -> Vec<Check> {
    let mut checks = disk(patient);
    checks.push(limit(patient));
    checks.extend(permissions(patient));
    checks
}

fn disk(patient: &Patient<'_>) -> Vec<Check> {
    let dir = &patient.context.database.dir;
    let space = match Disk.space(dir) {
        Ok(space) => space,
        Err(error) => {
            let fact = format!("the system does not say how full it is: {error}");
            return vec![Check::warning("disk", fact, "look at its mount").about(dir.clone())];
        }
    };
    let kept = FREE_BYTES_MAX.min(space.total_bytes / FREE_PARTS);
    let fact = format!(
        "{}: {} free of {}, {} are left to others",
        file_system(dir),
        size(space.available_bytes),
        size(space.total_bytes),
        size(kept)
    );
    let free = if space.available_bytes < kept {
        let remedy = "free some: until then the oldest rows go, then calls wait and are dropped";
        Check::problem("disk", fact, remedy)
    } else if space.available_bytes < 2 * kept {
        Check::warning("disk", fact, "free some before rows have to go")
    } else {
        Check::fine("disk", fact)
    };
    let mut checks = vec![free.about(dir.clone())];
    if space.is_nfs {
        let fact = "it is NFS: processes refuse to write there and drop their calls";
        let remedy = "choose a local directory with KRONICLER_DIR or the option dir";
        checks.push(Check::problem("file system", fact, remedy).about(dir.clone()));
    }
    checks
}

#[cfg(target_os = "linux")]
fn file_system(dir: &std::path::Path) -> String {
    // Numbers of statfs(2), linux/magic.h, as text: their type differs from machine to machine.
    const KNOWN: [(&str, &str); 9] = [
        ("ef53", "ext4"),
        ("58465342", "xfs"),
        ("9123683e", "btrfs"),
        ("1021994", "tmpfs"),
        ("794c7630", "overlayfs"),
        ("6969", "nfs"),
        ("2fc12fc1", "zfs"),
        ("65735546", "fuse"),
        ("ff534d42", "cifs"),
    ];
    let Ok(found) = rustix::fs::statfs(dir) else { return "a file system".to_owned() };
    let found = format!("{:x}", found.f_type);
    let known = KNOWN.into_iter().find(|(number, _)| *number == found);
    known.map_or_else(|| format!("file system 0x{found}"), |(_, name)| name.to_owned())
}

#[cfg(not(target_os = "linux"))]
fn file_system(_dir: &std::path::Path) -> String {
    "a file system".to_owned()
}

#[expect(clippy::cast_precision_loss, reason = "a share")]
fn limit(patient: &Patient<'_>) -> Check {
    let states = || patient.snapshot.lanes.iter().map(|view| &view.state);
    let sealed: u64 =
        states().flat_map(|state| state.segments.iter()).map(|it| it.size_bytes).sum();
    let taken = sealed + states().map(|state| state.offset).sum::<u64>();
    let known = last_runs_max(patient, |run| run.max_bytes);
    let max_bytes = known.unwrap_or(MAX_BYTES);
    let whose =
        if known.is_some() { "maxBytes" } else { "by default; that of the writers is not known" };
    let history: u64 =
        states().flat_map(|state| state.histories.iter()).map(|entry| entry.size_bytes).sum();
    let fact = format!(
        "rows take {} of {} ({whose}), {}; history {} more",
        size(taken),
        size(max_bytes),
        percent(taken as f64 / max_bytes.max(1) as f64),
        size(history)
    );
    Check::fine("size", fact)
}

#[cfg(unix)]
fn permissions(patient: &Patient<'_>) -> Vec<Check> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    const WHAT: &str = "permissions";
    let dir = &patient.context.database.dir;
    let Ok(metadata) = std::fs::metadata(dir) else {
        let fact = "who may use the directory cannot be found out";
        return vec![Check::warning(WHAT, fact, "look at its mode").about(dir.clone())];
    };
    let mode = metadata.permissions().mode() & 0o777;
    let mut checks = Vec::new();
    if mode & 0o022 != 0 {
        let fact = format!("others than its owner may write into the directory (mode {mode:03o})");
        let remedy = "chmod go-w: names of functions and their times are whoever's can read them, \
                      but only the service is to write";
        checks.push(Check::warning(WHAT, fact, remedy).about(dir.clone()));
    }
    let foreign = patient.snapshot.lanes.iter().find_map(|view| {
        let path = kronicler_store::lane_dir(dir, view.lane());
        let owner = std::fs::metadata(&path).ok()?.uid();
        (owner != metadata.uid()).then_some((path, owner))
    });
    if let Some((path, owner)) = foreign {
        let fact = format!(
            "a lane belongs to user {owner}, the directory to user {}: a process of the latter \
             cannot take it",
            metadata.uid()
        );
        let remedy = "let all processes run as one user, or chown the lane";
        checks.push(Check::warning(WHAT, fact, remedy).about(path));
    }
    if checks.is_empty() {
        checks.push(Check::fine(WHAT, format!("mode {mode:03o}, all lanes of one user")));
    }
    checks
}

#[cfg(not(unix))]
fn permissions(_patient: &Patient<'_>) -> Vec<Check> {
    Vec::new()
}
