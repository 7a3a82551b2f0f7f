//! A life, or a recovery after a cut: what was recorded of it and what must hold after a cut in it.

use std::path::Path;
use std::sync::Arc;

use kronicler_store::Storage;

use crate::cut::Damage;
use crate::epoch::When;
use crate::fault::{Op, Plan};
use crate::forgetful::{Forgetful, Forgotten};
use crate::image::Image;
use crate::life::Life;
use crate::model::Model;
use crate::process::root;
use crate::random::Random;
use crate::reading::read_all;
use crate::recording::Recording;
use crate::rows::Pid;
use crate::sim_disk::SimDisk;
use crate::world::{Step, World};

/// A life, or a recovery, that has been lived to its end.
#[derive(Debug)]
pub struct Stage {
    /// What changed on the disk.
    pub recording: Recording,
    /// All operations.
    pub ops: Vec<Op>,
    model: Model,
    /// Whether more happened than a crash, so that a reader may say that something is missing.
    may_be_partial: bool,
}

/// A cut, and what comes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutAt {
    /// How many changes were made when power went.
    pub position: usize,
    /// What it left.
    pub damage: Damage,
    /// What goes wrong in the recovery.
    pub plan: Option<Plan>,
}

impl Stage {
    /// Lives a life on an empty disk.
    ///
    /// # Errors
    /// What went wrong while the machine was running.
    pub fn live(
        life: &Life,
        plan: Option<Plan>,
        forgotten: Option<Forgotten>,
    ) -> Result<Self, String> {
        let mut image = Image::default();
        image.entries.insert(Path::new("/app").into(), None);
        let disk = SimDisk::new(&image);
        let storage: Arc<dyn Storage> = match forgotten {
            Some(forgotten) => Arc::new(Forgetful::new(disk.clone(), forgotten)),
            None => Arc::new(disk.clone()),
        };
        Self::run(disk, storage, Model::default(), plan, plan.is_some(), life.steps)
    }

    /// Cuts the power, then reads, recovers, writes and reads again on what is left.
    ///
    /// # Errors
    /// What is not as it must be.
    pub fn cut(&self, cut: &CutAt, random: &mut Random) -> Result<Self, String> {
        let image = self.recording.cut(cut.position).image(cut.damage, random);
        let is_crash = matches!(cut.damage, Damage::Clean | Damage::Torn);
        self.recover(&image, cut, self.may_be_partial || !is_crash)
    }

    fn recover(&self, image: &Image, cut: &CutAt, may_be_partial: bool) -> Result<Self, String> {
        let disk = SimDisk::new(image);
        let storage: Arc<dyn Storage> = Arc::new(disk.clone());
        let found = read_all(&storage, &root())?;
        if disk.position() > 0 {
            return Err("a reader has written".into());
        }
        if found.is_partial && !may_be_partial {
            return Err("a mere crash reads as damage".into());
        }
        let lanes = self.model.lanes().chain(found.lanes.keys().copied());
        for lane in lanes {
            let found = found.lanes.get(&lane).cloned().unwrap_or_default();
            self.model.judge(lane, When::CutAt(cut.position), &found)?;
        }
        let count = self.model.lanes().count().max(1);
        let model = self.model.inheriting(&found.lanes);
        // A second torn tail behind the first is not told from damage until the next run begins.
        Self::run(disk, storage, model, cut.plan, true, &recovery(count))
    }

    fn run(
        disk: SimDisk,
        storage: Arc<dyn Storage>,
        model: Model,
        plan: Option<Plan>,
        may_be_partial: bool,
        steps: &[Step],
    ) -> Result<Self, String> {
        disk.plan(plan);
        let mut world = World::new(disk.clone(), storage, model);
        world.live(steps);
        if plan.is_some() {
            // The disk is well again, and new processes go on where the others were stopped.
            disk.plan(None);
            world.live(&AFTERWARDS);
        }
        let (recording, ops) = (disk.recording(), disk.ops());
        Ok(Self { recording, ops, model: world.into_model()?, may_be_partial })
    }
}

/// A process of its own for each lane.
fn recovery(lane_count: usize) -> Vec<Step> {
    let pids: Vec<Pid> = (1..).take(lane_count).collect();
    let each = |steps: &'static [fn(Pid) -> Step]| {
        pids.iter().flat_map(move |&pid| steps.iter().map(move |step| step(pid)))
    };
    let mut all: Vec<Step> = each(&[Step::Open]).collect();
    all.extend(each(&[|pid| Step::Append(pid, 3), Step::Sync, |pid| Step::Append(pid, 2)]));
    all.push(Step::Read);
    all.extend(each(&[Step::Seal, Step::Close]));
    all.extend([Step::Open(1), Step::Append(1, 1), Step::Merge(1), Step::Read]);
    all.extend([Step::Rotate(1), Step::Expire(1, 1), Step::Read, Step::Exit(1)]);
    all
}

const AFTERWARDS: [Step; 13] = [
    Step::Unlimit,
    Step::Read,
    Step::ExitAll,
    Step::Open(1),
    Step::Append(1, 4),
    Step::Sync(1),
    Step::Read,
    Step::Append(1, 2),
    Step::Seal(1),
    Step::Expire(1, 1),
    Step::Read,
    Step::Close(1),
    Step::Read,
];
