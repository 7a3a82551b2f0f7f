//! Waits for keys, news and signals, and shows what has become of it.

use std::io;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use ratatui::crossterm::event::{Event as TerminalEvent, KeyEvent, read};

use super::book::Tell;
use super::follow::{self, Reading, Source};
use super::input::action;
use super::model::Model;
use super::news::{News, Order};
use super::paint::Paint;
use super::state::{Effect, State};
#[cfg(unix)]
use super::suspension;
use super::terminal::Screen;
use super::view::{self, Scene};
use super::window::Window;
use crate::failure::Failure;
use crate::when::Times;

/// Events that may wait: batches of calls, of which each has some 150 KB.
const EVENT_COUNT_MAX: usize = 8;
/// Events that are taken at once before what has come of them is drawn.
const TAKE_COUNT_MAX: usize = 64;
/// What to show.
pub struct Options {
    /// The database, and which of its calls.
    pub source: Source,
    /// The window at the beginning.
    pub window: Window,
    /// How many functions at most.
    pub limit: Option<usize>,
    /// What the terminal can show.
    pub paint: Paint,
    /// How times are shown.
    pub times: Times,
    /// `kr`, and `--dir` if it was needed, for commands that are suggested.
    pub program: String,
}

/// Something happened.
enum Event {
    Key(KeyEvent),
    Resize,
    News(News),
    /// Keys can no longer be read.
    Deaf(io::Error),
    /// The process goes on after it was stopped.
    #[cfg(unix)]
    Continued,
}

/// Shows it until the user has seen enough.
pub fn run(options: Options) -> Result<(), Failure> {
    let (events, inbox) = sync_channel(EVENT_COUNT_MAX);
    let (orders, taken) = channel();
    let screen = Screen::take().map_err(Failure::Terminal)?;
    #[cfg(unix)]
    watch_stops(events.clone()).map_err(Failure::Terminal)?;
    let dir = options.source.dir.display().to_string();
    let news = events.clone();
    let tell: Tell = Box::new(move |told| news.send(Event::News(told)).is_ok());
    let reading = Reading { source: options.source, tell, orders: taken };
    spawn("follow", move || follow::run(reading))?;
    spawn("keys", move || read_keys(&events))?;
    let mut app = App {
        model: Model::default(),
        state: State::new(options.window, options.limit),
        screen,
        orders,
        paint: options.paint,
        times: options.times,
        program: options.program,
        dir,
        has_chosen: false,
        is_outdated: false,
    };
    app.order_numbers();
    app.run(&inbox)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map(|_| ()).map_err(Failure::Terminal)
}

#[cfg(unix)]
fn watch_stops(events: SyncSender<Event>) -> io::Result<()> {
    // Who no longer listens is about to end.
    suspension::watch(move || _ = events.send(Event::Continued))
}

fn read_keys(events: &SyncSender<Event>) {
    loop {
        let event = match read() {
            Ok(TerminalEvent::Key(key)) => Event::Key(key),
            Ok(TerminalEvent::Resize(..)) => Event::Resize,
            Ok(_) => continue,
            Err(error) => Event::Deaf(error),
        };
        let is_deaf = matches!(event, Event::Deaf(_));
        if events.send(event).is_err() || is_deaf {
            return;
        }
    }
}

struct App {
    model: Model,
    state: State,
    screen: Screen,
    orders: Sender<Order>,
    paint: Paint,
    times: Times,
    program: String,
    dir: String,
    /// Whether it was chosen whose numbers are kept, since the database was opened or cleared.
    has_chosen: bool,
    /// Whether the numbers of functions must be worked out anew.
    is_outdated: bool,
}

/// What has come of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing that is seen.
    Same,
    /// Something that is seen.
    Changed,
    /// It is over.
    Over,
}

impl App {
    fn run(&mut self, inbox: &Receiver<Event>) -> Result<(), Failure> {
        self.draw()?;
        // The senders live as long as the threads, of which one always waits.
        while let Ok(first) = inbox.recv() {
            let mut is_changed = false;
            let more = std::iter::from_fn(|| inbox.try_recv().ok()).take(TAKE_COUNT_MAX);
            for event in std::iter::once(first).chain(more) {
                match self.handle(event)? {
                    Outcome::Same => {}
                    Outcome::Changed => is_changed = true,
                    Outcome::Over => return Ok(()),
                }
            }
            if is_changed {
                self.draw()?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: Event) -> Result<Outcome, Failure> {
        match event {
            Event::Key(key) => return self.press(&key),
            Event::Resize => self.screen.clear().map_err(Failure::Terminal)?,
            Event::News(news) => return Ok(self.learn(news)),
            Event::Deaf(error) => return Err(Failure::Terminal(error)),
            #[cfg(unix)]
            Event::Continued => self.screen.retake().map_err(Failure::Terminal)?,
        }
        Ok(Outcome::Changed)
    }

    fn press(&mut self, key: &KeyEvent) -> Result<Outcome, Failure> {
        let Some(action) = action(key, self.state.mode()) else { return Ok(Outcome::Same) };
        match self.state.update(action, &self.model) {
            Effect::None => {}
            Effect::Quit => return Ok(Outcome::Over),
            Effect::Suspend => self.suspend().map_err(Failure::Terminal)?,
            Effect::Redraw => self.screen.clear().map_err(Failure::Terminal)?,
            Effect::Pause => self.order(Order::Pause(self.state.is_paused)),
            Effect::Count => self.order_numbers(),
            Effect::Choose if self.model.board.is_crowded() => self.order(Order::Again),
            Effect::Choose => {}
        }
        Ok(Outcome::Changed)
    }

    fn learn(&mut self, news: News) -> Outcome {
        match &news {
            News::Calls(..) => {
                self.model.take(news);
                return Outcome::Same;
            }
            News::Begin(_) => self.has_chosen = false,
            News::Again => self.model.board.choose(&self.state.pattern),
            News::Look(look) => {
                // The first ones that came have the places: now it is known who is worth them.
                if look.is_first && !self.has_chosen && self.model.board.is_crowded() {
                    self.has_chosen = true;
                    self.order(Order::Again);
                }
            }
            News::All(_) | News::One(_) | News::Failed(_) => {}
        }
        self.is_outdated |= !matches!(news, News::Again);
        self.model.take(news);
        Outcome::Changed
    }

    /// Says which numbers are wanted.
    fn order_numbers(&mut self) {
        let is_all = self.state.window == Window::All;
        if !is_all {
            self.model.forget_totals();
        }
        let one = self.state.detail.as_ref().map(|detail| detail.name.clone());
        self.order(Order::One(one));
        self.order(Order::All(is_all));
        self.is_outdated = true;
    }

    /// Asks the thread that reads; one that is gone has told why.
    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.screen.lend();
        #[cfg(unix)]
        suspension::stop();
        self.screen.retake()
    }

    fn draw(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.is_outdated) {
            self.model.count(self.state.window);
            self.state.sort(&self.model);
        }
        let area = self.screen.area();
        let room = view::room(&self.scene(), area);
        self.state.fit(&room, &self.model);
        let Self { model, state, paint, times, program, dir, screen, .. } = self;
        let scene = Scene { model, state, paint: *paint, times, program, dir };
        screen.draw(|buffer| view::draw(&scene, buffer)).map_err(Failure::Terminal)
    }

    fn scene(&self) -> Scene<'_> {
        let Self { model, state, paint, times, program, dir, .. } = self;
        Scene { model, state, paint: *paint, times, program, dir }
    }
}
