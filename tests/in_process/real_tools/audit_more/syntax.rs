//! The comparison alone: another language, renamed classes, garbage.

use std::collections::BTreeMap;

use canary_gate::audit::syntax::{Aside, FilePair, LoggingNames, compare};

#[test]
fn a_second_language_is_read_by_the_same_rules() {
    let before = "use log::info;\n\n/// Drains.\npub fn drain(lanes: &[Lane]) -> usize {\n    let mut sent = 0;\n    for lane in lanes {\n        if lane.is_open() {\n            sent += 1;\n        }\n    }\n    sent\n}\n\npub struct Queue;\n\nimpl Queue {\n    fn wait(&self) {\n        pause(30);\n    }\n}\n";
    let judge = |edits: &[(&str, &str)]| {
        let mut after = before.to_owned();
        for (find, replace) in edits {
            assert!(after.contains(find), "no `{find}`");
            after = after.replacen(find, replace, 1);
        }
        let pair = FilePair {
            path: "src/queue.rs".to_owned(),
            before: Some(before.to_owned()),
            after: Some(after),
        };
        compare(&[pair], &LoggingNames::default())
    };
    let nothing: [&[(&str, &str)]; 6] = [
        &[("/// Drains.", "/// Drains all of it.")],
        &[(
            "            sent += 1;\n",
            "            info!(\"sent {}\", lane.len());\n            sent += 1;\n",
        )],
        &[(
            "        pause(30);\n",
            "        tracing::debug!(lane = %self.name, \"waits\");\n        println!(\"waits\");\n        pause(30);\n",
        )],
        &[("let mut sent = 0;", "let mut sent: usize = 0;")],
        &[(
            "    let mut sent = 0;\n    for",
            "    let mut sent =\n        0;\n\n    for",
        )],
        &[(
            "pub struct Queue;\n",
            "pub struct Queue;\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn it_waits() {\n        super::pause(1);\n    }\n}\n",
        )],
    ];
    for edits in nothing {
        let compared = judge(edits);
        assert_eq!(compared.changes, [], "{edits:?}");
        assert!(!compared.ignored.is_empty(), "{edits:?}");
    }
    let behaviour: [&[(&str, &str)]; 4] = [
        &[("if lane.is_open()", "if lane.is_open() && sent < 3")],
        &[(
            "            sent += 1;\n",
            "            info!(\"sent {}\", lane.take());\n            sent += 1;\n",
        )],
        &[(
            "        pause(30);\n",
            "        pause(30);\n        self.flush();\n",
        )],
        &[(
            "pub fn drain(lanes: &[Lane])",
            "pub fn drain(lanes: &mut [Lane])",
        )],
    ];
    for edits in behaviour {
        let compared = judge(edits);
        assert!(!compared.changes.is_empty(), "{edits:?}");
        assert!(
            !compared.changes.iter().all(|change| change.numeric),
            "{edits:?}"
        );
    }
    let timeout = judge(&[("pause(30)", "pause(60)")]);
    assert!(
        timeout
            .changes
            .iter()
            .all(|change| change.numeric && change.function == "Queue.wait")
    );
    assert!(!timeout.changes.is_empty());
}

#[test]
fn renamed_files_and_classes_are_told_as_moves() {
    let pair = |before: &str, after: &str| FilePair {
        path: "src/app/a.py".to_owned(),
        before: Some(before.to_owned()),
        after: Some(after.to_owned()),
    };
    let before = "class Old:\n    limit = \"a\"\n\n    def go(self):\n        return Old.limit\n\n\ndef make():\n    return Old()\n";
    let compared = compare(
        &[pair(before, &before.replace("Old", "New"))],
        &LoggingNames::default(),
    );
    assert_eq!(compared.changes, []);
    assert!(
        compared
            .ignored
            .iter()
            .all(|ignored| ignored.why == Aside::Moved)
    );
    let swapped = before.replace("return Old()", "return Other()");
    assert_eq!(
        compare(&[pair(before, &swapped)], &LoggingNames::default())
            .changes
            .len(),
        1
    );
}

#[test]
fn garbage_never_panics() {
    let words = [
        "def f(",
        "):\n",
        "    ",
        "if x:\n",
        "logger.info(",
        "\"",
        "'''",
        "lambda: ",
        "\n",
        "a = ",
        "(",
        ")",
        "[",
        "import ",
        "from . import *",
        "🦀",
        "class A:\n",
        "\t",
        "@",
        "await ",
        "*",
    ];
    let mut seed = 7_u64;
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..400 {
        let mut text = String::new();
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(words[usize::try_from(seed >> 33).unwrap() % words.len()]);
        }
        texts.push(text);
    }
    let mut judged: BTreeMap<bool, usize> = BTreeMap::new();
    for two in texts.chunks(2) {
        for path in ["a.py", "a.rs"] {
            let pair = FilePair {
                path: path.to_owned(),
                before: Some(two[0].clone()),
                after: Some(two[1].clone()),
            };
            let compared = compare(&[pair], &LoggingNames::default());
            *judged.entry(compared.unreadable.is_empty()).or_default() += 1;
        }
    }
    assert!(judged.contains_key(&false), "{judged:?}");
}
