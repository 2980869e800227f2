//! The steps of a job: the same checkouts everywhere, the run taken over, the gate, the run handed
//! on. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::cells::Cell;
use super::line::Job;
use super::recipe::{AROUND, RUNNER, Recipe, Started};
use super::yaml::quoted;
use crate::gate::Gate;
use crate::model::template::{look_up, quoted_names};

const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
const UPLOAD: &str = "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2";
const DOWNLOAD: &str =
    "actions/download-artifact@d3f86a106a0bac45b974a628896c90dbdf5c8093 # v4.3.0";
const NIX: &str = "cachix/install-nix-action@a49548c11d9846ad46ecc0115273879b045f001c # v31.10.7";
const ATTEST: &str = "actions/attest@1e69f48acb82d1966a394da916b4c1698aa569d6 # v4.2.2";
/// `github.token` reaches the workflow's own repository, and what is public.
const TOKEN: &str = "${{ secrets.GATE_GITHUB_TOKEN || github.token }}";

/// The secret that the jobs sign with.
const SIGNING_KEY: &str = "GATE_SIGNING_KEY";
/// Hands the secret to the gate in a file that only this step has.
const SIGN: [&str; 4] = [
    "(umask 077; printf '%s\\n' \"$GATE_SIGNING_KEY\" > \"$RUNNER_TEMP/signing-key\")",
    "unset GATE_SIGNING_KEY",
    "trap 'rm -f \"$RUNNER_TEMP/signing-key\"' EXIT",
    "arguments+=(--sign \"$RUNNER_TEMP/signing-key\")",
];

/// A checkout that the gate looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    /// Name of the table of parameters that names it.
    pub(super) name: String,
    pub(super) repository: String,
    /// Its directory in the workspace.
    pub(super) path: String,
}

/// The checkouts that a gate's parameters name: each table with a `repository` and a `checkout`.
pub(super) fn checkouts(gate: &Gate) -> Vec<Checkout> {
    let of = |(name, value): (&String, &Value)| {
        let table: &Map<String, Value> = value.as_object()?;
        let text = |key: &str| table.get(key)?.as_str().map(str::to_owned);
        Some(Checkout {
            name: name.clone(),
            repository: text("repository")?,
            path: text("checkout")?,
        })
    };
    gate.parameters.iter().filter_map(of).collect()
}

/// The steps of one job.
pub(super) struct Steps<'a> {
    pub(super) gate: &'a Gate,
    pub(super) recipe: &'a Recipe,
    pub(super) checkouts: &'a [Checkout],
    pub(super) cell: &'a Cell,
    pub(super) job: &'a Job<'a>,
    /// Its id.
    pub(super) id: &'a str,
    /// The id of the line's first job; none where this is it.
    pub(super) first: Option<&'a str>,
}

impl Steps<'_> {
    pub(super) fn text(&self) -> String {
        let mut text = "    steps:\n".to_owned();
        // Writing to a String cannot fail.
        let _ = self
            .check_out(&mut text)
            .and_then(|()| self.take_over(&mut text))
            .and_then(|()| self.run(&mut text))
            .and_then(|()| self.hand_on(&mut text));
        text
    }

    fn check_out(&self, text: &mut String) -> std::fmt::Result {
        if self.recipe.gate_file.is_some() || self.recipe.key.is_some() {
            writeln!(
                text,
                "      - uses: {CHECKOUT}\n        with:\n          path: gate-file\n          \
                 persist-credentials: false"
            )?;
        }
        for checkout in self.checkouts {
            let Checkout {
                name,
                repository,
                path,
            } = checkout;
            writeln!(
                text,
                "      - uses: {CHECKOUT}\n        with:\n          repository: {}\n          \
                 path: {}\n          fetch-depth: 0 # history and tags are judged\n          \
                 token: {TOKEN}\n          persist-credentials: false",
                quoted(repository),
                quoted(&format!("workspace/{path}")),
            )?;
            if let Some(first) = self.first {
                writeln!(
                    text,
                    "          ref: ${{{{ needs.{first}.outputs.{name} }}}}"
                )?;
            }
        }
        if self.first.is_none() && !self.checkouts.is_empty() {
            writeln!(text, "      - id: commits\n        run: |")?;
            for Checkout { name, path, .. } in self.checkouts {
                writeln!(
                    text,
                    "          echo \"{name}=$(git -C 'workspace/{path}' rev-parse HEAD)\" >> \
                     \"$GITHUB_OUTPUT\""
                )?;
            }
        }
        Ok(())
    }

    fn take_over(&self, text: &mut String) -> std::fmt::Result {
        let artifact = self.cell.artifact();
        writeln!(text, "      - name: take the run over")?;
        if self.first.is_none() {
            writeln!(text, "        if: inputs.resume != ''")?;
        }
        writeln!(
            text,
            "        uses: {DOWNLOAD}\n        with:\n          name: {artifact}\n          \
             path: ${{{{ runner.temp }}}}/taken-over"
        )?;
        if self.first.is_none() {
            writeln!(
                text,
                "          run-id: ${{{{ inputs.resume }}}}\n          \
                 github-token: ${{{{ github.token }}}}"
            )?;
        }
        if matches!(self.recipe.program, Started::Nix(_)) {
            writeln!(text, "      - uses: {NIX}")?;
        }
        Ok(())
    }

    fn run(&self, text: &mut String) -> std::fmt::Result {
        writeln!(
            text,
            "      - name: run the gate\n        id: gate\n        env:\n          \
             GH_TOKEN: {TOKEN}"
        )?;
        let signs = self.recipe.key.as_ref().map(|_| SIGNING_KEY.to_owned());
        for secret in self.secrets().into_iter().chain(signs) {
            writeln!(text, "          {secret}: ${{{{ secrets.{secret} }}}}")?;
        }
        if self.cell.candidate.is_none() {
            writeln!(text, "          CANDIDATE: ${{{{ inputs.candidate }}}}")?;
        }
        writeln!(text, "          UNTIL: ${{{{ inputs.until }}}}")?;
        if self.first.is_none() {
            writeln!(text, "          RESUME: ${{{{ inputs.resume }}}}")?;
        }
        writeln!(text, "        run: |")?;
        for line in self.script() {
            writeln!(text, "          {line}")?;
        }
        Ok(())
    }

    fn script(&self) -> Vec<String> {
        let only: Vec<&str> = self.job.ids().collect();
        let mut lines = vec![format!("arguments=(run --yes --only '{}')", only.join(","))];
        if let Some(file) = &self.recipe.gate_file {
            lines.push(format!(
                "arguments+=(--gate \"$GITHUB_WORKSPACE/gate-file/\"'{file}')"
            ));
        }
        lines.extend(
            [
                "arguments+=(--set \"workspace=$GITHUB_WORKSPACE/workspace\")",
                "arguments+=(--set \"state_dir=$RUNNER_TEMP/gate\")",
                "arguments+=(--bundle \"$RUNNER_TEMP/handed-on/bundle.tar.gz\")",
            ]
            .map(str::to_owned),
        );
        let mut trusting = String::new();
        if let Some(key) = &self.recipe.key {
            trusting = format!(" --key \"$GITHUB_WORKSPACE/gate-file/\"'{key}'");
            lines.extend(SIGN.map(str::to_owned));
        }
        let resume =
            format!("arguments+=(--resume \"$RUNNER_TEMP/taken-over/bundle.tar.gz\"{trusting})");
        lines.push(match self.first {
            None => format!("if [ -n \"$RESUME\" ]; then {resume}; fi"),
            Some(_) => resume,
        });
        lines.push(match &self.cell.candidate {
            Some(candidate) => format!("arguments+=(--candidate '{candidate}')"),
            None => "if [ -n \"$CANDIDATE\" ]; then arguments+=(--candidate \"$CANDIDATE\"); fi"
                .to_owned(),
        });
        if self.recipe.platforms.len() > 1 {
            // Each platform is a run of its own, and speaks for itself.
            lines.push("arguments+=(--again new)".to_owned());
        }
        lines.push("if [ \"$UNTIL\" != all ]; then arguments+=(--until \"$UNTIL\"); fi".to_owned());
        lines.push("mkdir \"$RUNNER_TEMP/handed-on\"".to_owned());
        lines.push(format!("{} \"${{arguments[@]}}\"", started(self.recipe)));
        lines
    }

    /// The secrets that the job's subtasks work with, by name.
    fn secrets(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        // What a canary gets is looked at before it runs, and again wherever it runs.
        let mut runs = false;
        for subtask in self
            .job
            .packages
            .iter()
            .flat_map(|package| &package.subtasks)
        {
            let declares = subtask.verb.declares();
            if declares.starts().contains(&"flyctl") || subtask.fields.get("app").is_some() {
                names.insert("FLY_API_TOKEN".to_owned());
            }
            runs |= declares.spends_a_run() || subtask.fields.get("pass").is_some();
        }
        if runs {
            names.extend(self.passed().into_iter().filter(|name| is_name(name)));
        }
        names
    }

    /// The operator's variables that the gate passes to a canary.
    fn passed(&self) -> Vec<String> {
        let parameters = Value::Object(self.gate.parameters.clone());
        let texts = |value: &Value| -> Vec<String> {
            let all = value.as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let named = |value: &Value| match value {
            Value::String(template) => {
                let names = quoted_names(template).unwrap_or_default();
                let values = names.iter().filter_map(|name| look_up(&parameters, name));
                values.flat_map(texts).collect()
            }
            list => texts(list),
        };
        let fields = self.gate.subtasks().map(|(_, subtask)| &subtask.fields);
        fields
            .filter_map(|fields| fields.get("pass"))
            .flat_map(named)
            .collect()
    }

    fn hand_on(&self, text: &mut String) -> std::fmt::Result {
        let (artifact, id) = (self.cell.artifact(), self.id);
        let bundle = "${{ runner.temp }}/handed-on/bundle.tar.gz";
        let paths = match &self.recipe.key {
            None => bundle.to_owned(),
            Some(_) => format!("|\n            {bundle}\n            {bundle}.intoto.jsonl"),
        };
        writeln!(
            text,
            "      - name: hand the run on, whatever the verdict\n        \
             if: always() && steps.gate.outputs.bundle != ''\n        uses: {UPLOAD}\n        \
             with:\n          name: {artifact}\n          \
             path: {paths}\n          \
             overwrite: true\n          if-no-files-found: error"
        )?;
        writeln!(
            text,
            "      - name: keep what was found out\n        if: always()\n        \
             uses: {UPLOAD}\n        with:\n          name: {id}-evidence\n          path: |\n            \
             ${{{{ runner.temp }}}}/gate/attempts/\n            \
             ${{{{ runner.temp }}}}/gate/runs/*/report.*\n          \
             overwrite: true\n          if-no-files-found: ignore"
        )
    }
}

/// The name of a variable that can be one of a secret as well.
fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = |first: char| first.is_ascii_alphabetic() || first == '_';
    letters.next().is_some_and(first)
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

fn started(recipe: &Recipe) -> String {
    match &recipe.program {
        Started::Nix(flake) => format!("nix run '{flake}' --"),
        Started::Installed => "gate".to_owned(),
    }
}

/// The job in which GitHub vouches for the bundles. It runs nothing that is judged, and alone has
/// the permissions to sign.
pub(super) fn vouching(after: &[String]) -> String {
    format!(
        "  vouch:\n    name: Vouch for the bundle\n    needs: [{}]\n    if: ${{{{ !cancelled() }}}}\n    \
         runs-on: {RUNNER}\n    timeout-minutes: {AROUND}\n    permissions:\n      \
         id-token: write # who this workflow is, for the signature\n      \
         attestations: write # where the signature is kept, beside the repository\n    steps:\n      \
         - uses: {DOWNLOAD}\n        with:\n          pattern: gate-run*\n          \
         path: ${{{{ runner.temp }}}}/runs\n      - uses: {ATTEST}\n        with:\n          \
         subject-path: ${{{{ runner.temp }}}}/runs/*/bundle.tar.gz\n",
        after.join(", "),
    )
}

/// The job that puts the verdicts of all cells side by side.
pub(super) fn verdicts(recipe: &Recipe, after: &[String]) -> String {
    let nix = match &recipe.program {
        Started::Nix(_) => format!("      - uses: {NIX}\n"),
        Started::Installed => String::new(),
    };
    let gate = started(recipe);
    format!(
        "  verdicts:\n    name: Verdicts\n    needs: [{}]\n    if: always()\n    \
         runs-on: {RUNNER}\n    timeout-minutes: {}\n    permissions: {{}}\n    steps:\n{nix}      \
         - uses: {DOWNLOAD}\n        with:\n          pattern: gate-run-*\n          \
         path: ${{{{ runner.temp }}}}/runs\n      - run: |\n          \
         bundles=(\"$RUNNER_TEMP\"/runs/*/bundle.tar.gz)\n          \
         {gate} matrix --format html \"${{bundles[@]}}\" > \"$RUNNER_TEMP/matrix.html\" || true\n          \
         {gate} matrix --format md \"${{bundles[@]}}\" >> \"$GITHUB_STEP_SUMMARY\"\n      \
         - if: always()\n        uses: {UPLOAD}\n        with:\n          \
         name: gate-matrix\n          path: ${{{{ runner.temp }}}}/matrix.html\n          \
         overwrite: true\n",
        after.join(", "),
        AROUND,
    )
}
