//! Runs an installer, and reports the wheel that it refuses.

use crate::model::Finding;
use crate::verb::programs::with_output;
use crate::verb::{Ctx, VerbError};
use crate::world::{Place, Program};

/// Lets an installer change a directory besides its home; it is created if missing.
pub(super) fn writing(mut program: Program, directory: Place) -> Program {
    let sandbox = program.sandbox.get_or_insert_default();
    sandbox.writable.push(directory);
    program
}

/// The directory of a file.
pub(super) fn beside(file: &Place) -> Place {
    let (directory, _) = file.as_str().rsplit_once('/').unwrap_or_default();
    Place::new(directory)
}

/// Runs an installer; a wheel that it refuses is named in the first line.
pub(super) async fn run_installer(ctx: &Ctx, mut program: Program) -> Result<(), VerbError> {
    program.limit = ctx.limit().max(program.limit);
    let words: Vec<String> = program
        .argv
        .iter()
        .filter(|word| !word.starts_with('-'))
        .take(2)
        .cloned()
        .collect();
    let finished = ctx.run(program).await?;
    if finished.success() {
        return Ok(());
    }
    let said = format!("{}\n{}", finished.stderr.text, finished.stdout.text);
    let finding = match refused_wheel(&said) {
        Some(wheel) => refused(&wheel),
        None => Finding::new(format!(
            "`{}` ended with {}",
            words.join(" "),
            finished.ended
        )),
    };
    Err(VerbError::error(with_output(finding, &finished.stderr)))
}

/// A wheel whose bytes are not the lock's.
pub(super) fn refused(wheel: &str) -> Finding {
    Finding::new(format!("the bytes of {wheel} are not those of the lock"))
        .remedy("find out who changed them; do not install it")
}

/// The wheel whose hash or size differs, from uv's or pip's message. Only used for display.
fn refused_wheel(said: &str) -> Option<String> {
    let of_uv = |line: &str| {
        let marks = ["Hash mismatch for ", "Size mismatch for "];
        let rest = marks
            .iter()
            .find_map(|mark| Some(line.split_once(mark)?.1))?;
        Some(format!("`{}`", rest.split('`').nth(1)?))
    };
    let of_pip = || {
        let (_, listed) = said.split_once("THESE PACKAGES DO NOT MATCH THE HASHES")?;
        let line = listed.lines().find(|line| line.contains(" from "))?;
        Some(format!("`{}`", line.trim().split(' ').next()?))
    };
    said.lines().find_map(of_uv).or_else(of_pip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_wheel_is_named() {
        // As uv 0.13.9 says it through pipx 1.18.4.
        let said = "Some possibly relevant errors from uv install:\n    error: Failed to download `spec-kitty-cli==3.2.0rc16`\n      cause: Hash mismatch for `spec-kitty-cli==3.2.0rc16`\n             Expected:\n";
        assert_eq!(
            refused_wheel(said).as_deref(),
            Some("`spec-kitty-cli==3.2.0rc16`")
        );
        let size =
            "      cause: Size mismatch for `a==1`: expected 841 bytes, but downloaded 976 bytes";
        assert_eq!(refused_wheel(size).as_deref(), Some("`a==1`"));
        assert_eq!(refused_wheel("error: no space left"), None);
    }
}
