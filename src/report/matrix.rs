//! Several runs side by side: candidates × platforms, one verdict each. What is not a verdict on a
//! release never looks like one: a partial run, a rehearsal and a bundle that does not verify are
//! labelled as such. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::style::Style;
use crate::model::Verdict;

/// Version of the matrix's JSON.
pub const MATRIX_FORMAT: u32 = 1;

/// Verdicts side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Matrix {
    /// See [`MATRIX_FORMAT`].
    pub format: u32,
    /// The worst of the verdicts; none if there is no verdict.
    pub verdict: Option<Verdict>,
    /// One per bundle, in the order given.
    pub cells: Vec<MatrixCell>,
}

/// One bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixCell {
    /// The file, as it was named on the command line.
    pub bundle: String,
    /// Its digest; none if it could not be read.
    pub sha256: Option<String>,
    /// Id of the run.
    pub run: Option<String>,
    /// Gate, by name and digest.
    pub gate: Option<String>,
    /// The candidate, by package and version.
    pub candidate: Option<String>,
    /// The machine on which its run ended.
    pub platform: Option<String>,
    /// A description of the result.
    pub words: String,
    /// The verdict; none if the bundle does not verify.
    pub verdict: Option<Verdict>,
    /// Whether it is a verdict on the whole gate, in the real world.
    pub whole: bool,
    /// Failed checks, or why it cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

impl Matrix {
    /// The matrix of these bundles.
    #[must_use]
    pub fn new(cells: Vec<MatrixCell>) -> Self {
        // A bundle that does not verify shows nothing, and unknown is never pass.
        let of = |cell: &MatrixCell| cell.verdict.unwrap_or(Verdict::Error);
        Self {
            format: MATRIX_FORMAT,
            verdict: cells.iter().map(of).max(),
            cells,
        }
    }

    /// Whether each is a passed verdict on its whole gate in the real world.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        let passed = |cell: &MatrixCell| cell.whole && cell.verdict == Some(Verdict::Passed);
        !self.cells.is_empty() && self.cells.iter().all(passed)
    }

    /// Rows by candidate, columns by platform.
    fn table(&self) -> (Vec<&str>, BTreeMap<&str, Vec<Vec<&MatrixCell>>>) {
        let mut platforms: Vec<&str> = self.cells.iter().map(MatrixCell::column).collect();
        platforms.sort_unstable();
        platforms.dedup();
        let mut rows: BTreeMap<&str, Vec<Vec<&MatrixCell>>> = BTreeMap::new();
        for cell in &self.cells {
            let row = rows.entry(cell.row());
            let row = row.or_insert_with(|| vec![Vec::new(); platforms.len()]);
            if let Ok(at) = platforms.binary_search(&cell.column()) {
                row[at].push(cell);
            }
        }
        (platforms, rows)
    }
}

impl MatrixCell {
    fn row(&self) -> &str {
        self.candidate
            .as_deref()
            .unwrap_or("no candidate on record")
    }

    fn column(&self) -> &str {
        self.platform.as_deref().unwrap_or("no platform on record")
    }
}

/// The matrix as text.
#[must_use]
pub fn matrix_text(matrix: &Matrix, style: Style) -> String {
    let mut out = String::new();
    let width = |of: fn(&MatrixCell) -> &str| {
        let lengths = matrix.cells.iter().map(|cell| of(cell).chars().count());
        lengths.max().unwrap_or(0)
    };
    let (first, second) = (width(MatrixCell::row), width(MatrixCell::column));
    let (_, rows) = matrix.table();
    for cell in rows.values().flatten().flatten() {
        let words = style.bold(&cell.words);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{:<first$}  {:<second$}  {words}",
            cell.row(),
            cell.column()
        );
        let run = cell.run.as_deref().unwrap_or("no run on record");
        let _ = writeln!(out, "    run {run}, {}", cell.bundle);
        for fault in &cell.faults {
            let _ = writeln!(out, "    {fault}");
        }
    }
    out
}

/// The matrix as Markdown.
#[must_use]
pub fn matrix_markdown(matrix: &Matrix) -> String {
    let (platforms, rows) = matrix.table();
    let cell = |text: &str| -> String {
        let plain = |letter: char| match letter {
            '|' => "\\|".to_owned(),
            '<' => "&lt;".to_owned(),
            '`' | '*' | '_' | '[' | ']' => format!("\\{letter}"),
            letter if letter.is_control() => " ".to_owned(),
            letter => letter.to_string(),
        };
        text.chars().map(plain).collect()
    };
    let mut out = String::from("| |");
    for platform in &platforms {
        let _ = write!(out, " {} |", cell(platform));
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(platforms.len()));
    for (candidate, row) in rows {
        let _ = write!(out, "| {} |", cell(candidate));
        for cells in row {
            let words: Vec<String> = cells.iter().map(|one| cell(&one.words)).collect();
            let _ = write!(out, " {} |", words.join("<br>"));
        }
        out.push('\n');
    }
    out
}

/// The matrix as JSON; see [`MATRIX_FORMAT`].
#[must_use]
pub fn matrix_json(matrix: &Matrix) -> String {
    serde_json::to_string_pretty(matrix).unwrap_or_default() + "\n"
}

/// The matrix as one self-contained page without scripts.
#[must_use]
pub fn matrix_html(matrix: &Matrix) -> String {
    const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;\
        margin:2rem;max-width:72rem}table{border-collapse:collapse}th,td{border:1px solid #8888;\
        padding:.5rem .75rem;text-align:left;vertical-align:top}td p{margin:0 0 .25rem}\
        .passed{border-left:.4rem solid #2a7d2a}.other{border-left:.4rem solid #b3261e}\
        .part{border-left:.4rem solid #8a6d00}small{display:block;overflow-wrap:anywhere}";
    let (platforms, rows) = matrix.table();
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'\">\n<title>Verdicts</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <main>\n<h1>Verdicts</h1>\n<table>\n<tr><td></td>"
    );
    for platform in &platforms {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(platform));
    }
    out.push_str("</tr>\n");
    for (candidate, row) in rows {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(candidate));
        for cells in row {
            out.push_str("<td>");
            for cell in cells {
                html_cell(&mut out, cell);
            }
            out.push_str("</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n</main>\n</body>\n</html>\n");
    out
}

fn html_cell(out: &mut String, cell: &MatrixCell) {
    let class = match (cell.verdict, cell.whole) {
        (Some(Verdict::Passed), true) => "passed",
        (Some(Verdict::Passed), false) => "part",
        _ => "other",
    };
    let small = |text: &str| format!("<small>{}</small>", escaped(text));
    let run = cell.run.iter().map(|run| small(&format!("run {run}")));
    let mut details: Vec<String> = run.collect();
    details.extend(cell.gate.iter().map(|gate| small(gate)));
    details.push(small(&cell.bundle));
    details.extend(
        cell.sha256
            .iter()
            .map(|sum| small(&format!("sha256:{sum}"))),
    );
    details.extend(cell.faults.iter().map(|fault| small(fault)));
    let _ = write!(
        out,
        "<div class=\"{class}\"><p><strong>{}</strong></p>{}</div>",
        escaped(&cell.words),
        details.concat()
    );
}

/// A text escaped for a page, with control characters, which could change the text direction, made
/// visible.
fn escaped(text: &str) -> String {
    let one = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        letter if letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter) => {
            "\u{fffd}".to_owned()
        }
        letter => letter.to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(candidate: &str, platform: &str, verdict: Option<Verdict>) -> MatrixCell {
        MatrixCell {
            bundle: format!("{candidate}-{platform}.tar.gz"),
            sha256: Some("ab".to_owned()),
            run: Some("01".to_owned()),
            gate: None,
            candidate: Some(candidate.to_owned()),
            platform: Some(platform.to_owned()),
            words: verdict.map_or("NOT INTACT".to_owned(), |verdict| verdict.to_string()),
            verdict,
            whole: true,
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_worst_counts_and_what_does_not_hold_is_no_verdict() {
        let passed = || cell("rc16", "linux", Some(Verdict::Passed));
        assert!(Matrix::new(vec![passed()]).all_passed());
        assert!(!Matrix::new(Vec::new()).all_passed());
        let broken = Matrix::new(vec![passed(), cell("rc16", "macos", None)]);
        assert_eq!(broken.verdict, Some(Verdict::Error));
        assert!(!broken.all_passed());
        let part = MatrixCell {
            whole: false,
            ..passed()
        };
        assert!(!Matrix::new(vec![part]).all_passed());
    }

    #[test]
    fn candidates_are_rows_and_platforms_columns() {
        let matrix = Matrix::new(vec![
            cell("rc17", "macos", Some(Verdict::Failed)),
            cell("rc16", "linux", Some(Verdict::Passed)),
            cell("rc16", "macos", None),
            cell("rc16", "linux", Some(Verdict::Blocked)),
        ]);
        let markdown = matrix_markdown(&matrix);
        assert_eq!(
            markdown,
            "| | linux | macos |\n|---|---|---|\n| rc16 | passed<br>blocked | NOT INTACT |\n| \
             rc17 |  | failed |\n"
        );
        let text = matrix_text(&matrix, Style::Plain);
        assert!(text.starts_with("rc16  linux  passed\n    run 01, rc16-linux.tar.gz\n"));
    }

    #[test]
    fn no_name_is_more_than_a_text() {
        let hostile = "<script>alert(1)</script>|\n`x`\u{202e}";
        let matrix = Matrix::new(vec![cell(hostile, hostile, None)]);
        let page = matrix_html(&matrix);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{202e}'));
        let markdown = matrix_markdown(&matrix);
        assert_eq!(markdown.lines().count(), 3);
        assert!(!markdown.contains("<script"));
    }
}
