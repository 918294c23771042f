//! Aligned tables.

use super::paint::{Paint, Tone};
use super::text;

/// A cell.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell whose text means something.
    pub fn new(text: &str, tone: Tone) -> Self {
        let text = text.replace('\n', " ");
        Self { text: if text.is_empty() { "—".to_owned() } else { text::clean(&text).into_owned() }, tone }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(&text, Tone::Plain)
    }
}

/// Rows below headings.
#[derive(Clone, Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The table as text.
    pub fn print(&self, paint: Paint) -> String {
        let length = |text: &str| text.chars().count();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| length(&cell.text));
            cells.chain(self.head.get(column).map(|head| length(head))).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |cells: Vec<(&str, String)>| {
            let last = cells.len().saturating_sub(1);
            let mut out = String::new();
            for (column, (plain, shown)) in cells.into_iter().enumerate() {
                out.push_str(&shown);
                if column < last {
                    let gap = widths.get(column).copied().unwrap_or(0).saturating_sub(length(plain)) + 2;
                    out.extend(std::iter::repeat_n(' ', gap));
                }
            }
            out.push('\n');
            out
        };
        let mut out = line(self.head.iter().map(|head| (*head, paint.dim(head))).collect());
        for row in &self.rows {
            out.push_str(&line(row.iter().map(|cell| (cell.text.as_str(), paint.tone(cell.tone, &cell.text))).collect()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_untrusted_text_is_plain() {
        let mut table = Table::new(&["NAME", "STATE"]);
        table.row(vec!["a".into(), Cell::new("running", Tone::Good)]);
        table.row(vec!["länger\u{1b}[2J\n".into(), "".into()]);
        assert_eq!(table.print(Paint::OFF), "NAME     STATE\na        running\nlänger   —\n");
        assert!(table.print(Paint::new(true)).contains("\u{1b}[32mrunning\u{1b}[0m\n"));
    }
}
