//! Reads the texts of many blobs with two git processes, whatever their number; one more for each
//! blob that is not UTF-8.

use std::collections::HashMap;

use super::bytes::{Entry, exact_bytes};
use super::encoding::decode;
use super::error::AuditError;
use super::git::Git;
use super::syntax::Unreadable;

/// Texts of blobs by name, each in the encoding that it declares.
pub(super) async fn blobs(
    git: Git<'_>,
    entries: &[Entry<'_>],
    limit: u64,
) -> Result<HashMap<String, Result<String, Unreadable>>, AuditError> {
    let oids: Vec<&str> = entries.iter().map(|entry| entry.oid).collect();
    let mut all = HashMap::new();
    for (oid, text) in texts(git, &oids, limit).await? {
        let entry = entries.iter().find(|entry| entry.oid == oid);
        let read = match (text, entry) {
            (Err(bytes), _) => Err(Unreadable::TooLarge { bytes, limit }),
            (Ok(_), None) => Err(Unreadable::Binary),
            // The replacement character may also be part of the file itself.
            (Ok(text), Some(entry)) if text.contains('\u{fffd}') => {
                let bytes = exact_bytes(git, *entry, limit).await?;
                bytes.map_or(Err(Unreadable::Binary), |bytes| decode(entry.path, bytes))
            }
            (Ok(text), Some(entry)) => decode(entry.path, text.into_bytes()),
        };
        all.insert(oid, read);
    }
    Ok(all)
}

/// Texts of blobs by name; the size instead of the text if it exceeds the limit.
pub(super) async fn texts(
    git: Git<'_>,
    oids: &[&str],
    limit: u64,
) -> Result<HashMap<String, Result<String, u64>>, AuditError> {
    let mut all = HashMap::new();
    let mut small = Vec::new();
    if oids.is_empty() {
        return Ok(all);
    }
    let sizes = git
        .text(&["cat-file", "--batch-check"], Some(lines(oids)))
        .await?;
    for line in sizes.lines() {
        let mut fields = line.split(' ');
        let (oid, kind, size) = (fields.next(), fields.next(), fields.next());
        let size = size.and_then(|size| size.parse::<u64>().ok());
        match (oid, kind, size) {
            (Some(oid), Some("blob"), Some(size)) if size > limit => {
                all.insert(oid.to_owned(), Err(size));
            }
            (Some(oid), Some("blob"), Some(_)) => small.push(oid.to_owned()),
            (Some(oid), Some("missing"), None) => {
                return Err(AuditError::LeftOut {
                    object: oid.to_owned(),
                    repo: git.repo.to_string(),
                });
            }
            _ => {
                return Err(AuditError::Answer {
                    command: "git cat-file --batch-check".to_owned(),
                    reason: format!("`{line}`"),
                });
            }
        }
    }
    small.sort();
    small.dedup();
    let names: Vec<&str> = small.iter().map(String::as_str).collect();
    if names.is_empty() {
        return Ok(all);
    }
    let text = git
        .text(&["cat-file", "--batch"], Some(lines(&names)))
        .await?;
    all.extend(
        parse_batch(&text, &names)?
            .into_iter()
            .map(|(oid, text)| (oid, Ok(text))),
    );
    Ok(all)
}

fn lines(names: &[&str]) -> String {
    let mut text = names.join("\n");
    text.push('\n');
    text
}

/// Splits `git cat-file --batch`. Sizes are in bytes of the original, and the text may have
/// been repaired on its way, so the next header decides where a blob ends.
fn parse_batch(text: &str, names: &[&str]) -> Result<Vec<(String, String)>, AuditError> {
    let broken = |reason: &str| AuditError::Answer {
        command: "git cat-file --batch".to_owned(),
        reason: reason.to_owned(),
    };
    let mut rest = text;
    let mut all = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let (head, body) = rest.split_once('\n').ok_or_else(|| broken("too short"))?;
        let size = head
            .strip_prefix(*name)
            .and_then(|head| head.strip_prefix(" blob "))
            .and_then(|size| size.parse::<usize>().ok())
            .ok_or_else(|| broken(head))?;
        let next = names.get(at + 1).map(|next| format!("\n{next} blob "));
        let follows = |end: usize| match (&next, body.get(end..)) {
            (Some(next), Some(after)) => after.starts_with(next.as_str()),
            (None, Some(after)) => after == "\n",
            (_, None) => false,
        };
        let end = if follows(size) {
            size
        } else {
            let end = match &next {
                Some(next) => body.find(next.as_str()),
                None => body.strip_suffix('\n').map(str::len),
            };
            end.ok_or_else(|| broken("a blob has no end"))?
        };
        all.push(((*name).to_owned(), body[..end].to_owned()));
        rest = &body[end + 1..];
    }
    Ok(all)
}
