//! Programs made by chance: logging put into them is never behaviour, and hides none.

use std::fmt::Write as _;

use canary_gate::audit::syntax::{Comparison, FilePair, LoggingNames, compare};

/// A small generator of numbers; the same programs every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// A program as lines; each call in it has a name of its own.
struct Program {
    lines: Vec<String>,
    calls: usize,
}

impl Program {
    fn make(chance: &mut Chance) -> Self {
        let mut program = Self {
            lines: vec!["def run(self, items, key):".to_owned()],
            calls: 0,
        };
        let statements = 3 + chance.below(4);
        program.block(chance, 1, statements);
        program
    }

    fn call(&mut self, chance: &mut Chance) -> String {
        self.calls += 1;
        let argument = ["items", "key", "self.state", "1", "items[0]"][chance.below(5)];
        format!("act{}({argument})", self.calls)
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.lines.push(format!("{}{text}", "    ".repeat(depth)));
    }

    fn block(&mut self, chance: &mut Chance, depth: usize, statements: usize) {
        for _ in 0..statements {
            self.statement(chance, depth);
        }
    }

    fn statement(&mut self, chance: &mut Chance, depth: usize) {
        let call = self.call(chance);
        let choices = if depth < 3 { 9 } else { 4 };
        match chance.below(choices) {
            0 => self.line(depth, &call),
            1 => self.line(depth, &format!("self.state = {call}")),
            2 => self.line(depth, &format!("if {call}: self.count += 1")),
            3 => self.line(depth, &format!("items.append({call})")),
            4 => {
                self.line(depth, &format!("if {call}:"));
                self.block(chance, depth + 1, 2);
                self.line(depth, "else:");
                self.block(chance, depth + 1, 1);
            }
            5 => {
                self.line(depth, &format!("for item in {call}:"));
                self.block(chance, depth + 1, 2);
            }
            6 => {
                self.line(depth, "try:");
                self.line(depth + 1, &call);
                self.block(chance, depth + 1, 1);
                self.line(depth, "except ValueError:");
                self.block(chance, depth + 1, 1);
            }
            7 => {
                self.line(depth, &format!("with {call} as held:"));
                self.block(chance, depth + 1, 1);
                self.line(depth + 1, "held.use()");
            }
            _ => {
                self.line(depth, &format!("if {call}:"));
                let value = self.call(chance);
                self.line(depth + 1, &format!("return {value}"));
            }
        }
    }

    /// The program with logging in it: statements, and names for what the log shows.
    fn logged(&self, chance: &mut Chance) -> String {
        const LOGS: [&str; 7] = [
            "logger.info(\"here %s\", key)",
            "noted = len(items); logger.debug(\"%d\", noted)",
            "if logger.isEnabledFor(10): logger.debug(\"state %s\", self.state)",
            "logger.warning(f\"{key} and {items!r}\")",
            "for seen in items: logger.debug(seen)",
            "if (counted := len(items)) > 3: logger.info(\"%d\", counted)",
            "with suppress(Exception): logger.info(\"x\")",
        ];
        let mut text = String::new();
        let mut named = 0;
        for (at, line) in self.lines.iter().enumerate() {
            let depth = line.len() - line.trim_start().len();
            let pad = " ".repeat(depth);
            let goes_on = |word| line.trim_start().starts_with(word);
            let begins = at > 0 && !goes_on("else") && !goes_on("except");
            if begins && chance.below(3) == 0 {
                writeln!(text, "{pad}{}", LOGS[chance.below(LOGS.len())]).unwrap();
            }
            if let Some(value) = line.trim_start().strip_prefix("return ") {
                named += 1;
                write!(
                    text,
                    "{pad}given{named} = {value}\n{pad}logger.info(\"%s\", given{named})\n\
                     {pad}return given{named}\n"
                )
                .unwrap();
            } else if line.ends_with("except ValueError:") {
                write!(
                    text,
                    "{pad}except ValueError as error:\n{pad}    logger.info(\"%s\", error)\n"
                )
                .unwrap();
            } else {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }

    /// The program with one of its calls another.
    fn changed(&self, chance: &mut Chance) -> Self {
        let which = format!("act{}(", 1 + chance.below(self.calls));
        let lines = self.lines.iter();
        Self {
            lines: lines.map(|line| line.replace(&which, "other(")).collect(),
            calls: self.calls,
        }
    }
}

fn judge(before: &str, after: &str) -> Comparison {
    let head = "import logging\n\nlogger = logging.getLogger(__name__)\n\n\n";
    let pair = FilePair {
        path: "src/app/a.py".to_owned(),
        before: Some(format!("{head}{before}")),
        after: Some(format!("{head}{after}")),
    };
    compare(&[pair], &LoggingNames::default())
}

#[test]
fn logging_put_into_programs_is_never_behaviour_and_hides_none() {
    let mut chance = Chance(11);
    for _ in 0..300 {
        let program = Program::make(&mut chance);
        let plain = program.lines.join("\n") + "\n";
        let logged = program.logged(&mut chance);
        let compared = judge(&plain, &logged);
        assert_eq!(compared.unreadable, [], "{logged}");
        assert_eq!(compared.changes, [], "{plain}\n\n{logged}");
        assert_eq!(judge(&logged, &plain).changes, [], "{plain}\n\n{logged}");

        let changed = program.changed(&mut chance);
        let compared = judge(&plain, &changed.logged(&mut chance));
        assert!(!compared.changes.is_empty(), "{plain}\n\n{logged}");
        assert!(compared.changes.iter().all(|change| !change.numeric));
    }
}
