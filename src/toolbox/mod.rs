//! Tools on a machine without Nix.
use crate::world::live::{Operator, ToolPath};
use camino::Utf8Path;
use std::collections::BTreeMap;
/// Tools.
pub struct Tools {
    /// Path.
    pub path: ToolPath,
    /// Versions.
    pub versions: BTreeMap<String, String>,
}
/// Error.
#[derive(Debug, thiserror::Error)]
#[error("tools")]
pub struct ToolboxError;
/// Ready.
pub async fn ready(_operator: &Operator, _cache: &Utf8Path) -> Result<Tools, ToolboxError> {
    Ok(Tools {
        path: ToolPath::default(),
        versions: BTreeMap::new(),
    })
}
