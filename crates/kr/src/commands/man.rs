//! `kr man`: the manual, made from the same words as `--help`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, ValueHint};
use clap_mangen::Man;

use crate::failure::Failure;

/// What `kr man` takes.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The command whose page is wanted; else that of kr itself.
    pub command: Option<String>,

    /// Write all pages into this directory instead, such as ~/.local/share/man/man1.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub write: Option<PathBuf>,
}

/// Writes one page, or all.
pub fn run(args: &ManArgs, program: Command) -> Result<(), Failure> {
    let root = whole(program);
    if let Some(dir) = &args.write {
        return write_all(&root, dir);
    }
    let Some(name) = &args.command else { return super::write_out(&page(&root)?) };
    let Some(command) = root.get_subcommands().find(|command| command.get_name() == name) else {
        let text = format!("there is no command {name}; see kr --help");
        return Err(Failure::Usage(text));
    };
    super::write_out(&page(command)?)
}

/// The program with its options handed down to its commands.
fn whole(program: Command) -> Command {
    // `help` repeats all the others.
    let mut program = program.disable_help_subcommand(true);
    program.build();
    program
}

fn page(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    // Without a date: the same program writes the same page.
    Man::new(command.clone()).date("").manual("Kronicler").render(&mut text)?;
    Ok(text)
}

fn write_all(root: &Command, dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| Failure::File(dir.to_owned(), error))?;
    let commands = root.get_subcommands();
    for command in std::iter::once(root).chain(commands) {
        // That of a command is `kr-stats`, say.
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = dir.join(format!("{name}.1"));
        fs::write(&path, page(command)?).map_err(|error| Failure::File(path.clone(), error))?;
    }
    Ok(())
}
