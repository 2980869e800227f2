//! What is simulated: what the gate file specifies, and defaults for everything else.

use std::collections::BTreeSet;

use crate::gate::{
    Gate, PlayedCheckout, PlayedIssue, PlayedPage, PlayedProgram, PlayedState, Rehearsal,
};
use crate::model::{is_issue_reference, same_issue};
use crate::rehearsal::RehearsalError;
use crate::verb::Input;
use crate::world::Effect;

/// Everything that is played.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) issues: Vec<PlayedIssue>,
    pub(super) pages: Vec<PlayedPage>,
    pub(super) programs: Vec<PlayedProgram>,
    pub(super) checkouts: Vec<PlayedCheckout>,
    /// Defaults for what the gate file does not specify, one line each.
    pub(super) made_up: Vec<String>,
}

impl Cast {
    /// The cast of a gate.
    pub(super) fn of(gate: &Gate) -> Result<Self, RehearsalError> {
        let Rehearsal {
            issue,
            page,
            program,
            checkout,
            ..
        } = gate
            .played()
            .map_err(|error| RehearsalError::Other(format!("[rehearsal]: {error}")))?;
        let mut cast = Self {
            issues: issue,
            pages: page,
            programs: program,
            checkouts: checkout,
            made_up: Vec::new(),
        };
        cast.make_up_issues(gate);
        cast.make_up_the_rest(gate);
        Ok(cast)
    }

    /// Issues that are written to, or must not be closed, are open; others are closed as done.
    fn make_up_issues(&mut self, gate: &Gate) {
        let policy = gate.resolved_policy();
        let written = || policy.comment.iter().chain(&policy.close);
        let open: BTreeSet<&String> = written().chain(&policy.never_close).collect();
        let texts = gate
            .subtasks()
            .flat_map(|(_, subtask)| gate.texts_before_the_run(subtask));
        let named = texts.filter(|text| is_issue_reference(text));
        let all: BTreeSet<String> = named.chain(open.iter().map(|one| (*one).clone())).collect();
        for issue in all {
            if self.issues.iter().any(|one| same_issue(&one.issue, &issue)) {
                continue;
            }
            let is_open = open.iter().any(|one| same_issue(one, &issue));
            let (state, word) = if is_open {
                (PlayedState::Open, "open")
            } else {
                (PlayedState::Closed, "closed")
            };
            self.made_up.push(format!(
                "{issue} is {word} ([[rehearsal.issue]] says otherwise)"
            ));
            self.issues.push(PlayedIssue {
                issue,
                state,
                title: "Made up for a rehearsal".to_owned(),
                comments: Vec::new(),
            });
        }
    }

    /// Only notes which pages, programs and checkouts are not specified: their answers come from
    /// [`super::stand_ins`].
    fn make_up_the_rest(&mut self, gate: &Gate) {
        for (_, subtask) in gate.subtasks() {
            let Some(verb) = gate.verb_before_the_run(subtask) else {
                continue;
            };
            for ask in verb.declares().asks() {
                self.note(&ask.effect);
            }
            for input in verb.declares().inputs() {
                if let Input::Checkout(name)
                | Input::Tags(name)
                | Input::Tag { checkout: name, .. } = input
                {
                    self.checkout(name);
                }
            }
        }
    }

    fn note(&mut self, effect: &Effect) {
        let line = match effect {
            Effect::HttpGet(get) if self.page(&get.url).is_none() => page_line(&get.url),
            Effect::HttpPost(post) if self.page(&post.url).is_none() => page_line(&post.url),
            Effect::Run(program)
                if !plays_itself(&program.argv) && self.program(&program.argv).is_none() =>
            {
                program_line(&program.argv)
            }
            _ => return,
        };
        if !self.made_up.contains(&line) {
            self.made_up.push(line);
        }
    }

    fn checkout(&mut self, directory: String) {
        let known = |one: &PlayedCheckout| one.directory == directory;
        if crate::model::is_template(&directory) || self.checkouts.iter().any(known) {
            return;
        }
        self.made_up.push(format!(
            "`{directory}` is a checkout with one empty commit ([[rehearsal.checkout]] says otherwise)"
        ));
        self.checkouts.push(PlayedCheckout {
            directory,
            files: std::collections::BTreeMap::new(),
            tags: Vec::new(),
        });
    }

    /// Index of the first page of this address.
    pub(super) fn page(&self, url: &str) -> Option<usize> {
        self.pages.iter().position(|page| page.url == url)
    }

    /// Index of the first of those programs whose command line fits longest.
    pub(super) fn program(&self, argv: &[String]) -> Option<usize> {
        let fits = |(_, program): &(usize, &PlayedProgram)| argv.starts_with(&program.argv);
        let all = self.programs.iter().enumerate().filter(fits);
        all.max_by_key(|(index, program)| (program.argv.len(), std::cmp::Reverse(*index)))
            .map(|(index, _)| index)
    }
}

/// Whether a program needs no stand-in: the real one runs, in a world where it is harmless.
pub(super) fn plays_itself(argv: &[String]) -> bool {
    matches!(argv.first().map(String::as_str), Some("gh" | "git"))
}

/// The note on a page with a default answer.
pub(super) fn page_line(url: &str) -> String {
    format!("{url} answers 200 with `{{\"status\": \"ok\"}}` ([[rehearsal.page]] says otherwise)")
}

/// The note on a program with a default answer.
pub(super) fn program_line(argv: &[String]) -> String {
    let line = argv.join(" ");
    format!("`{line}` exits with 0 and prints nothing ([[rehearsal.program]] says otherwise)")
}
