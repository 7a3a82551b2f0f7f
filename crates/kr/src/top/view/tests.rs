//! Screens of known calls, compared with how they should look, and promises that hold for any.
//!
//! After a wanted change: `KRONICLER_GOLDEN=write cargo test -p kr --bin kr top`.

use std::path::Path;
use std::{env, fs};

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::top::input::Action;
use crate::top::news::{Look, Losses, News};
use crate::top::sample::{NOW_S, calls, look, model, name};
use crate::top::window::Window;

const PLAIN: Paint = Paint { is_color: false, is_unicode: true };
const ASCII: Paint = Paint { is_color: false, is_unicode: false };

/// A state after some keys.
fn state(model: &Model, window: Window, actions: &[Action]) -> State {
    let mut state = State::new(window, None);
    state.sort(model);
    actions.iter().for_each(|action| _ = state.update(*action, model));
    state
}

/// What stands on a terminal of this size.
fn terminal(
    (width, height): (u16, u16),
    model: &Model,
    state: &mut State,
    paint: Paint,
) -> Terminal<TestBackend> {
    let times = Times::new(true);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let area = Rect::new(0, 0, width, height);
    let dir = "/srv/shop/.kronicler_data";
    let scene = Scene { model, state, paint, times: &times, program: "kr", dir };
    let room = room(&scene, area);
    state.fit(&room, model);
    let scene = Scene { model, state, paint, times: &times, program: "kr", dir };
    terminal
        .draw(|frame| {
            if let Some(position) = draw(&scene, frame.buffer_mut()) {
                frame.set_cursor_position(position);
            }
        })
        .unwrap();
    terminal
}

/// The lines of a terminal, without spaces at their ends.
fn lines(terminal: &Terminal<TestBackend>) -> Vec<String> {
    let buffer = terminal.backend().buffer();
    let line = |y| {
        let mut line = String::new();
        let mut covered = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if covered == 0 {
                line.push_str(symbol);
                covered = symbol.width().max(1);
            }
            covered -= 1;
        }
        line.trim_end().to_owned()
    };
    (0..buffer.area.height).map(line).collect()
}

fn screen(size: (u16, u16), model: &Model, state: &mut State, paint: Paint) -> Vec<String> {
    lines(&terminal(size, model, state, paint))
}

/// Compares a screen with the file that shows it.
fn compare(file: &str, lines: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/top/screens").join(file);
    let text = format!("{}\n", lines.join("\n"));
    if env::var("KRONICLER_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{file} should be\n{expected}but is\n{text}");
}

#[test]
fn the_table_looks_as_it_should() {
    // Promise: at 80x24 all columns of the table but one find room, and each number its own; wider
    // terminals show all, narrower ones leave the least important out.
    let model = model(Window::TenSeconds);
    for (size, paint, file) in [
        ((80, 24), PLAIN, "table-80x24.txt"),
        ((130, 14), PLAIN, "table-130x14.txt"),
        ((50, 10), PLAIN, "table-50x10.txt"),
        ((80, 14), ASCII, "table-ascii-80x14.txt"),
    ] {
        compare(file, &screen(size, &model, &mut state(&model, Window::TenSeconds, &[]), paint));
    }
}

#[test]
fn one_function_looks_as_it_should() {
    // Promise: a function's histogram, trends and slow calls find room at 80x24, with the command
    // that tells more of each call.
    let model = model(Window::Minute);
    let open = [Action::Move(1), Action::Open];
    for (size, paint, file) in [
        ((80, 24), PLAIN, "detail-80x24.txt"),
        ((60, 24), PLAIN, "detail-60x24.txt"),
        ((80, 20), ASCII, "detail-ascii-80x20.txt"),
    ] {
        compare(file, &screen(size, &model, &mut state(&model, Window::Minute, &open), paint));
    }
    let latest = [Action::Move(1), Action::Open, Action::Reverse];
    let found = screen((80, 24), &model, &mut state(&model, Window::Minute, &latest), PLAIN);
    assert!(found.iter().any(|line| line.contains("slow calls, latest first")), "{found:?}");
}

#[test]
fn the_list_of_keys_looks_as_it_should() {
    // Promise: all keys are told on one screen of 80x24, and can be scrolled to on a smaller one.
    let model = model(Window::TenSeconds);
    let mut help = state(&model, Window::TenSeconds, &[Action::Help]);
    compare("keys-80x24.txt", &screen((80, 24), &model, &mut help, PLAIN));
    let mut seen = Vec::new();
    for _ in 0..60 {
        seen.extend(screen((40, 8), &model, &mut help, PLAIN));
        help.update(Action::Move(1), &model);
    }
    assert!(seen.iter().any(|line| line.ends_with(" view")), "{seen:?}");
}

#[test]
fn the_first_screens_say_what_is_awaited() {
    // Promise: while there is nothing to show, the screen says why and what will change it.
    let text = |model: &Model, window, actions: &[Action]| {
        screen((80, 12), model, &mut state(model, window, actions), PLAIN).join("\n")
    };
    let mut empty = Model::default();
    assert!(text(&empty, Window::TenSeconds, &[]).contains("Reading the last 5 minutes"));
    empty.take(News::Look(Box::new(Look { lanes: 0, ..look(NOW_S) })));
    let waiting = text(&empty, Window::TenSeconds, &[]);
    assert!(
        waiting.contains("no database yet in") && waiting.contains("/srv/shop/.kronicler_data")
    );
    empty.take(News::Begin(look(NOW_S).at_ns));
    empty.take(News::Look(Box::new(look(NOW_S))));
    let idle = text(&empty, Window::TenSeconds, &[]);
    assert!(idle.contains("No calls in the last 5 minutes"), "{idle}");
    assert!(idle.contains("The last one ended 2026-01-31 12:00:00Z"), "{idle}");
    assert!(text(&empty, Window::All, &[]).contains("Reading all calls"));
    let model = model(Window::TenSeconds);
    let nothing = [Action::Filter, Action::Type('ß')];
    assert!(text(&model, Window::TenSeconds, &nothing).contains("No function matches ß"));
}

#[test]
fn what_is_wrong_is_told() {
    // Promise: an answer that lacks something says so on the screen, in words.
    let mut model = model(Window::TenSeconds);
    let text = |model: &Model| {
        let mut state = state(model, Window::TenSeconds, &[]);
        screen((260, 12), model, &mut state, PLAIN).join("\n")
    };
    let losses = Losses { dropped: 7, lost: 2, lost_at_most: 100 };
    model.take(News::Look(Box::new(look(NOW_S))));
    let paused_ns = Some((NOW_S - 60) * 1_000_000_000);
    let partial =
        Look { is_partial: true, missed: 3, losses, open_lanes: 0, paused_ns, ..look(NOW_S) };
    model.take(News::Look(Box::new(partial)));
    let told = text(&model);
    for part in [
        "captures are paused since 11:59:00Z, kr resume ends that",
        "some stored rows cannot be read, see kr health",
        "3 rows expired before they were seen",
        "7 dropped  2 to 102 lost  1 lane, 0 open",
        "shop 1.4.0 on web-1, ended",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    model.take(News::Failed("cannot read /data: permission denied".to_owned()));
    assert!(text(&model).contains("permission denied; it is tried again"));
    model.take(News::Calls(Vec::new(), vec![crate::top::ring::Call { end_ns: 5, ..calls()[0] }]));
    assert!(text(&model).contains("1 call came with times long past or to come"));
}

#[test]
fn a_crowd_is_told() {
    // Promise: with more functions than are kept the screen says so, and how to see others.
    let mut model = Model::default();
    model.take(News::Begin(look(NOW_S).at_ns));
    let names = (0..2_000).map(|index| name(&format!("f{index}"))).collect();
    let many = (0..2_000).map(|function| crate::top::ring::Call { function, ..calls()[0] });
    let many: Vec<_> =
        many.map(|call| crate::top::ring::Call { end_ns: NOW_S * 1_000_000_000, ..call }).collect();
    model.take(News::Calls(names, many));
    model.take(News::Look(Box::new(look(NOW_S + 5))));
    model.count(Window::TenSeconds);
    let text = screen((80, 24), &model, &mut state(&model, Window::TenSeconds, &[]), PLAIN);
    assert!(text[22].contains("the busiest 1,024 of 2,000 functions; / for others"), "{text:?}");
    assert!(text[1].contains("200 calls/s"), "totals are of all: {text:?}");
}

#[test]
fn it_fits_any_terminal() {
    // Promise: from 1x1 on nothing breaks, nothing a terminal would obey is drawn, and below 40x8
    // it says that this is too small.
    let model = model(Window::Minute);
    let views: [&[Action]; 5] = [
        &[],
        &[Action::Move(1), Action::Open],
        &[Action::Help],
        &[Action::Filter, Action::Type('e')],
        &[Action::Last, Action::Open, Action::Reverse, Action::Last],
    ];
    let sizes = [(1, 1), (2, 9), (9, 3), (30, 5), (39, 24), (40, 7), (40, 8), (41, 13), (71, 14)];
    for size in sizes.into_iter().chain([(72, 15), (80, 24), (133, 50), (400, 120), (65_535, 1)]) {
        for (actions, paint) in views.iter().flat_map(|view| [(view, PLAIN), (view, ASCII)]) {
            let mut state = state(&model, Window::Minute, actions);
            let text = screen(size, &model, &mut state, paint).join("\n");
            let is_bad = |char: char| char != '\n' && (char.is_control() || char == '\u{202e}');
            assert!(!text.contains(is_bad), "{text:?}");
            assert!(paint.is_unicode || text.is_ascii(), "{text}");
            let is_small = size.0 < WIDTH_MIN || size.1 < HEIGHT_MIN;
            assert_eq!(text.contains("too small"), is_small && size.0 >= 9, "{size:?} {text}");
        }
    }
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    // Promise: without colours there are none, and what is selected, failed or sorted by is seen
    // all the same; with them errors are red and calls far slower than usual yellow.
    let model = model(Window::TenSeconds);
    for is_color in [false, true] {
        let paint = Paint { is_color, is_unicode: true };
        for actions in [&[][..], &[Action::Move(1), Action::Open]] {
            let mut state = state(&model, Window::TenSeconds, actions);
            let terminal = terminal((80, 24), &model, &mut state, paint);
            let cells = &terminal.backend().buffer().content;
            let has = |color| cells.iter().any(|cell| cell.fg == color);
            assert_eq!(cells.iter().any(|cell| cell.fg != Color::Reset), is_color);
            assert_eq!(has(Color::Cyan), is_color);
            if actions.is_empty() {
                assert_eq!((has(Color::Red), has(Color::Yellow)), (is_color, is_color));
                let reversed = cells.iter().filter(|cell| cell.modifier == Modifier::REVERSED);
                assert!(reversed.count() > 60, "the selected line");
            }
        }
    }
}

#[test]
fn the_cursor_stands_behind_what_is_typed() {
    // Promise: the cursor is seen only while a pattern is typed, and where its next letter goes.
    let model = model(Window::TenSeconds);
    let mut typing =
        state(&model, Window::TenSeconds, &[Action::Filter, Action::Type('日'), Action::Type('x')]);
    let mut terminal = terminal((80, 24), &model, &mut typing, PLAIN);
    terminal.backend_mut().assert_cursor_position((5, 23));
    assert!(terminal.backend().cursor_visible());
    let mut table = state(&model, Window::TenSeconds, &[]);
    assert!(!self::terminal((80, 24), &model, &mut table, PLAIN).backend().cursor_visible());
}
