//! `gate reap`: ends orphan daemons, or shows which it would end and why look-alikes are spared.

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::operator;
use crate::processes::{Sight, sight, sweep};
use crate::session;
use crate::verbs::Trouble;
use crate::world::{ProcessRule, ProcessSeen};

#[derive(Debug, Args)]
pub(super) struct ReapArgs {
    /// Shows what it would end, and ends nothing.
    #[arg(long)]
    dry_run: bool,
    /// The process rule of the gate file; without it, all of them.
    #[arg(long = "match", value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) async fn run(args: &ReapArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let (gate, overrides) = match operator::gate(&args.gate, &operator, console) {
        Ok(gate) => gate,
        Err(exit) => return exit,
    };
    let rules: Vec<&ProcessRule> = match &args.rule {
        None => gate.processes.values().collect(),
        Some(name) => gate.processes.get(name).into_iter().collect(),
    };
    if rules.is_empty() {
        let known: Vec<&str> = gate.processes.keys().map(String::as_str).collect();
        return console.fail(
            Exit::Usage,
            &format!("no such process rule; the gate has {}", known.join(", ")),
        );
    }
    let settings = operator::settings(&operator, &overrides);
    let ctx = session::command_ctx(&operator, &gate, &settings.cache, &settings.workspace);
    let mut worst = Exit::Passed;
    for rule in rules {
        let done = if args.dry_run {
            show(&ctx, rule, console).await
        } else {
            end(&ctx, rule, console).await
        };
        if let Err(trouble) = done {
            worst = super::run::told(&trouble.outcome(), console);
        }
    }
    worst
}

async fn show(
    ctx: &crate::verbs::Ctx,
    rule: &ProcessRule,
    console: &Console,
) -> Result<(), Trouble> {
    let Sight {
        targets,
        foreign,
        look_alikes,
    } = sight(rule, ctx.processes().await?)?;
    console.out(&format!("{}: would end {}\n", rule.name, targets.len()));
    for process in &targets {
        console.out(&format!("  end    {}\n", line(process)));
    }
    for process in &foreign {
        console.out(&format!(
            "  spare  {} – belongs to another user\n",
            line(process)
        ));
    }
    for (process, why) in &look_alikes {
        console.out(&format!("  spare  {} – {why}\n", line(process)));
    }
    Ok(())
}

async fn end(
    ctx: &crate::verbs::Ctx,
    rule: &ProcessRule,
    console: &Console,
) -> Result<(), Trouble> {
    let swept = sweep(ctx, rule).await?;
    for receipt in &swept.receipts {
        console.out(&format!(
            "  {} {} {:?} after {:.2} s\n",
            receipt.identity.pid,
            receipt.program,
            receipt.fate,
            receipt.after.as_secs_f64()
        ));
    }
    console.out(&format!("{}: {}\n", rule.name, swept.note()));
    let left = swept.left();
    if left.is_empty() {
        return Ok(());
    }
    let mut finding = crate::gate::Finding::new("some processes are still there");
    finding.seen = left;
    Err(Trouble::blocked(finding))
}

fn line(process: &ProcessSeen) -> String {
    let words = process.argv.join(" ").escape_debug().to_string();
    let words: String = words.chars().take(100).collect();
    format!(
        "{:>7} {:<10} {words}",
        process.identity.pid, process.program
    )
}
