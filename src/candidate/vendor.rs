//! Stores the wheels of a lock with the evidence, so that it can be installed again without
//! network.

use std::fmt::Write;
use std::time::Duration;

use super::home::Home;
use super::installer::{refused, run_installer, writing};
use super::lock::{self, Lock};
use super::lock_file::Wheel;
use crate::model::Finding;
use crate::verb::programs::must_succeed;
use crate::verb::{Ctx, VerbError};
use crate::world::{Effect, FileSeen, ListFiles, Place, WriteFile};

/// Name of the directory with the wheels, beside the vendored lock.
const WHEELS: &str = "wheels";

/// Downloads the wheels that this machine's `python3` would install, each checked against the lock,
/// into `to/wheels`, and writes `to/pylock.toml`, which names them by path. Temporary files go into
/// `scratch`.
///
/// # Errors
/// If one is not available, or its bytes are not those of the lock.
pub async fn vendor(
    ctx: &Ctx,
    home: &Home,
    lock: &Lock,
    scratch: &Place,
    to: &Place,
) -> Result<Lock, VerbError> {
    ctx.progress(format!(
        "keeping the wheels of {} packages",
        lock.packages.len()
    ));
    let (links, requirements, wheels) = (
        scratch.join("links.html"),
        to.join("requirements.txt"),
        to.join(WHEELS),
    );
    write(ctx, links.clone(), links_to(lock)).await?;
    write(ctx, requirements.clone(), lock.requirements()).await?;
    let python = pip(ctx, home, scratch).await?;
    // pip takes the best wheel for the machine, from the lock's own addresses only.
    let argv = [
        &python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-index",
        "--find-links",
        links.as_str(),
        "--requirement",
        requirements.as_str(),
        "--dest",
        wheels.as_str(),
    ];
    let download = home.installer(argv.map(str::to_owned).into());
    let mut download = writing(writing(download, scratch.clone()), to.clone());
    download.limit = ctx.limit().max(Duration::from_mins(5));
    run_installer(ctx, download).await?;
    let kept = kept(ctx, lock, &wheels).await?;
    let place = to.join("pylock.toml");
    write(ctx, place.clone(), vendored(lock, &kept)).await?;
    lock::read(ctx, place).await
}

/// An interpreter with pip: the `python3` on PATH, or a virtual environment created for this.
async fn pip(ctx: &Ctx, home: &Home, scratch: &Place) -> Result<String, VerbError> {
    let argv = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let asked = home.installer(argv(&["python3", "-m", "pip", "--version"]));
    if ctx.run(asked).await?.success() {
        return Ok("python3".to_owned());
    }
    let own = scratch.join("pip");
    must_succeed(
        ctx,
        writing(
            home.installer(argv(&["python3", "-m", "venv", "--clear", own.as_str()])),
            scratch.clone(),
        ),
    )
    .await?;
    Ok(own.join("bin/python").to_string())
}

/// The stored wheel of each package, in the lock's order.
async fn kept<'l>(ctx: &Ctx, lock: &'l Lock, wheels: &Place) -> Result<Vec<&'l Wheel>, VerbError> {
    let files = wheels_in(ctx, wheels).await?;
    let mut found = Vec::new();
    for package in &lock.packages {
        let is_there = |wheel: &&Wheel| {
            files
                .iter()
                .any(|file| file.path.file_name() == wheel.file && file.sha256 == wheel.sha256)
        };
        let Some(wheel) = package.wheels.iter().find(is_there) else {
            let what = format!(
                "no wheel of `{}` {} was kept",
                package.name, package.version
            );
            return Err(VerbError::error(Finding::new(what)));
        };
        found.push(wheel);
    }
    Ok(found)
}

/// Shows that the wheels which a vendored lock names are beside it, byte for byte. The installer
/// checks again; this reports the wheel before anything is installed.
///
/// # Errors
/// If one is missing or was changed.
pub async fn check_wheels(ctx: &Ctx, lock: &Lock) -> Result<(), VerbError> {
    let (beside, _) = lock.place.as_str().rsplit_once('/').unwrap_or_default();
    let files = wheels_in(ctx, &Place::new(beside).join(WHEELS)).await?;
    let (mut changed, mut missing) = (Vec::new(), Vec::new());
    for wheel in lock.packages.iter().flat_map(|package| &package.wheels) {
        match files
            .iter()
            .find(|file| file.path.file_name() == wheel.file)
        {
            None => missing.push(format!("`{}` is not there", wheel.file)),
            Some(file) if file.sha256 != wheel.sha256 => changed.push(wheel.file.as_str()),
            Some(_) => {}
        }
    }
    if let Some(file) = changed.first() {
        let mut finding = refused(&format!("`{file}`"));
        let others = changed[1..]
            .iter()
            .map(|file| format!("nor are those of `{file}`"));
        finding.seen.extend(others);
        return Err(VerbError::error(finding));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let mut finding = Finding::new(format!(
        "wheels of the lock are missing in `{beside}/{WHEELS}`"
    ));
    finding.seen = missing;
    Err(VerbError::error(finding.remedy(
        "give a directory that `gate install --vendor` has made, whole",
    )))
}

async fn wheels_in(ctx: &Ctx, directory: &Place) -> Result<Vec<FileSeen>, VerbError> {
    let files = ListFiles {
        root: directory.clone(),
        include: vec!["*.whl".to_owned()],
    };
    Ok(ctx.list(files).await?)
}

async fn write(ctx: &Ctx, path: Place, text: String) -> Result<(), VerbError> {
    let file = WriteFile {
        path,
        text,
        replace: true,
    };
    ctx.perform(Effect::WriteFile(file)).await?;
    Ok(())
}

/// A page of links to every locked wheel. Pure.
fn links_to(lock: &Lock) -> String {
    let escaped = |text: &str| {
        text.replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
    };
    let mut page = String::from("<!DOCTYPE html>\n");
    for wheel in lock.packages.iter().flat_map(|package| &package.wheels) {
        let address = wheel.address.split('#').next().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<a href=\"{}#sha256={}\">{}</a><br>",
            escaped(address),
            wheel.sha256,
            escaped(&wheel.file)
        );
    }
    page
}

/// The same closure with its wheels beside it. Pure.
fn vendored(lock: &Lock, kept: &[&Wheel]) -> String {
    let mut text = String::from("lock-version = \"1.0\"\ncreated-by = \"canary-gate\"\n");
    for (package, wheel) in lock.packages.iter().zip(kept) {
        // Names, versions and file names of wheels contain no character that TOML would escape.
        let uploaded = wheel.uploaded.map(|time| format!("upload-time = {time}, "));
        let _ = write!(
            text,
            "\n[[packages]]\nname = \"{}\"\nversion = \"{}\"\n\
             wheels = [{{ path = \"{WHEELS}/{}\", {}hashes = {{ sha256 = \"{}\" }} }}]\n",
            package.name,
            package.version,
            wheel.file,
            uploaded.unwrap_or_default(),
            wheel.sha256
        );
    }
    text
}
