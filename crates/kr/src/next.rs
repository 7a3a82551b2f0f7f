//! What to type next: commands, each with what it shows.

use unicode_width::UnicodeWidthStr;

use crate::context::Context;
use crate::escape;
use crate::failure::Failure;

/// A command and what it shows.
pub type Hint = (String, String);

/// Shows commands to type next.
pub fn show(context: &mut Context, hints: &[Hint]) -> Result<(), Failure> {
    let heading = context.out.strong("Next");
    context.out.line("")?;
    context.out.line(heading)?;
    let widest = |width: fn(&Hint) -> usize| hints.iter().map(width).max().unwrap_or(0);
    let (commands, words) = (widest(|hint| hint.0.width()), widest(|hint| hint.1.width()));
    let has_room = context.out.width().is_none_or(|width| commands + words + 4 <= width);
    for (command, what) in hints {
        let space = commands - command.width();
        let command = context.out.subject(command);
        if has_room {
            let what = context.out.faint(what);
            context.out.line(format!("  {command}{:space$}  {what}", ""))?;
        } else {
            context.out.line(format!("  {command}"))?;
            context.out.faint_paragraph(4, what)?;
        }
    }
    Ok(())
}

/// A command about one function, which is its last argument, or the value of the option that it
/// ends with; none for a name that no line of text could hold.
pub fn about(context: &Context, command: &str, name: &str) -> Option<String> {
    let word = escape::shell_word(name)?;
    // What begins with a dash would be taken for an option.
    let between = match (word.starts_with("'-"), command.ends_with("--name")) {
        (true, true) => "=",
        (true, false) => " -- ",
        (false, _) => " ",
    };
    Some(format!("{} {command}{between}{word}", context.database.program))
}
