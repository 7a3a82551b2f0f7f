//! What is looked at, and how an action changes it.

use std::sync::Arc;

use super::column::Column;
use super::input::{Action, Mode};
use super::model::{Line, Model, SlowCall};
use super::pattern::Pattern;
use super::window::Window;

/// What is looked at.
#[derive(Debug)]
pub struct State {
    /// Over which time numbers are taken.
    pub window: Window,
    /// The column by which functions are sorted.
    pub sort: Column,
    /// Whether they are sorted the other way round.
    pub is_reversed: bool,
    /// Which trend stands in the table.
    pub trend: Trend,
    /// Which functions are shown.
    pub pattern: Pattern,
    /// The pattern before the one that is being typed.
    pub typing: Option<Pattern>,
    /// How many functions are shown at most.
    pub limit: usize,
    /// Whether it stands still.
    pub is_paused: bool,
    /// The function that is looked at.
    pub detail: Option<Detail>,
    /// How far the list of keys is scrolled, if it is shown.
    pub help: Option<usize>,
    /// The selected function; the first one until another is chosen.
    selected: Option<Arc<str>>,
    /// Indices of the lines that are shown, in their order.
    order: Vec<usize>,
    /// The first line that is in view.
    offset: usize,
    /// Lines that are in view.
    page: usize,
}

/// A trend of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// Calls a second.
    Calls,
    /// The 99th percentile.
    P99,
}

/// A function that is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its slow calls are sorted by when they ended.
    pub is_latest_first: bool,
    /// The first slow call that is in view.
    pub offset: usize,
}

/// How much room there is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Lines of the table.
    pub lines: usize,
    /// Slow calls of the function that is looked at which find no room.
    pub slow_calls_beyond: usize,
    /// Lines of the list of keys which find no room.
    pub help_beyond: usize,
}

/// What is to be done beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// To end.
    Quit,
    /// To go into the background.
    Suspend,
    /// To draw everything anew.
    Redraw,
    /// To stand still, or to go on.
    Pause,
    /// Other numbers are wanted: of another window or of another function.
    Count,
    /// Another pattern is wanted.
    Choose,
}

impl State {
    /// What is looked at when it begins.
    pub fn new(window: Window, limit: Option<usize>) -> Self {
        Self {
            window,
            sort: Column::Calls,
            is_reversed: false,
            trend: Trend::Calls,
            pattern: Pattern::default(),
            typing: None,
            limit: limit.unwrap_or(usize::MAX),
            is_paused: false,
            detail: None,
            help: None,
            selected: None,
            order: Vec::new(),
            offset: 0,
            page: 1,
        }
    }

    /// What is shown, as far as keys depend on it.
    pub const fn mode(&self) -> Mode {
        if self.help.is_some() {
            Mode::Help
        } else if self.typing.is_some() {
            Mode::Typing
        } else if self.detail.is_some() {
            Mode::Detail
        } else {
            Mode::Table
        }
    }

    /// Chooses and sorts the functions that are shown.
    pub fn sort(&mut self, model: &Model) {
        let lines = model.lines();
        self.order.clear();
        self.order.extend((0..lines.len()).filter(|&i| self.pattern.wants(&lines[i].name.name)));
        let (sort, is_reversed) = (self.sort, self.is_reversed);
        self.order.sort_by(|&left, &right| sort.compare(is_reversed, &lines[left], &lines[right]));
        self.order.truncate(self.limit);
        self.scroll(model);
    }

    /// How many functions are shown.
    pub const fn count(&self) -> usize {
        self.order.len()
    }

    /// Says how much room there is.
    pub fn fit(&mut self, room: &Room, model: &Model) {
        self.page = room.lines.max(1);
        self.scroll(model);
        if let Some(detail) = &mut self.detail {
            detail.offset = detail.offset.min(room.slow_calls_beyond);
        }
        self.help = self.help.map(|offset| offset.min(room.help_beyond));
    }

    /// The lines that are in view, each with whether it is selected.
    pub fn in_view<'a>(&self, model: &'a Model) -> impl Iterator<Item = (&'a Line, bool)> {
        let (lines, selected) = (model.lines(), self.place(model));
        let indices = self.order.iter().enumerate().skip(self.offset).take(self.page);
        indices.filter_map(move |(place, &index)| Some((lines.get(index)?, place == selected)))
    }

    /// The places of the first and the last line that is in view, counted from 1.
    pub fn places(&self) -> (usize, usize) {
        let last = self.order.len().min(self.offset + self.page);
        (self.order.len().min(self.offset + 1), last)
    }

    /// The slow calls of the function that is looked at, in their order.
    pub fn slow_calls(&self, mut calls: Vec<SlowCall>) -> Vec<SlowCall> {
        if self.detail.as_ref().is_some_and(|detail| detail.is_latest_first) {
            calls.sort_by_key(|call| std::cmp::Reverse((call.end_ns, call.id)));
        }
        calls
    }

    /// Does what a key means.
    pub fn update(&mut self, action: Action, model: &Model) -> Effect {
        match action {
            Action::Quit => return Effect::Quit,
            Action::Suspend => return Effect::Suspend,
            Action::Redraw => return Effect::Redraw,
            Action::Help => self.help = if self.help.is_some() { None } else { Some(0) },
            Action::Pause => {
                self.is_paused = !self.is_paused;
                return Effect::Pause;
            }
            Action::Longer => return self.choose_window(self.window.longer()),
            Action::Shorter => return self.choose_window(self.window.shorter()),
            Action::SortBy(column) => self.sort_by(column, self.sort == column, model),
            Action::SortStep(steps) => self.sort_by(self.sort.step(steps), false, model),
            Action::Reverse => self.reverse(model),
            Action::Trend => self.trend = self.trend.other(),
            Action::Move(steps) => self.move_by(steps, model),
            Action::Page(pages) => {
                self.move_by(pages.saturating_mul(self.page.cast_signed()), model);
            }
            Action::First => self.move_by(-isize::MAX, model),
            Action::Last => self.move_by(isize::MAX, model),
            Action::Open => return self.open(model),
            Action::Back => return self.back(model),
            Action::Filter => self.typing = Some(self.pattern.clone()),
            Action::Type(_) | Action::Erase | Action::EraseAll => self.edit(action, model),
            Action::Accept => {
                let before = self.typing.take();
                return if before.is_some_and(|before| before != self.pattern) {
                    Effect::Choose
                } else {
                    Effect::None
                };
            }
        }
        Effect::None
    }

    fn choose_window(&mut self, window: Window) -> Effect {
        if window == self.window {
            return Effect::None;
        }
        self.window = window;
        Effect::Count
    }

    fn sort_by(&mut self, column: Column, is_same: bool, model: &Model) {
        self.is_reversed = is_same && !self.is_reversed;
        self.sort = column;
        self.sort(model);
    }

    fn reverse(&mut self, model: &Model) {
        match &mut self.detail {
            Some(detail) => {
                detail.is_latest_first = !detail.is_latest_first;
                detail.offset = 0;
            }
            None => {
                self.is_reversed = !self.is_reversed;
                self.sort(model);
            }
        }
    }

    fn open(&mut self, model: &Model) -> Effect {
        let selected = self.order.get(self.place(model)).and_then(|&i| model.lines().get(i));
        let Some(line) = selected else { return Effect::None };
        let name = Arc::clone(&line.name.name);
        // It is selected from now on, wherever it moves.
        self.selected = Some(Arc::clone(&name));
        self.detail = Some(Detail { name, is_latest_first: false, offset: 0 });
        Effect::Count
    }

    /// Leaves what was opened last; the pattern goes when nothing is open.
    fn back(&mut self, model: &Model) -> Effect {
        if self.help.take().is_some() {
            return Effect::None;
        }
        if let Some(before) = self.typing.take() {
            self.pattern = before;
            self.sort(model);
            return Effect::None;
        }
        if self.detail.take().is_some() {
            return Effect::Count;
        }
        if self.pattern.is_empty() {
            return Effect::None;
        }
        self.pattern = Pattern::default();
        self.sort(model);
        Effect::Choose
    }

    fn edit(&mut self, action: Action, model: &Model) {
        let mut text = self.pattern.text().to_owned();
        match action {
            Action::Type(char) => text.push(char),
            Action::Erase => _ = text.pop(),
            _ => text.clear(),
        }
        self.pattern = Pattern::new(&text);
        self.sort(model);
    }

    fn move_by(&mut self, steps: isize, model: &Model) {
        if let Some(offset) = self.help.as_mut().or(self.detail.as_mut().map(|d| &mut d.offset)) {
            *offset = offset.saturating_add_signed(steps);
            return;
        }
        let last = self.order.len().saturating_sub(1);
        let place = self.place(model).saturating_add_signed(steps).min(last);
        let line = self.order.get(place).and_then(|&index| model.lines().get(index));
        self.selected = line.filter(|_| place > 0).map(|line| Arc::clone(&line.name.name));
        self.scroll(model);
    }

    /// The place of the selected function among those that are shown.
    fn place(&self, model: &Model) -> usize {
        let Some(selected) = &self.selected else { return 0 };
        let is_selected = |index: &usize| {
            model.lines().get(*index).is_some_and(|line| line.name.name == *selected)
        };
        self.order.iter().position(is_selected).unwrap_or(0)
    }

    /// Moves the view so that the selected function is in it.
    fn scroll(&mut self, model: &Model) {
        let place = self.place(model);
        let last = self.order.len().saturating_sub(self.page);
        self.offset = self.offset.min(last).min(place).max((place + 1).saturating_sub(self.page));
    }
}

impl Trend {
    const fn other(self) -> Self {
        match self {
            Self::Calls => Self::P99,
            Self::P99 => Self::Calls,
        }
    }
}

#[cfg(test)]
mod tests;
