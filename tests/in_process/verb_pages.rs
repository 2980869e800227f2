//! What `gate verbs` shows: every verb, with a gate file that is accepted as it is. The pages in
//! `docs/verbs/` are the same; `UPDATE=1` writes them.

use std::path::{Path, PathBuf};

use canary_gate::gate::{Gate, reference};
use canary_gate::verbs::Verb;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verbs")
}

#[test]
fn every_verb_is_listed_in_one_line() {
    let index = reference::index();
    for name in Verb::NAMES {
        let line = index
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        let about = line
            .map(|line| line[name.len()..].trim())
            .unwrap_or_default();
        assert!(about.len() > 20 && about.ends_with('.'), "{name}: {about}");
    }
}

#[test]
fn every_example_is_a_gate() {
    for name in Verb::NAMES {
        let text = reference::example_of(name);
        let gate = Gate::load("example.toml", text, &|_| Some("Checked.\n".to_owned()));
        let gate = gate.unwrap_or_else(|problems| panic!("{name}: {problems}"));
        let (_, last) = gate.subtasks().last().unwrap();
        assert_eq!(last.verb.name(), *name);
    }
}

#[test]
fn the_pages_are_those_of_the_program() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut there: Vec<String> = std::fs::read_dir(directory())
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in Verb::NAMES {
        let page = reference::page(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let file = directory().join(format!("{name}.md"));
        if update {
            std::fs::create_dir_all(directory()).unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == page,
            "docs/verbs/{name}.md is not the program's: UPDATE=1 writes it"
        );
        there.retain(|other| *other != format!("{name}.md"));
    }
    assert!(update || there.is_empty(), "pages of no verb: {there:?}");
}

#[test]
fn a_page_shows_all_that_a_gate_needs() {
    let page = reference::page("run-program").unwrap();
    for words in [
        "| `argv` | list of text | required |",
        "| `expect.exit` | list of integer | `[0]` |",
        "| `publish.NAME.type` |",
        "| `tests.passed` | integer |",
        "| `tests.sha256` | text |",
        "- run `cargo test --offline`, which writes service/target",
        "- `programs`: cargo",
        "uses = \"run-program\"",
    ] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    let near = reference::page("run-programm").unwrap_err();
    assert_eq!(near, "did you mean `run-program`?");
}
