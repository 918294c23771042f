//! Differences between two texts, for people.

use similar::TextDiff;

/// A unified diff with three lines around each change; empty when the texts are the same.
pub fn unified(path: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_has_no_diff() {
        assert_eq!(unified("f", "a\n", "a\n"), "");
    }

    #[test]
    fn a_changed_line_shows_both_sides() {
        let diff = unified("compose.yaml", "a\nb\nc\n", "a\nB\nc\n");
        assert!(diff.contains("-b\n+B\n"), "{diff}");
        assert!(diff.starts_with("--- a/compose.yaml\n+++ b/compose.yaml\n"), "{diff}");
    }
}
