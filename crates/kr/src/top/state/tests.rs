//! Keys change what is looked at as people expect.

use super::*;
use crate::top::column::COLUMNS;
use crate::top::sample::model;

const ROOM: Room = Room { lines: 3, slow_calls_beyond: 5, help_beyond: 4 };

fn start() -> (State, Model) {
    let model = model(Window::TenSeconds);
    let mut state = State::new(Window::TenSeconds, None);
    state.sort(&model);
    state.fit(&ROOM, &model);
    (state, model)
}

fn shown(state: &State, model: &Model) -> Vec<String> {
    let names = state.order.iter().map(|&index| model.lines()[index].name.name.to_string());
    names.map(|name| name.chars().take(8).collect()).collect()
}

fn selected(state: &State, model: &Model) -> String {
    let line = state.in_view(model).find(|(_, is_selected)| *is_selected);
    line.expect("the selected function is in view").0.name.name.to_string()
}

fn do_all(state: &mut State, model: &Model, actions: &[Action]) -> Vec<Effect> {
    actions.iter().map(|action| state.update(*action, model)).collect()
}

#[test]
fn functions_are_sorted_by_any_column() {
    // Promise: names upwards, numbers downwards; the same key once more turns it round.
    let (mut state, model) = start();
    let (quote, cart, query) = ("getQuote", "Cart.tot", "db.query");
    let (orders, red) = ("GET /ord", "\x1b[31mred");
    for (column, expected) in [
        (Column::Name, [red, cart, orders, query, quote]),
        (Column::Calls, [cart, quote, query, red, orders]),
        (Column::Errors, [red, query, cart, orders, quote]),
        (Column::Busy, [quote, orders, query, cart, red]),
        (Column::Median, [orders, quote, query, cart, red]),
        (Column::P99, [quote, query, orders, cart, red]),
        (Column::Max, [quote, query, orders, cart, red]),
    ] {
        state.sort = if column == Column::Name { Column::Max } else { Column::Name };
        state.update(Action::SortBy(column), &model);
        assert_eq!(shown(&state, &model), expected, "{column:?}");
        state.update(Action::SortBy(column), &model);
        assert!(state.is_reversed);
        assert_eq!(shown(&state, &model).last().unwrap(), expected[0]);
        state.update(Action::Reverse, &model);
        assert_eq!(shown(&state, &model), expected, "{column:?}");
    }
    for step in [1, -1] {
        let mut seen = vec![state.sort];
        for _ in 1..COLUMNS.len() {
            state.update(Action::SortStep(step), &model);
            assert!(!seen.contains(&state.sort) && !state.is_reversed);
            seen.push(state.sort);
        }
    }
}

#[test]
fn the_selection_stays_with_its_function() {
    // Promise: what is selected stays so, wherever it moves; at first it is the first line.
    let (mut state, model) = start();
    assert_eq!(selected(&state, &model), "Cart.total");
    state.update(Action::SortBy(Column::Max), &model);
    assert_eq!(selected(&state, &model), "getQuote", "none was chosen");
    do_all(&mut state, &model, &[Action::Move(1), Action::Move(1)]);
    assert!(selected(&state, &model).starts_with("GET /orders"));
    state.update(Action::SortBy(Column::Calls), &model);
    assert!(selected(&state, &model).starts_with("GET /orders"));
    assert_eq!(state.places(), (3, 5));
    state.update(Action::First, &model);
    assert_eq!((selected(&state, &model), state.places()), ("Cart.total".to_owned(), (1, 3)));
    state.update(Action::Page(1), &model);
    assert_eq!(state.places(), (2, 4), "a page further");
    state.update(Action::Last, &model);
    assert_eq!(state.places(), (3, 5));
}

#[test]
fn a_pattern_is_typed_kept_and_left() {
    // Promise: each letter chooses at once; Enter keeps the pattern, Esc brings back what was.
    let (mut state, model) = start();
    let letters = ['q', 'u'].map(Action::Type);
    state.update(Action::Filter, &model);
    assert_eq!(state.mode(), Mode::Typing);
    do_all(&mut state, &model, &letters);
    assert_eq!(shown(&state, &model), ["getQuote", "db.query"]);
    assert_eq!(do_all(&mut state, &model, &[Action::Type('o'), Action::Accept])[1], Effect::Choose);
    assert_eq!((state.mode(), state.count()), (Mode::Table, 1));
    do_all(&mut state, &model, &[Action::Filter, Action::EraseAll]);
    assert_eq!(state.count(), 5);
    assert_eq!(state.update(Action::Back, &model), Effect::None);
    assert_eq!((state.pattern.text(), state.count()), ("quo", 1));
    do_all(&mut state, &model, &[Action::Filter, Action::Erase]);
    assert_eq!(state.count(), 2);
    state.update(Action::Back, &model);
    assert_eq!(state.update(Action::Back, &model), Effect::Choose, "all are shown again");
    assert_eq!(state.count(), 5);
    assert_eq!(state.update(Action::Back, &model), Effect::None);
}

#[test]
fn a_function_is_opened_and_left() {
    // Promise: Enter opens what is selected, Esc goes back to it; nothing opens where there is
    // nothing.
    let (mut state, model) = start();
    state.update(Action::Move(1), &model);
    assert_eq!(state.update(Action::Open, &model), Effect::Count);
    assert_eq!(state.detail.as_ref().map(|detail| &*detail.name), Some("getQuote"));
    do_all(&mut state, &model, &[Action::Reverse, Action::Last]);
    state.fit(&ROOM, &model);
    let detail = state.detail.clone().unwrap();
    assert_eq!((detail.is_latest_first, detail.offset), (true, 5));
    state.update(Action::Move(-1), &model);
    assert_eq!(state.detail.as_ref().map(|detail| detail.offset), Some(4));
    do_all(&mut state, &model, &[Action::Help, Action::Last]);
    state.fit(&ROOM, &model);
    assert_eq!((state.mode(), state.help), (Mode::Help, Some(4)));
    assert_eq!(state.update(Action::Back, &model), Effect::None);
    assert_eq!(state.update(Action::Back, &model), Effect::Count);
    assert_eq!((state.mode(), selected(&state, &model)), (Mode::Table, "getQuote".to_owned()));
    let empty = Model::default();
    state.sort(&empty);
    assert_eq!(state.update(Action::Open, &empty), Effect::None);
}

#[test]
fn no_more_than_the_limit_is_shown() {
    // Promise: -n chooses so many, the first ones of the order.
    let model = model(Window::TenSeconds);
    let mut state = State::new(Window::TenSeconds, Some(2));
    state.sort(&model);
    assert_eq!(shown(&state, &model), ["Cart.tot", "getQuote"]);
}

#[test]
fn no_sequence_of_keys_loses_the_selection() {
    // Promise: whatever is pressed, and however small the terminal, the selected function is in
    // view and nothing breaks.
    let (mut state, full) = start();
    let empty = Model::default();
    let actions = [
        Action::Move(1),
        Action::Move(-1),
        Action::Page(1),
        Action::Page(-1),
        Action::First,
        Action::Last,
        Action::Open,
        Action::Back,
        Action::Filter,
        Action::Type('e'),
        Action::Type('*'),
        Action::Erase,
        Action::Accept,
        Action::SortStep(1),
        Action::Reverse,
        Action::Longer,
        Action::Shorter,
        Action::Pause,
        Action::Trend,
        Action::Help,
    ];
    let mut random = 7_usize;
    for _ in 0..20_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pick = random >> 33;
        let model = if pick.is_multiple_of(50) { &empty } else { &full };
        state.update(actions[pick % actions.len()], model);
        if pick.is_multiple_of(3) {
            state.sort(model);
        }
        let lines = pick / 100 % 7;
        state.fit(&Room { lines, slow_calls_beyond: lines, help_beyond: lines }, model);
        state.sort(&full);
        let in_view = state.in_view(&full).filter(|(_, is_selected)| *is_selected).count();
        assert_eq!(in_view, usize::from(state.count() > 0));
    }
}
