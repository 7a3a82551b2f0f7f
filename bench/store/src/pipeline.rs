//! Rows from a ring to segments, through the threads of a real database: what they cost these.

use std::error::Error;
use std::fs::{read_dir, read_to_string};
use std::path::Path;
use std::thread;
use std::time::Duration;

use kronicler::format::{Flags, Kind, Outcome, Record};
use kronicler::{Database, Options};

use crate::dataset::Dataset;
use crate::measure::print;

/// Rows that are made at a time, while nothing is measured.
const ROWS_PER_BLOCK: usize = 1 << 18;
/// How long the threads have to be quiet before all is sealed.
const QUIET: Duration = Duration::from_millis(500);

/// Pushes the data set into a ring as fast as it is emptied, and prints how many rows a second of
/// CPU time of the drain and disk threads takes until they are sealed.
pub fn pipeline(dataset: &Dataset, dir: &Path) -> Result<(), Box<dyn Error>> {
    let db = Database::open(Options::new(dir))?;
    let names = dataset.names();
    let sites: Vec<u32> =
        names.names().iter().map(|name| db.site(&name.name, &name.source, true)).collect();
    let flags = Flags::new(Outcome::Ok, Kind::Manual).bits();
    let mut ring = db.attach(0).ok_or("there is no ring")?;
    dataset.for_batches(ROWS_PER_BLOCK, |rows| {
        for row in rows {
            while ring.is_full() {
                thread::sleep(Duration::from_micros(50));
            }
            let (start, end) = (row.start_ns().cast_unsigned(), row.end_ns.cast_unsigned());
            ring.push(Record::new(start, end, sites[row.series as usize], flags));
        }
        Ok::<(), Box<dyn Error>>(())
    })?;
    db.flush()?;
    let mut spent = engine_cpu()?;
    // Until the disk thread has nothing left to seal or to join.
    loop {
        thread::sleep(QUIET);
        let before = std::mem::replace(&mut spent, engine_cpu()?);
        if spent - before < QUIET / 100 {
            break;
        }
    }
    let health = db.health();
    if health.stored != dataset.rows as u64 || health.counters.dropped() > 0 {
        return Err(format!("rows were lost: {health:?}").into());
    }
    ring.close();
    db.close()?;
    let rows = dataset.rows as f64;
    print("ring to sealed by CPU", "rows/s", &[rows / spent.as_secs_f64()]);
    Ok(())
}

/// CPU time of the threads that Kronicler starts.
fn engine_cpu() -> Result<Duration, Box<dyn Error>> {
    let mut nanoseconds = 0;
    for task in read_dir("/proc/self/task")? {
        let path = task?.path();
        if read_to_string(path.join("comm"))?.starts_with("kronicler-d") {
            let spent = read_to_string(path.join("schedstat"))?;
            nanoseconds += spent.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}
