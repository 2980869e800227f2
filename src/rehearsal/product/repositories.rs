//! The checkouts `spec-kitty` and `spec-kitty-events` of the embedded world.
//!
//! Owns which commits and tags the rest of the rehearsal may refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::candidates::{LATER, RELEASED_LATER, is_released_later};
use super::history::{History, Ids};
use super::story::{self, Story};
use super::tree::Tree;
use crate::rehearsal::{Faults, RehearsalError};

/// The commits that the rest of the world refers to, as full ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repositories {
    /// The commit that introduced the identity boundary; every candidate descends from it.
    pub boundary_base: String,
    /// The first change for #1141, which only logs; none if it is the one that closes #1141.
    pub diagnostics: Option<String>,
    /// The merge commit that closes #1141; its second parent is the pull request's head.
    pub rollback_fix: String,
    /// The squashed commit that closes #1182.
    pub classification_fix: String,
    /// The commit of each tag of `spec-kitty`, such as `v3.2.0rc16`.
    pub tags: BTreeMap<String, String>,
    /// When each tag's commit was created.
    pub tagged_at: BTreeMap<String, jiff::Timestamp>,
    /// The tags that also have a release on GitHub.
    pub released: BTreeSet<String>,
}

/// The data about the product before anything is written.
#[derive(Debug)]
pub struct Product {
    story: Story,
    events: History,
    /// Tags without a release.
    only_tagged: BTreeSet<String>,
}

impl Product {
    /// The product under some faults; `vendored` are the wheels that its tests need, by name.
    ///
    /// # Errors
    /// If a patch of the embedded source no longer applies.
    pub fn new(vendored: &Tree, faults: &Faults) -> Result<Self, RehearsalError> {
        let events_wheel = super::distribution::events_wheel(&Tree::spec_kitty_events())?;
        let vendored = vendored
            .clone()
            .with_file(events_wheel.name, events_wheel.bytes);
        let only_tagged = LATER
            .iter()
            .filter(|(version, _)| *version != RELEASED_LATER || !is_released_later(faults))
            .map(|(version, _)| format!("v{version}"));
        Ok(Self {
            story: story::spec_kitty(&vendored, faults)?,
            events: story::events()?,
            only_tagged: only_tagged.collect(),
        })
    }

    /// Creates both checkouts in a workspace.
    ///
    /// # Errors
    /// If git cannot be started or fails, or a file cannot be written.
    pub fn make_repositories(&self, workspace: &Path) -> Result<Repositories, RehearsalError> {
        let ids = self.story.history.make(&workspace.join("spec-kitty"))?;
        self.events.make(&workspace.join("spec-kitty-events"))?;
        let diagnostics = self.story.diagnostics.map(|commit| ids.of(commit));
        let history = &self.story.history;
        let made = |(name, commit): (&str, _)| Some((name.to_owned(), history.made(commit)?));
        let released = history.tags().map(|(name, _)| name.to_owned());
        Ok(Repositories {
            tagged_at: history.tags().filter_map(made).collect(),
            released: released
                .filter(|name| !self.only_tagged.contains(name))
                .collect(),
            boundary_base: ids.of(self.story.boundary_base)?,
            diagnostics: diagnostics.transpose()?,
            rollback_fix: ids.of(self.story.rollback_fix)?,
            classification_fix: ids.of(self.story.classification_fix)?,
            tags: tags(&self.story.history, &ids)?,
        })
    }

    /// The tree of a tag of `spec-kitty`.
    #[must_use]
    pub fn tagged(&self, tag: &str) -> Option<&Tree> {
        let history = &self.story.history;
        let (_, commit) = history.tags().find(|(name, _)| *name == tag)?;
        history.tree(commit)
    }
}

fn tags(history: &History, ids: &Ids) -> Result<BTreeMap<String, String>, RehearsalError> {
    history
        .tags()
        .map(|(name, commit)| Ok((name.to_owned(), ids.of(commit)?)))
        .collect()
}
