//! Durations stay within the stated error, and a clock that jumps is noticed.

use super::*;

/// A processor of 2.5 GHz with a system clock beside it.
struct Machine {
    ticks: f64,
    monotonic_ns: f64,
    realtime_ns: f64,
    ticks_per_ns: f64,
}

impl Machine {
    fn new() -> Self {
        Self { ticks: 7e15, monotonic_ns: 3e12, realtime_ns: 1.8e18, ticks_per_ns: 2.5 }
    }

    fn run(&mut self, ns: f64) {
        self.ticks += ns * self.ticks_per_ns;
        self.monotonic_ns += ns;
        self.realtime_ns += ns;
    }

    /// The counter and the wall clock go on, the monotonic clock does not.
    fn suspend(&mut self, ns: f64) {
        self.ticks += ns * self.ticks_per_ns;
        self.realtime_ns += ns;
    }

    fn tick(&self) -> u64 {
        format!("{:.0}", self.ticks).parse().unwrap()
    }

    /// A triple whose tick was read too late by `error_ns`.
    fn triple_off_by(&self, error_ns: f64) -> Triple {
        let tick = self.ticks + error_ns * self.ticks_per_ns;
        Triple {
            tick: format!("{tick:.0}").parse().unwrap(),
            monotonic_ns: format!("{:.0}", self.monotonic_ns).parse().unwrap(),
            realtime_ns: format!("{:.0}", self.realtime_ns).parse().unwrap(),
        }
    }

    fn triple(&self) -> Triple {
        self.triple_off_by(0.0)
    }

    fn timeline(&self) -> Timeline {
        Timeline::starting_at(ClockSource::Tsc, self.triple())
    }

    /// Observes `count` times, each after `ns`, with reading errors of up to 50 ns.
    fn drain_often(&mut self, timeline: &mut Timeline, count: u32, ns: f64) {
        for turn in 0..count {
            self.run(ns);
            let conversion =
                timeline.observe(self.triple_off_by(f64::from(turn % 5) * 25.0 - 50.0));
            assert!(measure(&conversion, self.tick()).is_some(), "turn {turn}");
        }
    }
}

/// What a millisecond that ended at a tick is taken for.
fn measure(conversion: &Conversion, end_tick: u64) -> Option<u64> {
    conversion.convert(end_tick - 2_500_000, end_tick).map(|span| span.duration_ns)
}

#[track_caller]
fn assert_within_ppm(found: Option<u64>, expected: u64, ppm: u64) {
    let found = found.expect("not lost");
    assert!(found.abs_diff(expected) * 1_000_000 <= ppm * expected, "{found}, not {expected}");
}

#[test]
fn a_short_first_window_is_rough_and_a_second_is_exact() {
    // Promise: durations are within 10 ppm after the first second.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.run(300_000.0);
    let first = timeline.observe(machine.triple_off_by(60.0));
    assert_within_ppm(measure(&first, machine.tick()), 1_000_000, 250);

    machine.drain_often(&mut timeline, 2_000, 500_000.0);
    let later = timeline.observe(machine.triple_off_by(-60.0));
    assert_within_ppm(measure(&later, machine.tick()), 1_000_000, 1);
}

#[test]
fn short_drains_with_reading_errors_show_no_jump() {
    // Promise: a preempted reading of the clocks costs no row.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 400_000, 500_000.0);
    assert!(timeline.window.len() <= 62, "{}", timeline.window.len());
}

#[test]
fn the_end_is_placed_in_real_time() {
    // Promise: ends are within 1 ms of the system clock.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.run(2e9);
    let end_tick = machine.tick();
    let end_ns = machine.triple().realtime_ns;
    machine.run(1e9);
    let conversion = timeline.observe(machine.triple());
    let span = conversion.convert(end_tick - 25, end_tick).unwrap();
    assert!(span.end_ns.abs_diff(end_ns) < 1_000, "{}", span.end_ns - end_ns);
    assert_eq!(span.duration_ns, 10);

    machine.run(1e6);
    let ahead = conversion.convert(end_tick, machine.tick()).unwrap();
    assert!(ahead.end_ns.abs_diff(machine.triple().realtime_ns) < 1_000);
}

#[test]
fn a_suspend_costs_its_own_batch_and_calls_across_it() {
    // Promise: times across a suspend are lost and counted, not wrong.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 1_000, 1_500_000.0);
    let before = machine.tick();
    machine.run(200_000.0);
    machine.suspend(5e9);
    machine.run(300_000.0);
    let hit = timeline.observe(machine.triple());
    assert_eq!(measure(&hit, before), None);
    assert_eq!(measure(&hit, machine.tick()), None);

    machine.run(10_000_000.0);
    let next = timeline.observe(machine.triple_off_by(50.0));
    assert_eq!(next.convert(before, machine.tick()), None, "it began before the suspend");
    assert_within_ppm(measure(&next, machine.tick()), 1_000_000, 10);
    machine.drain_often(&mut timeline, 1_000, 1_500_000.0);
}

#[test]
fn a_suspend_while_parked_is_noticed_after_the_silence() {
    // Promise: the same when nothing was drained meanwhile.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 100, 20_000_000.0);
    machine.run(600e9);
    machine.suspend(60e9);
    let conversion = timeline.observe(machine.triple());
    assert_eq!(measure(&conversion, machine.tick()), None);
}

#[test]
fn a_move_to_a_faster_machine_gives_a_new_rate() {
    // Promise: after a migration times are right again.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 200, 20_000_000.0);
    machine.ticks_per_ns = 3.0;
    machine.run(20_000_000.0);
    let hit = timeline.observe(machine.triple());
    assert_eq!(measure(&hit, machine.tick()), None);

    machine.run(20_000_000.0);
    let tick = machine.tick();
    let next = timeline.observe(machine.triple());
    assert_within_ppm(
        next.convert(tick - 3_000_000, tick).map(|span| span.duration_ns),
        1_000_000,
        10,
    );
}

#[test]
fn a_counter_that_starts_again_costs_its_own_batch() {
    // Promise: a counter that restarts gives no wrong times.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 200, 20_000_000.0);
    let before = machine.tick();
    machine.ticks = 1e9;
    machine.run(1_000_000.0);
    let hit = timeline.observe(machine.triple());
    assert_eq!(measure(&hit, machine.tick()), None);
    assert_eq!(hit.convert(before, machine.tick()), None);
    machine.drain_often(&mut timeline, 200, 20_000_000.0);
}

#[test]
fn drift_within_the_kernel_s_slew_is_followed() {
    // Promise: a clock that NTP slews is followed.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 2_000, 50_000_000.0);
    machine.ticks_per_ns = 2.5 * 1.000_5;
    machine.drain_often(&mut timeline, 2_000, 50_000_000.0);
    let conversion = timeline.observe(machine.triple());
    let tick = machine.tick();
    let span = conversion.convert(tick - 2_501_250, tick);
    assert_within_ppm(span.map(|span| span.duration_ns), 1_000_000, 1);
}

#[test]
fn a_good_rate_outlives_a_silence_with_a_nap_in_it() {
    // Promise: a pause does not spoil the rate.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 100, 20_000_000.0);
    machine.run(3_600e9);
    machine.suspend(2e9);
    let conversion = timeline.observe(machine.triple());
    assert_within_ppm(measure(&conversion, machine.tick()), 1_000_000, 1);
    machine.drain_often(&mut timeline, 1_000, 5_000_000.0);
    let conversion = timeline.observe(machine.triple());
    assert_within_ppm(measure(&conversion, machine.tick()), 1_000_000, 1);
}

#[test]
fn a_stepped_system_clock_moves_ends_and_no_duration() {
    // Promise: a step of the wall clock changes no duration.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 100, 20_000_000.0);
    machine.realtime_ns -= 3_600e9;
    machine.run(20_000_000.0);
    let conversion = timeline.observe(machine.triple());
    let tick = machine.tick();
    let span = conversion.convert(tick - 2_500_000, tick).unwrap();
    assert_within_ppm(Some(span.duration_ns), 1_000_000, 1);
    assert!(span.end_ns.abs_diff(machine.triple().realtime_ns) < 1_000);
}

#[test]
fn a_triple_read_before_the_last_one_changes_nothing() {
    // Promise: drains on several threads do not disturb the clock.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.drain_often(&mut timeline, 100, 20_000_000.0);
    let late = machine.triple();
    machine.run(50_000_000.0);
    timeline.observe(machine.triple());
    let known = timeline.last_triples();
    let conversion = timeline.observe(late);
    assert_eq!(timeline.last_triples(), known);
    assert_within_ppm(measure(&conversion, machine.tick()), 1_000_000, 1);
}

#[test]
fn an_end_before_its_start_or_far_ahead_is_lost() {
    // Promise: an end before its start is counted as lost, not stored as 0.
    let mut machine = Machine::new();
    let mut timeline = machine.timeline();
    machine.run(1e9);
    let conversion = timeline.observe(machine.triple());
    let tick = machine.tick();
    assert_eq!(conversion.convert(tick, tick - 1), None);
    assert_eq!(conversion.convert(tick, tick).map(|span| span.duration_ns), Some(0));
    machine.run(11e9);
    assert_eq!(conversion.convert(tick, machine.tick()), None);
    assert_eq!(conversion.convert(0, u64::MAX), None);
}

#[test]
fn nanoseconds_of_the_system_stay_as_they_are() {
    // Promise: with KRONICLER_CLOCK=os durations are exact.
    let first = Triple { tick: 1_000, monotonic_ns: 1_000, realtime_ns: 5_000_000 };
    let mut timeline = Timeline::starting_at(ClockSource::Os, first);
    let now = Triple { tick: 2_000, monotonic_ns: 2_000, realtime_ns: 5_001_000 };
    let conversion = timeline.observe(now);
    let span = conversion.convert(17, 1_234).unwrap();
    assert_eq!(span, Span { end_ns: 5_000_234, duration_ns: 1_217 });
    assert_eq!(timeline.last_triples(), [first, now]);
}

#[test]
fn the_clock_of_this_machine_is_followed_from_the_first_drain() {
    // Promise: it holds on a real clock.
    let source = ClockSource::choose(None).unwrap();
    let mut timeline = Timeline::new(source);
    let start = source.now();
    let end = source.now();
    let conversion = timeline.observe(Triple::read(source));
    let span = conversion.convert(start, end).unwrap();
    assert!(span.end_ns.abs_diff(os_clock::realtime_ns()) < 1_000_000_000);
    assert!(timeline.last_triples()[1].tick >= end);
}
