//! `gate reap`: ends orphan daemons, or shows which it would end and why look-alikes are spared.

use std::fmt::Write;

use clap::Args;
use serde_json::{Value, json};

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::operator;
use super::recorded::Format;
use crate::gate::Gate;
use crate::model::Finding;
use crate::processes::{Sight, Swept, sight, sweep};
use crate::session;
use crate::verb::{Ctx, VerbError};
use crate::world::Spared;
use crate::world::{Fate, ProcessRule, ProcessSeen, Receipt};

#[derive(Debug, Args)]
pub(super) struct ReapArgs {
    /// Shows what it would end, and ends nothing.
    #[arg(long)]
    dry_run: bool,
    /// The process rule of the gate file; without it, all of them.
    #[arg(long = "match", value_name = "RULE")]
    rule: Option<String>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    gate: GateArgs,
}

/// The rule that is asked for, or all of the gate.
fn chosen<'g>(gate: &'g Gate, name: Option<&str>) -> Result<Vec<&'g ProcessRule>, String> {
    let known: Vec<&str> = gate.processes.keys().map(String::as_str).collect();
    if known.is_empty() {
        return Err("the gate has no process rule; write one as `[process.NAME]`".to_owned());
    }
    let Some(name) = name else {
        return Ok(gate.processes.values().collect());
    };
    let rule = gate.processes.get(name).map(|rule| vec![rule]);
    rule.ok_or_else(|| {
        format!(
            "no process rule `{name}`; the gate has {}",
            known.join(", ")
        )
    })
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
    let rules = match chosen(&gate, args.rule.as_deref()) {
        Ok(rules) => rules,
        Err(why) => return console.fail(Exit::Usage, &why),
    };
    let settings = operator::settings(&operator, &overrides);
    let ctx = session::command_ctx(
        &operator,
        &gate,
        &settings.cache,
        &settings.state,
        &settings.workspace,
    );
    let mut worst = Exit::Passed;
    let mut documents = Vec::new();
    for rule in rules {
        match done(&ctx, rule, args.dry_run).await {
            Ok(done) => {
                match args.format {
                    Format::Text => console.out(&done.text()),
                    Format::Json => documents.push(done.json()),
                }
                if let Some(trouble) = done.trouble() {
                    worst = super::run::told(&trouble.outcome(), console);
                }
            }
            Err(trouble) => worst = super::run::told(&trouble.outcome(), console),
        }
    }
    if matches!(args.format, Format::Json) {
        console.json(&documents);
    }
    worst
}

/// What came of one rule.
struct Done {
    rule: String,
    what: What,
    foreign: Vec<ProcessSeen>,
    look_alikes: Vec<(ProcessSeen, Spared)>,
}

enum What {
    /// Nothing was ended; these would be.
    Shown(Vec<ProcessSeen>),
    Ended(Swept),
}

async fn done(ctx: &Ctx, rule: &ProcessRule, dry_run: bool) -> Result<Done, VerbError> {
    let rule_name = rule.name.clone();
    if dry_run {
        let Sight {
            targets,
            foreign,
            look_alikes,
        } = sight(rule, ctx.processes().await?)?;
        return Ok(Done {
            rule: rule_name,
            what: What::Shown(targets),
            foreign,
            look_alikes,
        });
    }
    let mut swept = sweep(ctx, rule).await?;
    Ok(Done {
        rule: rule_name,
        foreign: swept.foreign.clone(),
        look_alikes: std::mem::take(&mut swept.look_alikes),
        what: What::Ended(swept),
    })
}

impl Done {
    fn text(&self) -> String {
        let mut text = String::new();
        match &self.what {
            What::Shown(targets) => {
                line(
                    &mut text,
                    &format!("{}: would end {}", self.rule, targets.len()),
                );
                for process in targets {
                    line(&mut text, &format!("  end    {}", told(process)));
                }
            }
            What::Ended(swept) => {
                line(&mut text, &format!("{}: {}", self.rule, swept.note()));
                for receipt in &swept.receipts {
                    line(&mut text, &format!("  {}", told_receipt(receipt)));
                }
            }
        }
        for process in &self.foreign {
            line(
                &mut text,
                &format!("  spare  {} – belongs to another user", told(process)),
            );
        }
        for (process, why) in &self.look_alikes {
            line(&mut text, &format!("  spare  {} – {why}", told(process)));
        }
        text
    }

    fn json(&self) -> Value {
        let foreign = self
            .foreign
            .iter()
            .map(|process| (process, "belongs to another user".to_owned()));
        let alike = self
            .look_alikes
            .iter()
            .map(|(process, why)| (process, why.to_string()));
        let spared: Vec<Value> = foreign
            .chain(alike)
            .map(|(process, why)| json!({"process": process, "why": why}))
            .collect();
        match &self.what {
            What::Shown(targets) => {
                json!({"rule": self.rule, "would_end": targets, "spared": spared})
            }
            What::Ended(swept) => json!({
                "rule": self.rule,
                "receipts": swept.receipts,
                "scans": swept.scans,
                "left": swept.left(),
                "spared": spared,
            }),
        }
    }

    /// What is still there though it should not be.
    fn trouble(&self) -> Option<VerbError> {
        let What::Ended(swept) = &self.what else {
            return None;
        };
        let left = swept.left();
        if left.is_empty() {
            return None;
        }
        let mut finding = Finding::new("some processes are still there");
        finding.seen = left;
        Some(VerbError::blocked(
            finding.remedy("have their owner end them"),
        ))
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _written = writeln!(text, "{line}");
}

fn told(process: &ProcessSeen) -> String {
    let words = process.argv.join(" ").escape_debug().to_string();
    let words: String = words.chars().take(100).collect();
    format!(
        "{:>7} {:<10} {words}",
        process.identity.pid, process.program
    )
}

/// Which process, what it ran, how it ended and after how long.
fn told_receipt(receipt: &Receipt) -> String {
    let fate = match receipt.fate {
        Fate::Terminated => "ended by TERM",
        Fate::Killed => "ended by KILL",
        Fate::AlreadyGone => "was gone already",
        Fate::NotTheSame => "left alone: another process has its pid now",
        Fate::NotPermitted => "left alone: not permitted",
        Fate::Survived => "STILL ALIVE",
    };
    format!(
        "{:>7} started {} {:<10} {fate} after {:.2} s",
        receipt.identity.pid,
        receipt.identity.started,
        receipt.program,
        receipt.after.as_secs_f64()
    )
}
