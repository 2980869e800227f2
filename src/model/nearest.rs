//! "Did you mean": the known name nearest to an unknown one.

/// The nearest of the candidates, if it is near enough to be what was meant.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (name.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((rank(name, candidate, allowed)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The distance of two names; if one is a prefix of the other, it ranks after all typing errors.
fn rank(name: &str, candidate: &str, allowed: usize) -> Option<usize> {
    let begun = name.len() >= 3 && candidate.starts_with(name);
    distance(name, candidate, allowed).or(begun.then_some(allowed + candidate.len()))
}

/// Insertions, deletions, changes and swaps of neighbours from one to the other, when at most
/// `allowed`. `-` and `_` count as the same letter.
fn distance(one: &str, other: &str, allowed: usize) -> Option<usize> {
    let same = |letter: char| {
        if letter == '-' {
            '_'
        } else {
            letter.to_ascii_lowercase()
        }
    };
    let one: Vec<char> = one.chars().map(same).collect();
    let other: Vec<char> = other.chars().map(same).collect();
    if one.len().abs_diff(other.len()) > allowed || one.len() > 200 {
        return None;
    }
    let mut rows: [Vec<usize>; 3] = [vec![], vec![], (0..=other.len()).collect()];
    for i in 1..=one.len() {
        rows.rotate_left(1);
        let mut row = vec![i; other.len() + 1];
        for j in 1..=other.len() {
            let change = rows[1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            row[j] = change.min(rows[1][j] + 1).min(row[j - 1] + 1);
            let swapped =
                i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if swapped {
                row[j] = row[j].min(rows[0][j - 2] + 1);
            }
        }
        rows[2] = row;
    }
    Some(rows[2][other.len()]).filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        let names = ["issue", "template", "timeout", "depends_on"];
        assert_eq!(nearest("isseu", names), Some("issue"));
        assert_eq!(nearest("depends-on", names), Some("depends_on"));
        assert_eq!(nearest("time_out", names), Some("timeout"));
        assert_eq!(nearest("temp", names), Some("template"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(nearest("colour", ["issue", "timeout"]), None);
        assert_eq!(nearest("", ["issue"]), None);
    }
}
