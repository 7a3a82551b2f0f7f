//! Tries every life, cut at every change with every damage, again inside recovery, and with every
//! fault at every operation; over and over with other random numbers until there is enough.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::cut::{DAMAGES, Damage};
use crate::fault::Plan;
use crate::forgetful::Forgotten;
use crate::lives::LIVES;
use crate::random::{Random, derive};
use crate::stage::{CutAt, Stage};

/// Faults change little from round to round: so many rounds pass before they come again.
const FAULT_ROUNDS: u64 = 8;
/// Of so many cuts inside a recovery one is tried, when the first cut was not a clean one.
const NESTED_SAMPLE: usize = 4;
/// Kinds of violations after which a thread stops a sweep.
const VIOLATION_COUNT_MAX: usize = 200;

/// What a sweep is to do.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// From which all random numbers follow.
    pub seed: u64,
    /// Crash images to make at least, in whole rounds.
    pub image_count: u64,
    /// When to stop, if there are not enough by then.
    pub time: Option<Duration>,
    /// Whether operations fail, too.
    pub has_faults: bool,
    /// A planted fault.
    pub forgotten: Option<Forgotten>,
}

/// How much was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Crash images, of whatever depth.
    pub images: u64,
    /// Those of a crash inside a recovery.
    pub nested_images: u64,
    /// Lives with a fault.
    pub faulty_lives: u64,
    /// Recoveries with a fault.
    pub faulty_recoveries: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How much was tried.
    pub counts: Counts,
    /// Whole rounds.
    pub rounds: u64,
    /// What is not as it must be, with the number of cases and the first of them.
    pub violations: BTreeMap<String, (u64, String)>,
}

/// One life at one place.
#[derive(Debug, Clone, Copy)]
enum Task {
    Cuts { life: usize, position: usize },
    Faults { life: usize, op: usize },
}

#[derive(Debug)]
struct Sweep {
    order: Order,
    until: Option<Instant>,
    stages: Vec<Stage>,
    is_over: AtomicBool,
}

/// Sweeps over all lives.
#[must_use]
pub fn sweep(order: Order) -> Report {
    let mut report = Report::default();
    let until = order.time.map(|time| Instant::now() + time);
    let mut stages = Vec::new();
    for life in LIVES {
        let case = Case { seed: order.seed, round: 0, life, plan: None, cuts: Vec::new() };
        match Stage::live(life, None, order.forgotten) {
            Ok(stage) => stages.push(stage),
            Err(wrong) => report.add(&wrong, &case),
        }
    }
    if stages.len() < LIVES.len() {
        return report;
    }
    let sweep = Sweep { order, until, stages, is_over: AtomicBool::new(false) };
    while report.counts.images < order.image_count && !sweep.is_over.load(Ordering::Relaxed) {
        sweep.round(&mut report);
        report.rounds += u64::from(!sweep.is_over.load(Ordering::Relaxed));
        if report.violations.values().map(|(count, _)| count).sum::<u64>() > 0 {
            break;
        }
    }
    report
}

impl Sweep {
    fn round(&self, report: &mut Report) {
        let (tasks, next) = (self.tasks(report.rounds), AtomicUsize::new(0));
        let round = report.rounds;
        let whole = Mutex::new(std::mem::take(report));
        // One is enough to show that a planted fault is found.
        let limit = if self.order.forgotten.is_some() { 1 } else { VIOLATION_COUNT_MAX };
        let work = || {
            let mut part = Report::default();
            while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.try_task(*task, round, &mut part);
                let is_late = self.until.is_some_and(|until| Instant::now() > until);
                if is_late || part.violations.len() >= limit {
                    self.is_over.store(true, Ordering::Relaxed);
                }
                if self.is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            whole.lock().unwrap_or_else(PoisonError::into_inner).merge(part);
        };
        let core_count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        thread::scope(|scope| {
            for _ in 0..core_count {
                scope.spawn(work);
            }
        });
        *report = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
    }

    fn tasks(&self, round: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        let mut random = Random::new(derive(self.order.seed, round));
        for (life, stage) in self.stages.iter().enumerate() {
            let mut is_tried = |_: &usize| random.one_in(LIVES[life].sample);
            let positions = (0..stage.recording.position_count()).filter(&mut is_tried);
            tasks.extend(positions.map(|position| Task::Cuts { life, position }));
            if round.is_multiple_of(FAULT_ROUNDS) && self.order.has_faults {
                let ops = (0..stage.ops.len()).filter(&mut is_tried);
                tasks.extend(ops.map(|op| Task::Faults { life, op }));
            }
        }
        // A sweep that ends early has tried something of everything.
        for index in (1..tasks.len()).rev() {
            tasks.swap(index, random.below(index + 1));
        }
        tasks
    }

    fn try_task(&self, task: Task, round: u64, part: &mut Report) {
        let case = |life: usize| {
            let (seed, life) = (self.order.seed, &LIVES[life]);
            Case { seed, round, life, plan: None, cuts: Vec::new() }
        };
        match task {
            Task::Cuts { life, position } => {
                let stage = &self.stages[life];
                for (_, damage) in DAMAGES {
                    // What is cleanly cut is the same in every round.
                    if round == 0 || damage != Damage::Clean {
                        let cut = CutAt { position, damage, plan: None };
                        let case = case(life).and(cut);
                        let recovered = part.try_cut(stage, &case, round);
                        if let (Some(recovered), true) = (recovered, self.order.has_faults) {
                            part.try_faulty_recoveries(stage, &recovered, &case, round);
                        }
                    }
                }
            }
            Task::Faults { life, op } => {
                let plans = Plan::all_at(op as u64, self.stages[life].ops[op]);
                for plan in plans {
                    part.try_fault(&Case { plan: Some(plan), ..case(life) });
                }
            }
        }
    }
}

impl Report {
    fn add(&mut self, wrong: &str, case: &Case) {
        let kind: String =
            wrong.chars().map(|char| if char.is_ascii_digit() { '#' } else { char }).collect();
        let first = || (0, format!("{wrong}\n  replay: {case}"));
        self.violations.entry(kind).or_insert_with(first).0 += 1;
    }

    fn merge(&mut self, part: Self) {
        self.counts.images += part.counts.images;
        self.counts.nested_images += part.counts.nested_images;
        self.counts.faulty_lives += part.counts.faulty_lives;
        self.counts.faulty_recoveries += part.counts.faulty_recoveries;
        for (kind, (count, first)) in part.violations {
            self.violations.entry(kind).or_insert((0, first)).0 += count;
        }
    }

    /// Makes the last cut of a case, in the stage that its others lead to.
    fn cut(&mut self, stage: &Stage, case: &Case) -> Option<Stage> {
        let cut = case.cuts.last()?;
        self.counts.images += 1;
        self.counts.nested_images += u64::from(case.cuts.len() > 1);
        let result = guarded(|| stage.cut(cut, &mut case.random(case.cuts.len())));
        result.map_err(|wrong| self.add(&wrong, case)).ok()
    }

    /// Makes a cut, and others in the recovery after it: in the first round at each of its changes
    /// when the cut was clean, else at some.
    fn try_cut(&mut self, stage: &Stage, case: &Case, round: u64) -> Option<Stage> {
        let recovered = self.cut(stage, case)?;
        let mut random = Random::new(derive(round, case.random(case.cuts.len()).next()));
        let damage = |random: &mut Random| DAMAGES[random.below(DAMAGES.len())].1;
        let positions = recovered.recording.position_count();
        let nested: Vec<usize> = match round {
            0 if case.life.sample == 1 => {
                let is_clean = case.cuts.last().is_some_and(|cut| cut.damage == Damage::Clean);
                (0..positions).filter(|_| is_clean || random.one_in(NESTED_SAMPLE)).collect()
            }
            _ if random.one_in(4) => vec![random.below(positions)],
            _ => Vec::new(),
        };
        for position in nested {
            let cut = CutAt { position, damage: damage(&mut random), plan: None };
            let case = case.and(cut);
            let again = self.cut(&recovered, &case);
            if let Some(again) = again.filter(|_| random.one_in(8)) {
                let position = random.below(again.recording.position_count());
                let cut = CutAt { position, damage: damage(&mut random), plan: None };
                self.cut(&again, &case.and(cut));
            }
        }
        Some(recovered)
    }

    /// Makes the last cut of a case again, with faults in the recovery, and a cut after that.
    fn try_faulty_recoveries(&mut self, stage: &Stage, after: &Stage, case: &Case, round: u64) {
        let seed = case.random(case.cuts.len()).next();
        let mut random = Random::new(derive(!round, seed));
        let count = if round == 0 { 4 } else { usize::from(random.one_in(4)) };
        for _ in 0..count {
            self.try_faulty_recovery(stage, after, case, &mut random);
        }
    }

    fn try_faulty_recovery(
        &mut self,
        stage: &Stage,
        recovered: &Stage,
        case: &Case,
        random: &mut Random,
    ) {
        let op = random.below(recovered.ops.len());
        let plans: Vec<Plan> = Plan::all_at(op as u64, recovered.ops[op]).collect();
        let mut case = case.clone();
        if let (Some(last), false) = (case.cuts.last_mut(), plans.is_empty()) {
            last.plan = Some(plans[random.below(plans.len())]);
        }
        self.counts.faulty_recoveries += 1;
        if let Some(stage) = self.cut(stage, &case) {
            self.cut_at_end(&stage, &case, random);
        }
    }

    /// Lives a life with a fault, then cuts it at its end and at some other places.
    fn try_fault(&mut self, case: &Case) {
        self.counts.faulty_lives += 1;
        let stage = guarded(|| Stage::live(case.life, case.plan, None));
        match stage {
            Err(wrong) => self.add(&wrong, case),
            Ok(stage) => {
                let seed = case.plan.map_or(0, |plan| plan.at);
                let mut random = Random::new(derive(seed, case.random(0).next()));
                for (_, damage) in DAMAGES {
                    let position = stage.recording.mutations.len();
                    self.cut(&stage, &case.and(CutAt { position, damage, plan: None }));
                    self.cut_at_end(&stage, case, &mut random);
                }
            }
        }
    }

    /// Cuts anywhere in the second half, which is where what went wrong shows.
    fn cut_at_end(&mut self, stage: &Stage, case: &Case, random: &mut Random) {
        let half = stage.recording.position_count() / 2;
        let position = half + random.below(stage.recording.position_count() - half);
        let damage = DAMAGES[random.below(DAMAGES.len())].1;
        self.cut(stage, &case.and(CutAt { position, damage, plan: None }));
    }
}

/// A panic is a violation like others.
fn guarded<T>(tried: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(tried)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}
