//! `kr slow`: the slowest calls.

use kronicler_query::{slowest, with_details};

use crate::context::{Context, Format};
use crate::failure::Failure;
use crate::rows::{RowView, check_held};

/// Rows that are shown unless `--limit` says otherwise.
const LIMIT: usize = 10;

/// Shows the slowest calls, slowest first.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    let limit = check_held(context.limit.unwrap_or(LIMIT), "slow")?;
    let answer = context.database.ask(|snapshot| {
        let rows = slowest(snapshot, &context.filter, limit)?;
        with_details(snapshot, rows)
    })?;
    let rows = context.take(answer);
    if rows.is_empty() && context.format == Format::Text {
        return context.say_nothing("There are no calls");
    }
    let mut view = RowView::new(context);
    view.show(context, &rows, limit)?;
    view.end(context)
}
