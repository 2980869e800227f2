//! What git takes for an option, and where it writes.

use super::*;

fn judged(directory: &str, line: &str) -> Result<(), Refusal> {
    let words: Vec<String> = line.split(' ').map(|word| word.replace('~', " ")).collect();
    judge(&Place::new(directory), &words)
}

#[track_caller]
fn refused(directory: &str, lines: &[&str], why: &str) {
    for line in lines {
        let refusal = judged(directory, line).expect_err(line);
        assert!(refusal.contains(why), "{line}: {refusal}");
    }
}

#[track_caller]
fn allowed(directory: &str, lines: &[&str]) {
    for line in lines {
        assert_eq!(judged(directory, line), Ok(()), "{line}");
    }
}

const CHECKOUT: &str = "‹workspace›/spec-kitty";
const RUN: &str = "‹run›/x";

/// Git takes the word behind `--grep`, `-e` or `-L` for its value, whatever it is.
#[test]
fn an_end_of_options_that_may_be_a_value_ends_nothing() {
    refused(
        CHECKOUT,
        &[
            "log -p --grep --end-of-options --output=/x",
            "log -p --grep -- --output=/x",
            "log -p --author --end-of-options --output=/x",
            "grep -e -- --open-files-in-pager=touch~/x",
            "grep -e --end-of-options -Otouch",
            "grep -e -- -- -Otouch",
            "blame -L -- --output=/x F",
            "blame -- F --output=/x",
            "blame -s HEAD -- F --output=/x",
            "shortlog -n -- --output=/x",
        ],
        "another program or write elsewhere",
    );
    refused(
        RUN,
        &["update-index --cacheinfo 100644 abc -- --fsmonitor"],
        "another program or write elsewhere",
    );
    allowed(
        CHECKOUT,
        &[
            "log -p HEAD -- --output=/x",
            "log --grep=x -- -odd",
            "log --grep -- -p HEAD",
            "grep -l -e x HEAD -- *.py",
            "blame -L 1,2 -- F",
            "diff --stat HEAD --end-of-options -odd",
        ],
    );
}

/// As the gate itself asks git: grep for `Program::new(["git"` and for what `Git::text` is given.
#[test]
fn what_the_gate_asks_itself_is_allowed() {
    let commit = "1111111111111111111111111111111111111111";
    let with_commit = |line: &str| line.replace("COMMIT", commit);
    let lines = [
        "rev-parse --verify --end-of-options refs/tags/v3.2.0rc16^{commit}",
        "rev-parse --verify --quiet --end-of-options COMMIT^{commit}",
        "rev-parse --verify --quiet v3.2.0rc16",
        "rev-parse --verify HEAD",
        "rev-parse --is-shallow-repository",
        "rev-parse --git-path objects --git-common-dir",
        "-c core.fsmonitor=false status --porcelain=v1 -z --untracked-files=all",
        "status --porcelain --untracked-files=normal",
        "branch --show-current",
        "show-ref --tags",
        "ls-files -z",
        "ls-files --others -z",
        "merge-base --is-ancestor COMMIT COMMIT",
        "cat-file commit COMMIT",
        "cat-file --batch-check",
        "cat-file --batch",
        "show -s --format=%ct COMMIT",
        "describe --tags --abbrev=0 COMMIT",
        "log --first-parent --format=%P%x09%s -n3 COMMIT",
        "log --all -E --grep=#7([^0-9]|$) -n50 --format=%H%x09%s",
        "ls-tree -r -z --full-tree COMMIT",
        "ls-tree --full-tree --name-only COMMIT -- -odd.py",
        "grep -l -z --full-name -i -F --all-match -e for~review -e x COMMIT -- *.py",
        "-c core.attributesFile=/dev/stdin -c diff.python.binary=true --literal-pathspecs \
         diff-tree -r --binary --full-index --no-renames COMMIT COMMIT -- -odd.py",
        "config --list --name-only -z",
    ];
    for line in lines {
        assert_eq!(judged(CHECKOUT, &with_commit(line)), Ok(()), "{line}");
    }
    allowed(
        RUN,
        &[
            "--literal-pathspecs rm -q -f --ignore-unmatch --pathspec-from-file=- \
             --pathspec-file-nul",
            "--literal-pathspecs checkout --quiet abc --pathspec-from-file=- --pathspec-file-nul",
            "--work-tree=‹run›/audit/after --literal-pathspecs add --force \
             --pathspec-from-file=- --pathspec-file-nul",
            "checkout-index -z --stdin",
            "init --quiet --template= --initial-branch=main --object-format=sha256 ‹run›/x/before",
            "reset --quiet --hard COMMIT",
        ],
    );
    allowed(
        CHECKOUT,
        &[
            "for-each-ref --format=%(refname)~%(objectname)",
            "diff-tree -r -z -M --raw --no-abbrev COMMIT COMMIT",
        ],
    );
}

#[test]
fn a_prefix_or_an_output_is_a_place_in_the_run_in_either_spelling() {
    refused(
        RUN,
        &[
            "checkout-index -a --prefix=/elsewhere/",
            "checkout-index -a --prefix /elsewhere/",
            "checkout-index -a --prefix=‹workspace›/x/",
            "checkout-index -a --prefix=../../x/",
            "checkout-index -a --prefix=‹run›/../x/",
            "checkout-index -a --prefix=‹run›/x/ --prefix=/elsewhere/",
            "archive --output=‹run›/x --output /elsewhere HEAD",
            "archive --output /elsewhere HEAD",
        ],
        "outside the run directory",
    );
    refused(RUN, &["checkout-index --prefix"], "lacks its value");
    refused(RUN, &["checkout-index --prefix -a"], "lacks its value");
    allowed(
        RUN,
        &[
            "checkout-index -a",
            "checkout-index -a --prefix=‹run›/y/",
            "checkout-index -a --prefix ‹run›/y/",
            "checkout-index -a --prefix=out/",
            "archive --prefix=x/ --output=‹run›/x.tar HEAD",
            "archive --format tar --output ‹run›/x.tar HEAD",
        ],
    );
    refused(
        CHECKOUT,
        &["checkout-index -a --prefix=out/"],
        "outside the run directory",
    );
}

#[test]
fn a_repository_is_only_made_in_the_run() {
    refused(
        RUN,
        &[
            "init --initial-branch main /elsewhere",
            "init -q /elsewhere",
            "init ‹workspace›/y",
            "init ‹run›/y /elsewhere",
            "init ‹run›/y ‹run›/z",
            "init ‹run›/../y",
        ],
        "outside the run directory",
    );
    refused(
        CHECKOUT,
        &["init", "init --initial-branch main"],
        "outside the run directory",
    );
    allowed(
        RUN,
        &[
            "init",
            "init -q ‹run›/y",
            "init --initial-branch main ‹run›/y",
            "init --initial-branch=main --bare ‹run›/y",
        ],
    );
    refused(
        CHECKOUT,
        &["clone --branch ‹workspace›/y ‹run›/x"],
        "another place",
    );
    allowed(
        CHECKOUT,
        &["clone --shared --branch main --depth 1 ‹workspace›/y ‹run›/x"],
    );
}

#[test]
fn a_letter_that_is_no_ascii_is_no_panic() {
    let why = "another program or write elsewhere";
    refused(CHECKOUT, &["log -é", "log -né", "log --é", "log -é5"], why);
    allowed(CHECKOUT, &["log -n5"]);
    refused(CHECKOUT, &["log -n5x", "log -n5/x", "log -x5"], why);
}
