//! Checks that the policy lists what a verb will ask the world for, as far as its fields and the
//! parameters say that before the run. The rule is [`Policy`]'s, which judges it again before it
//! happens; none is made here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::Document;
use super::draft::{Draft, DraftSubtask};
use super::fields::filled_verb;
use crate::model::template::is_template;
use crate::model::{Diagnostic, PolicyTable, ResolvedPolicy};
use crate::verb::{Ask, Declares, Write};
use crate::verbs::Verb;
use crate::world::policy::Policy;
use crate::world::{Effect, WorldError};

/// Checks all of them against the policy, its parameters filled in.
pub(super) fn check(
    document: &Document<'_>,
    draft: &Draft,
    lists: &ResolvedPolicy,
    problems: &mut Vec<Diagnostic>,
) {
    // Nothing is held against a policy that could not be read, or not as a whole.
    if !draft
        .policy
        .as_ref()
        .is_some_and(|table| whole(table, lists))
    {
        return;
    }
    let reach = Reach {
        document,
        // No verb's fields alone say which processes it ends: the rules for them are not asked.
        policy: Policy::new(lists.clone(), BTreeMap::new()),
        parameters: Value::Object(draft.parameters.clone()),
    };
    for (_, subtask) in draft.subtasks() {
        problems.extend(reach.subtask(subtask));
    }
    problems.extend(reach.not_listed(draft));
}

fn whole(table: &PolicyTable, lists: &ResolvedPolicy) -> bool {
    let mut lists = lists.clone();
    table.lists().into_iter().all(|(name, items)| {
        let filled = lists.list_mut(name);
        filled.is_some_and(|filled| filled.len() == items.len())
    })
}

struct Reach<'a, 't> {
    document: &'a Document<'t>,
    policy: Policy,
    parameters: Value,
}

impl Reach<'_, '_> {
    fn subtask(&self, subtask: &DraftSubtask) -> Vec<Diagnostic> {
        let asks = match &subtask.verb {
            Some(verb) if !verb.declares().asks().is_empty() => self.asks(verb, subtask),
            _ => Vec::new(),
        };
        let refused = |ask: &Ask| match self.judge(&ask.effect)? {
            WorldError::Refused { what } => Some(self.problem(subtask, ask, &what)),
            _ => None,
        };
        asks.iter().filter_map(refused).collect()
    }

    /// Programs that verbs start whatever their fields say, `gh` where they re-open what the triage
    /// names: each is told once.
    fn not_listed(&self, draft: &Draft) -> Vec<Diagnostic> {
        let mut starting: BTreeMap<&str, Vec<&DraftSubtask>> = BTreeMap::new();
        for (_, subtask) in draft.subtasks() {
            let verb = subtask.verb.as_ref().map(Verb::declares);
            let own = verb.map_or_else(Vec::new, Declares::starts);
            let reopens = verb.is_some_and(|verb| verb.writes().contains(&Write::TriagedIssues))
                && draft.triage.iter().any(|(_, rule)| rule.reopen.is_some());
            for program in own.into_iter().chain(reopens.then_some("gh")) {
                starting.entry(program).or_default().push(subtask);
            }
        }
        starting
            .into_iter()
            .filter(|(program, _)| self.policy.check_program(program).is_err())
            .filter_map(|(program, by)| Some(self.missing(program, by.first()?, by.len())))
            .collect()
    }

    fn missing(&self, program: &str, first: &DraftSubtask, count: usize) -> Diagnostic {
        let at = first.at.key("uses");
        let others = match count {
            1 => String::new(),
            2 => ", and so does one more".to_owned(),
            count => format!(", and so do {} more", count - 1),
        };
        let message = format!(
            "`{program}` is not in policy.programs, and `{}` starts it{others}",
            first.id
        );
        self.document
            .problem(&at, message)
            .label("would be refused in the middle of the run")
            .help(format!("add \"{program}\" to `programs` under [policy]"))
    }

    /// What it asks for, parameters filled in. A field that its parameters give the wrong type has
    /// been reported as such.
    fn asks(&self, verb: &Verb, subtask: &DraftSubtask) -> Vec<Ask> {
        let filled = filled_verb(verb, subtask, &self.parameters);
        filled.map_or_else(Vec::new, |verb| verb.declares().asks())
    }

    /// Why it will be refused, as far as that can be said before the facts are known.
    fn judge(&self, effect: &Effect) -> Option<WorldError> {
        match effect {
            Effect::Run(program) => {
                let mut words = program.argv.iter().map(String::as_str);
                let all = words.clone().chain([program.cwd.as_str()]);
                if !all.into_iter().any(is_template) {
                    return self.policy.check(effect).err();
                }
                let name = words.next().filter(|name| !is_template(name))?;
                self.policy.check_program(name).err()
            }
            Effect::HttpGet(get) if is_template(&get.url) => None,
            Effect::HttpPost(post) if is_template(&post.url) => None,
            _ => self.policy.check(effect).err(),
        }
    }

    fn problem(&self, subtask: &DraftSubtask, ask: &Ask, what: &str) -> Diagnostic {
        let message = format!("`{}` asks for what the policy refuses: {what}", subtask.id);
        let at = subtask.at.key(ask.field);
        let words = match &ask.effect {
            Effect::HttpGet(get) => get.url.as_str(),
            Effect::HttpPost(post) => post.url.as_str(),
            _ => "",
        };
        self.document
            .words_problem(&at, words, message)
            .label("would be refused in the middle of the run")
            .help(remedy(what))
    }
}

/// What would put it right: the list that the refusal names.
fn remedy(what: &str) -> String {
    let list = what.rsplit_once("policy.").map(|(_, list)| list);
    match list.filter(|list| ResolvedPolicy::default().list_mut(list).is_some()) {
        Some("never_close") => "take the subtask out".to_owned(),
        Some(list) => format!("add it to `{list}` under [policy] if it may ever happen"),
        None if what.contains("expected an address") => {
            "write the whole address, with `http://` or `https://`".to_owned()
        }
        None => "write it in a form that the policy knows, or use the verb that is made for it"
            .to_owned(),
    }
}
