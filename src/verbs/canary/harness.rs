//! The sandbox of the harness: it works with the service and with daemons of its own, so it has the
//! network and sees processes; of files it has its project, the run's home, and the checkouts that
//! its variables name.

use std::collections::BTreeSet;

use crate::world::{EnvBase, Place, Program, Sandbox};

/// What a program of the harness may see and change.
pub(in crate::verbs) fn sandbox(
    program: &Program,
    project: &Place,
    report: Option<&Place>,
) -> Sandbox {
    let cache = |name: &str| Place::new(Place::CACHE).join(name);
    let mut writable = vec![project.clone(), Place::run("home")];
    if program.base == EnvBase::Installer {
        writable.extend(["uv", "pip", "python"].map(cache));
    }
    let named: BTreeSet<Place> = program
        .env
        .values()
        .flat_map(|value| checkouts(value))
        .collect();
    let readable = named.into_iter().filter(|place| !writable.contains(place));
    Sandbox {
        readable: readable.collect(),
        writable,
        report: report.cloned(),
        network: true,
        processes: true,
        ..Sandbox::default()
    }
}

/// The checkouts in a variable's value.
fn checkouts(value: &str) -> impl Iterator<Item = Place> {
    let start = format!("{}/", Place::WORKSPACE);
    value.split([':', ',']).filter_map(move |part| {
        let checkout = part.strip_prefix(&start)?.split('/').next()?;
        (!checkout.is_empty()).then(|| Place::workspace(checkout))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sees_its_project_and_what_its_variables_name() {
        let mut program = Program::new(["bash"]);
        for (name, value) in [
            ("REPO", "‹workspace›/spec-kitty"),
            ("X", "‹workspace›/e2e/y:/z"),
        ] {
            program.env.insert(name.to_owned(), value.to_owned());
        }
        let sandbox = sandbox(&program, &Place::workspace("e2e"), None);
        assert_eq!(sandbox.readable, [Place::workspace("spec-kitty")]);
        assert_eq!(
            sandbox.writable,
            [Place::workspace("e2e"), Place::run("home")]
        );
        assert!(sandbox.network && sandbox.processes);
    }
}
