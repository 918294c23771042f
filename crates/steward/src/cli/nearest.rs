//! Finds the name that was probably meant.

/// The known name that is closest to `word`, when one is close enough to be a slip of the pen, or
/// begins with it.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    // Nothing that long is a slip of a short name, and the work grows with the length.
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| if word.len() > 1 && name.starts_with(&word) { (0, name) } else { (distance(&word, name), name) })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            row.push((last[j] + usize::from(x != *y)).min(last[j + 1] + 1).min(row[j] + 1));
        }
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let names = ["hello", "nextcloud", "uptime-kuma"];
        assert_eq!(nearest("helo", names), Some("hello"));
        assert_eq!(nearest("Nextclud", names), Some("nextcloud"));
        assert_eq!(nearest("uptime", names), Some("uptime-kuma"));
        assert_eq!(nearest("grafana", names), None);
        assert_eq!(nearest("", names), None);
    }
}
