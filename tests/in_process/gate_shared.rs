//! `for_each`, `include` and conditions on facts: what a gate file says once, and what becomes of it.

use canary_gate::gate::{Gate, digest_of, plan};
use canary_gate::model::{Diagnostics, SubtaskId};

const HEAD: &str = "format = 1\nname = \"shared\"\ntitle = \"Shared\"\n\n[policy]\n\
    programs = [\"make\"]\n\n[parameters]\nparts = [\"core\", \"web-ui\"]\nempty = []\n\n";
const PACKAGE: &str = "[[work_package]]\nid = \"W\"\ntitle = \"Work\"\npriority = \"high\"\n";

fn subtask(id: &str, more: &str) -> String {
    format!(
        "\n[[work_package.subtask]]\nid = \"{id}\"\ntitle = \"Check\"\nuses = \"run-program\"\n{more}"
    )
}

fn each(list: &str) -> String {
    let fields =
        format!("for_each = {list}\nargv = [\"make\", \"{{{{ item }}}}\"]\nas = \"made\"\n");
    format!("{HEAD}{PACKAGE}{}", subtask("A", &fields))
}

fn load(text: &str) -> Result<Gate, Diagnostics> {
    load_with(text, &[])
}

fn load_with(text: &str, files: &[(&str, &str)]) -> Result<Gate, Diagnostics> {
    Gate::load("gate.toml", text, &|name| {
        let found = files.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| (*text).to_owned())
    })
}

fn ids(gate: &Gate) -> Vec<&str> {
    gate.subtasks()
        .map(|(_, subtask)| subtask.id.as_str())
        .collect()
}

fn refused(text: &str, files: &[(&str, &str)]) -> String {
    match load_with(text, files) {
        Ok(gate) => panic!("accepted: {:?}", ids(&gate)),
        Err(problems) => format!("{problems}\n"),
    }
}

#[test]
fn each_item_makes_a_subtask_with_an_id_and_a_fact_of_its_own() {
    for list in ["[\"core\", \"web-ui\"]", "\"{{ parts }}\""] {
        let then = subtask(
            "B",
            "argv = [\"make\", \"{{ made.core.last_line }}\"]\nafter = [\"A\"]\nas = \"b\"\n",
        );
        let gate = load(&format!("{}{then}", each(list))).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(ids(&gate), ["A[core]", "A[web-ui]", "B"]);
        let facts: Vec<_> = gate
            .subtasks()
            .filter_map(|(_, subtask)| subtask.verb.declares().publishes())
            .collect();
        assert_eq!(facts, ["made.core", "made.web_ui", "b"]);
        let runs: Vec<_> = gate
            .subtasks()
            .filter_map(|(_, subtask)| subtask.verb.declares().runs())
            .collect();
        assert_eq!(runs[..2], ["make core", "make web-ui"]);
        let waits = gate.graph().predecessors(&SubtaskId::new("B"));
        assert_eq!(waits, ["A[core]", "A[web-ui]"].map(SubtaskId::new));
        assert!(plan::table(&gate).contains("| A[core] | Check (core) | W | — |"));
    }
}

#[test]
fn a_table_gives_each_copy_more_than_one_value() {
    let fields = "for_each = [{ id = \"a\", target = \"x\", network = true }, { id = \"b\", target = \"y\", network = false }]\n\
        argv = [\"make\", \"{{ item.target }}\"]\nnetwork = \"{{ item.network }}\"\n\
        as = \"of.{{ item.id }}.made\"\n";
    let gate = load(&format!("{HEAD}{PACKAGE}{}", subtask("A", fields)));
    let gate = gate.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(ids(&gate), ["A[a]", "A[b]"]);
    let may: Vec<_> = gate
        .subtasks()
        .map(|(_, subtask)| subtask.verb.declares().may().len())
        .collect();
    assert_eq!(may, [1, 0]);
}

#[test]
fn parameters_that_are_set_make_other_copies() {
    let mut gate = load(&each("\"{{ parts }}\"")).unwrap();
    let set = [("parts".to_owned(), serde_json::json!(["docs"]))].into();
    gate.set(&set).unwrap();
    assert_eq!(ids(&gate), ["A[docs]"]);
}

#[test]
fn lists_that_make_no_sound_copies() {
    for (list, told) in [
        ("[\"a/b\", \"a-b\"]", "both make the subtask `A[a-b]`"),
        ("[]", "`for_each` has no item"),
        ("\"{{ empty }}\"", "`for_each` has no item"),
        ("\"core\"", "`for_each` is no list"),
        ("[\"{{ parts }}\"]", "an item of `for_each` is a template"),
        ("[\"…\"]", "gives the copy no id"),
    ] {
        let refused = refused(&each(list), &[]);
        assert!(refused.contains(told), "{list}: {refused}");
    }
    for (old, new, told) in [
        (
            "{{ item }}",
            "{{ itm }}",
            "`itm` is neither a parameter nor a fact",
        ),
        (
            "id = \"A\"",
            "id = \"A[core]\"",
            "the id of a subtask is empty or odd",
        ),
    ] {
        let refused = refused(&each("[\"core\"]").replace(old, new), &[]);
        assert!(refused.contains(told), "{new}: {refused}");
    }
}

const COMMON: &str = "[[work_package]]\nid = \"C\"\ntitle = \"Common\"\npriority = \"high\"\n\n\
    [[work_package.subtask]]\nid = \"C1\"\ntitle = \"Common check\"\nuses = \"run-program\"\n\
    argv = [\"make\", \"common\"]\nas = \"common\"\n";

fn including(list: &str) -> String {
    let own = subtask("A", "argv = [\"make\", \"own\"]\nas = \"own\"\n");
    let package = PACKAGE.replace("priority", "depends_on = [\"C\"]\npriority");
    format!("include = {list}\n{HEAD}{package}{own}")
}

#[test]
fn work_packages_are_shared_and_part_of_the_digest() {
    let text = including("[\"common/checks.toml\"]");
    let gate = load_with(&text, &[("common/checks.toml", COMMON)]);
    let gate = gate.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(ids(&gate), ["A", "C1"]);
    assert_eq!(gate.graph().plan_order()[0].as_str(), "C1");
    assert_eq!(gate.templates["common/checks.toml"], COMMON);
    let find = |name: &str| gate.templates.get(name).cloned();
    assert_eq!(digest_of(&text, &find), gate.source.sha256);
    let changed = COMMON.replace("\"common\"]", "\"other\"]");
    let other = load_with(&text, &[("common/checks.toml", &changed)]).unwrap();
    assert_ne!(gate.source.sha256, other.source.sha256);
    // Set anew, it finds what it includes among its templates.
    let mut again = gate.clone();
    again
        .set(&[("parts".to_owned(), serde_json::json!(["x"]))].into())
        .unwrap();
    assert_eq!(ids(&again), ids(&gate));
}

#[test]
fn what_two_files_include_is_there_once() {
    let one = format!(
        "include = [\"c.toml\"]\n{}",
        COMMON.replace('C', "D").replace("common\"\n", "d\"\n")
    );
    let files = [("d/one.toml", one.as_str()), ("d/c.toml", COMMON)];
    let gate = load_with(&including("[\"d/one.toml\", \"d/c.toml\"]"), &files);
    let gate = gate.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(ids(&gate), ["A", "D1", "C1"]);
}

#[test]
fn a_slip_in_an_included_file_is_shown_there() {
    let slip = COMMON.replace("uses = \"run-program\"", "uses = \"run-progam\"");
    let refers = COMMON.replace("\"common\"]", "\"{{ nothing }}\"]");
    let circle = format!("include = [\"b.toml\"]\n{COMMON}");
    let other = format!("[policy]\nclose = []\n\n{COMMON}");
    for (text, told) in [
        (slip.as_str(), "there is no verb `run-progam`"),
        (&refers, "`nothing` is neither a parameter nor a fact"),
        ("x = = 1", "not TOML"),
        (&other, "has no field `policy of an included file`"),
    ] {
        let refused = refused(&including("[\"c.toml\"]"), &[("c.toml", text)]);
        assert!(
            refused.contains("c.toml:") && refused.contains(told),
            "{refused}"
        );
    }
    let files = [
        ("../c.toml", COMMON),
        ("/etc/c.toml", COMMON),
        ("c.toml", COMMON),
        ("a.toml", circle.as_str()),
        ("b.toml", "include = [\"a.toml\"]\n"),
    ];
    for (list, told) in [
        ("[\"gone.toml\"]", "the file `gone.toml` was not found"),
        ("[\"../c.toml\"]", "`../c.toml` is no path below"),
        ("[\"/etc/c.toml\"]", "`/etc/c.toml` is no path below"),
        ("\"c.toml\"", "`include` is no list of files"),
        ("[\"a.toml\"]", "dependency cycle: a.toml → b.toml → a.toml"),
    ] {
        let refused = refused(&including(list), &files);
        assert!(refused.contains(told), "{list}: {refused}");
    }
}

fn only_if(condition: &str) -> String {
    let publish =
        "argv = [\"make\"]\npublish.count = { regex = '\\d+', type = \"integer\" }\nas = \"a\"\n";
    let then = format!("only_if = \"{condition}\"\nargv = [\"make\"]\nas = \"b\"\n");
    format!(
        "{HEAD}{PACKAGE}{}{}",
        subtask("A", publish),
        subtask("B", &then)
    )
}

#[test]
fn a_condition_on_a_fact_is_typed_before_the_run() {
    for fine in [
        "a.count == 3",
        "a.count >= 3.5",
        "a.last_line != 'no'",
        "a.last_line in [yes, 'well, yes']",
        "a.ended == 3",
    ] {
        load(&only_if(fine)).unwrap_or_else(|problems| panic!("{fine}: {problems}"));
    }
    for (condition, told) in [
        ("a.count == 'three'", "is of the kind integer"),
        ("a.last_line == 3", "is of the kind text"),
        ("a.last_line < 3", "is of the kind text"),
        ("a.count < three", "compares numbers"),
        ("a.cuont == 3", "fact `a` has no field `cuont`"),
        ("b.count == 3", "is what `B` itself publishes"),
        ("a.count = 3", "compares nothing"),
        ("a.count in 3", "`in` needs a list"),
    ] {
        let refused = refused(&only_if(condition), &[]);
        assert!(refused.contains(told), "{condition}: {refused}");
    }
}
