//! Keys and what they mean, which depends on what is shown.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::column::{COLUMNS, Column};

/// What a key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To end.
    Quit,
    /// To go into the background, as after Ctrl-Z.
    Suspend,
    /// To draw everything anew.
    Redraw,
    /// To show or hide the list of keys.
    Help,
    /// To stand still, or to go on.
    Pause,
    /// A longer window.
    Longer,
    /// A shorter window.
    Shorter,
    /// To sort by this column; the other way round if it is this one already.
    SortBy(Column),
    /// To sort by the column so many steps to the right.
    SortStep(isize),
    /// To sort the other way round.
    Reverse,
    /// The other trend.
    Trend,
    /// So many lines down.
    Move(isize),
    /// So many pages down.
    Page(isize),
    /// To the first line.
    First,
    /// To the last line.
    Last,
    /// To look at one function.
    Open,
    /// Back to where one came from.
    Back,
    /// To type a pattern.
    Filter,
    /// To add to the pattern.
    Type(char),
    /// To take the last character of the pattern away.
    Erase,
    /// To take all of it away.
    EraseAll,
    /// The pattern is as it should be.
    Accept,
}

/// What is shown, as far as keys depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The table of functions.
    Table,
    /// One function.
    Detail,
    /// The list of keys.
    Help,
    /// The table, and a pattern that is being typed.
    Typing,
}

/// What a key means; `None` when it means nothing.
pub fn action(key: &KeyEvent, mode: Mode) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return control(key.code, mode);
    }
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return None;
    }
    match mode {
        Mode::Typing => typing(key.code),
        Mode::Help => Some(help(key.code)),
        Mode::Detail => common(key.code).or_else(|| detail(key.code)),
        Mode::Table => common(key.code).or_else(|| table(key.code)),
    }
}

fn control(code: KeyCode, mode: Mode) -> Option<Action> {
    let KeyCode::Char(letter) = code else { return None };
    match (letter.to_ascii_lowercase(), mode) {
        ('c', _) => Some(Action::Quit),
        ('z', _) => Some(Action::Suspend),
        ('l', _) => Some(Action::Redraw),
        ('u' | 'w', Mode::Typing) => Some(Action::EraseAll),
        // What a terminal may send for the erase key.
        ('h', Mode::Typing) => Some(Action::Erase),
        ('j' | 'm', Mode::Typing) => Some(Action::Accept),
        (_, Mode::Typing) => None,
        ('f', _) => Some(Action::Page(1)),
        ('b', _) => Some(Action::Page(-1)),
        ('j' | 'm', Mode::Table) => Some(Action::Open),
        ('h', _) => Some(Action::Back),
        _ => None,
    }
}

const fn typing(code: KeyCode) -> Option<Action> {
    match code {
        KeyCode::Char(char) => Some(Action::Type(char)),
        KeyCode::Backspace => Some(Action::Erase),
        KeyCode::Enter => Some(Action::Accept),
        KeyCode::Esc => Some(Action::Back),
        KeyCode::Up => Some(Action::Move(-1)),
        KeyCode::Down => Some(Action::Move(1)),
        KeyCode::PageUp => Some(Action::Page(-1)),
        KeyCode::PageDown => Some(Action::Page(1)),
        _ => None,
    }
}

/// Any key but those that move closes the list of keys.
const fn help(code: KeyCode) -> Action {
    match code {
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Up | KeyCode::Char('k') => Action::Move(-1),
        KeyCode::Down | KeyCode::Char('j') => Action::Move(1),
        KeyCode::PageUp => Action::Page(-1),
        KeyCode::PageDown => Action::Page(1),
        _ => Action::Help,
    }
}

const fn common(code: KeyCode) -> Option<Action> {
    let action = match code {
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Char('?') | KeyCode::F(1) => Action::Help,
        KeyCode::Char('p' | ' ') => Action::Pause,
        KeyCode::Char('+' | '=') => Action::Longer,
        KeyCode::Char('-' | '_') => Action::Shorter,
        KeyCode::Char('k') | KeyCode::Up => Action::Move(-1),
        KeyCode::Char('j') | KeyCode::Down => Action::Move(1),
        KeyCode::PageUp => Action::Page(-1),
        KeyCode::PageDown => Action::Page(1),
        KeyCode::Char('g') | KeyCode::Home => Action::First,
        KeyCode::Char('G') | KeyCode::End => Action::Last,
        KeyCode::Esc | KeyCode::Backspace => Action::Back,
        _ => return None,
    };
    Some(action)
}

const fn detail(code: KeyCode) -> Option<Action> {
    match code {
        KeyCode::Char('s' | 'S') => Some(Action::Reverse),
        KeyCode::Char('h') | KeyCode::Left => Some(Action::Back),
        _ => None,
    }
}

fn table(code: KeyCode) -> Option<Action> {
    match code {
        KeyCode::Enter => Some(Action::Open),
        KeyCode::Char('/') => Some(Action::Filter),
        KeyCode::Char('s' | 'l') | KeyCode::Right => Some(Action::SortStep(1)),
        KeyCode::Char('h') | KeyCode::Left => Some(Action::SortStep(-1)),
        KeyCode::Char('S' | 'r') => Some(Action::Reverse),
        KeyCode::Char('t') => Some(Action::Trend),
        KeyCode::Char(letter) => {
            let column = COLUMNS.into_iter().find(|column| column.key() == letter);
            column.map(Action::SortBy)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: KeyCode, mode: Mode) -> Option<Action> {
        action(&KeyEvent::new(code, KeyModifiers::NONE), mode)
    }

    fn with_control(letter: char, mode: Mode) -> Option<Action> {
        action(&KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL), mode)
    }

    #[test]
    fn every_column_has_a_key_of_its_own() {
        // Promise: the letter of a column sorts by it, and no other key of the table is lost to it.
        for column in COLUMNS {
            let found = of(KeyCode::Char(column.key()), Mode::Table);
            assert_eq!(found, Some(Action::SortBy(column)));
        }
    }

    #[test]
    fn keys_mean_the_same_in_both_alphabets_of_movement() {
        // Promise: arrows and hjkl, Home and g, End and G do the same.
        for (arrow, letter) in [
            (KeyCode::Up, 'k'),
            (KeyCode::Down, 'j'),
            (KeyCode::Left, 'h'),
            (KeyCode::Right, 'l'),
            (KeyCode::Home, 'g'),
            (KeyCode::End, 'G'),
        ] {
            let found = of(arrow, Mode::Table);
            assert!(found.is_some() && found == of(KeyCode::Char(letter), Mode::Table));
        }
    }

    #[test]
    fn it_can_always_be_left() {
        // Promise: Ctrl-C ends it and Ctrl-Z suspends it whatever is shown; q ends it except in
        // a pattern.
        for mode in [Mode::Table, Mode::Detail, Mode::Help, Mode::Typing] {
            assert_eq!(with_control('c', mode), Some(Action::Quit));
            assert_eq!(with_control('z', mode), Some(Action::Suspend));
            let expected = if mode == Mode::Typing { Action::Type('q') } else { Action::Quit };
            assert_eq!(of(KeyCode::Char('q'), mode), Some(expected));
        }
    }

    #[test]
    fn letters_go_into_the_pattern_while_it_is_typed() {
        // Promise: no letter of a pattern does anything else.
        for letter in ('!'..='~').chain(['ä', '語', ' ']) {
            assert_eq!(of(KeyCode::Char(letter), Mode::Typing), Some(Action::Type(letter)));
        }
        let alt = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT);
        assert_eq!(action(&alt, Mode::Typing), None);
        let up = KeyEvent { kind: KeyEventKind::Release, ..KeyEvent::from(KeyCode::Char('q')) };
        assert_eq!(action(&up, Mode::Table), None, "terminals that tell when a key is let go");
    }
}
