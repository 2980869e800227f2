//! Generated git repositories, written in one go with `git fast-import`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A commit to generate: its parents by mark, its whole tree, its message.
pub(crate) struct Commit {
    pub(crate) parents: Vec<usize>,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) message: String,
}

/// Collects commits and writes them as one repository.
#[derive(Default)]
pub(crate) struct Builder {
    commits: Vec<Commit>,
}

/// A generated repository.
pub(crate) struct Repo {
    pub(crate) path: PathBuf,
    /// Names of its commits, by mark.
    pub(crate) names: Vec<String>,
}

/// A tree from path and text pairs.
pub(crate) fn tree(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

impl Builder {
    /// Adds a commit; gives its mark.
    pub(crate) fn commit(
        &mut self,
        parents: &[usize],
        files: BTreeMap<String, Vec<u8>>,
        message: &str,
    ) -> usize {
        self.commits.push(Commit {
            parents: parents.to_vec(),
            files,
            message: message.to_owned(),
        });
        self.commits.len() - 1
    }

    /// Writes the repository; `main` stands at the last commit and is checked out.
    pub(crate) fn write(self, path: &Path) -> Repo {
        git(
            path.parent().unwrap(),
            &["init", "-q", "-b", "main", path.to_str().unwrap()],
        );
        let marks = path.join(".git/marks");
        let mut stream = Vec::new();
        for (mark, commit) in self.commits.iter().enumerate() {
            let mut head = format!(
                "commit refs/heads/c{mark}\nmark :{}\ncommitter A <a@b> {} +0000\ndata {}\n{}\n",
                mark + 1,
                1_700_000_000 + mark,
                commit.message.len(),
                commit.message
            );
            for (at, parent) in commit.parents.iter().enumerate() {
                let word = if at == 0 { "from" } else { "merge" };
                writeln!(head, "{word} :{}", parent + 1).unwrap();
            }
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(b"deleteall\n");
            for (file, bytes) in &commit.files {
                let head = format!("M 100644 inline {file}\ndata {}\n", bytes.len());
                stream.extend_from_slice(head.as_bytes());
                stream.extend_from_slice(bytes);
                stream.push(b'\n');
            }
        }
        import(path, &marks, &stream);
        let last = self.commits.len() - 1;
        git(
            path,
            &[
                "update-ref",
                "refs/heads/main",
                &format!("refs/heads/c{last}"),
            ],
        );
        git(path, &["reset", "-q", "--hard"]);
        let text = std::fs::read_to_string(marks).unwrap();
        let mut names = vec![String::new(); self.commits.len()];
        for line in text.lines() {
            let (mark, name) = line.split_once(' ').unwrap();
            let mark: usize = mark[1..].parse().unwrap();
            name.clone_into(&mut names[mark - 1]);
        }
        Repo {
            path: path.to_owned(),
            names,
        }
    }
}

fn import(path: &Path, marks: &Path, stream: &[u8]) {
    use std::io::Write as _;
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .arg(format!("--export-marks={}", marks.display()))
        .current_dir(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Runs git; gives its standard output.
pub(crate) fn git(at: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@b",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .current_dir(at)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
