//! A writer that is killed at any time.

use std::env;
use std::thread::sleep;
use std::time::{Duration, UNIX_EPOCH};

use kronicler::{Health, Reader};

use crate::check::{check_dir, wait_for};
use crate::child::Role;
use crate::content::{Content, Random};
use crate::place::say;

/// Small enough that rows are sealed, joined, moved to a new head and expire all the time.
const MAX_BYTES: u64 = 1 << 20;

#[test]
fn a_killed_writer_loses_nothing_that_was_flushed() {
    // Promise: after SIGKILL at any time each flushed row is there or has expired in order, none
    // twice, none wrong; ids go on, and nothing is wrong with the files.
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kill_count = number("KRONICLER_KILLS").unwrap_or(30);
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let seed = number("KRONICLER_SEED").unwrap_or(now);
    say(&format!("KRONICLER_KILLS={kill_count} KRONICLER_SEED={seed}"));
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let content = Content::now(1);
    let mut random = Random::new(seed);
    let (mut acknowledged, mut expired) = (0, 0);
    for kill in 0..kill_count {
        let seed = random.below(u64::MAX);
        let (name, content) = ("writer", content.clone());
        let role = Role { name, dir: dir.clone(), content, limit: MAX_BYTES, seed };
        let mut writer = role.start();
        // Some die while they open and recover.
        if random.below(8) > 0 {
            wait_for("the first rows", || writer.last_number());
        }
        sleep(Duration::from_millis(random.below(300)));
        writer.kill();
        acknowledged = writer.last_number().unwrap_or(acknowledged).max(acknowledged);
        if Reader::open(&dir).is_err() {
            assert_eq!(acknowledged, 0, "kill {kill} of seed {seed}");
            continue;
        }
        let held = check_dir(&dir, &role.content, true);
        assert!(held.stored >= acknowledged, "kill {kill}: {held:?} of {acknowledged}");
        assert!(held.expired >= expired, "kill {kill}: {held:?}");
        expired = held.expired;
    }
    let snapshot = Reader::open(&dir).unwrap().snapshot().unwrap();
    let health = Health::of_snapshot(dir, &snapshot);
    say(&format!("{acknowledged} rows flushed, {health:?}"));
    assert!(health.counters.lost_at_most > 0, "that rows in memory may be lost is told");
    assert!(health.expired > 0 || kill_count < 30, "{health:?}");
}
