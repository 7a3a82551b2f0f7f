//! One thing that is tried, as a line that replays it.

use std::fmt;

use crate::cut::DAMAGES;
use crate::fault::Plan;
use crate::life::Life;
use crate::lives::LIVES;
use crate::random::{Random, derive};
use crate::stage::{CutAt, Stage};

/// A life, what goes wrong in it, and the cuts: the second in the recovery after the first, ...
#[derive(Debug, Clone)]
pub struct Case {
    /// From which all random numbers follow.
    pub seed: u64,
    /// How often the same cuts were made before, with other numbers.
    pub round: u64,
    /// The life.
    pub life: &'static Life,
    /// What goes wrong in it.
    pub plan: Option<Plan>,
    /// The cuts.
    pub cuts: Vec<CutAt>,
}

impl Case {
    /// Tries it from the beginning, and shows each stage that holds.
    ///
    /// # Errors
    /// What is not as it must be.
    pub fn replay(&self, mut show: impl FnMut(&Stage)) -> Result<(), String> {
        let mut stage = Stage::live(self.life, self.plan, None)?;
        show(&stage);
        for (depth, cut) in self.cuts.iter().enumerate() {
            stage = stage.cut(cut, &mut self.random(depth + 1))?;
            show(&stage);
        }
        Ok(())
    }

    /// The random numbers of the cut at this depth, from 1.
    #[must_use]
    pub fn random(&self, depth: usize) -> Random {
        let cuts = self.cuts.iter().take(depth);
        Random::new(cuts.fold(derive(self.seed, self.round), |seed, cut| {
            let letter = DAMAGES.iter().position(|(_, damage)| *damage == cut.damage);
            derive(seed, (cut.position * DAMAGES.len() + letter.unwrap_or(0)) as u64)
        }))
    }

    /// The same, cut once more.
    #[must_use]
    pub fn and(&self, cut: CutAt) -> Self {
        let mut case = self.clone();
        case.cuts.push(cut);
        case
    }

    /// Reads what [`Case`] displays.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut case = Self { seed: 0, round: 0, life: &LIVES[0], plan: None, cuts: Vec::new() };
        for word in words {
            let wrong = || format!("{word:?} is no part of a replay line");
            let (key, value) = word.split_once('=').ok_or_else(wrong)?;
            match key {
                "SEED" => case.seed = value.parse().map_err(|_| wrong())?,
                "ROUND" => case.round = value.parse().map_err(|_| wrong())?,
                "LIFE" => {
                    let found = LIVES.iter().find(|life| life.name == value);
                    case.life = found.ok_or_else(|| format!("there is no life {value:?}"))?;
                }
                "FAULT" => case.plan = Some(value.parse()?),
                "CUTS" => {
                    for cut in value.split(',') {
                        case.cuts.push(parse_cut(cut).ok_or_else(wrong)??);
                    }
                }
                _ => return Err(wrong()),
            }
        }
        Ok(case)
    }
}

/// `45c`, or `45c!12:eio-once` when the recovery meets a fault.
fn parse_cut(text: &str) -> Option<Result<CutAt, String>> {
    let (cut, plan) = match text.split_once('!') {
        Some((cut, plan)) => (cut, Some(plan)),
        None => (text, None),
    };
    let (position, damage) = cut.split_at_checked(cut.len().checked_sub(1)?)?;
    let (position, damage) = (position.parse().ok()?, damage.parse().ok()?);
    let plan = plan.map(str::parse::<Plan>).transpose();
    Some(plan.map(|plan| CutAt { position, damage, plan }))
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SEED={} ROUND={} LIFE={}", self.seed, self.round, self.life.name)?;
        if let Some(plan) = &self.plan {
            write!(f, " FAULT={plan}")?;
        }
        for (index, CutAt { position, damage, plan }) in self.cuts.iter().enumerate() {
            write!(f, "{}{position}{damage}", if index == 0 { " CUTS=" } else { "," })?;
            if let Some(plan) = plan {
                write!(f, "!{plan}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_replay() {
        // Promise: the line that is printed says all there is to say.
        let line = "SEED=7 ROUND=3 LIFE=clear FAULT=9:short-once CUTS=45c!12:eio-ever,0a";
        assert_eq!(Case::parse(line.split(' ')).unwrap().to_string(), line);
        for wrong in ["SEED=x", "LIFE=nobody", "CUTS=", "CUTS=c", "CUTS=4x", "FAULT=4", "x", "X=1"]
        {
            assert!(Case::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
