//! Colour, when the output can show it.

/// Writes in colour, or plainly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    on: bool,
}

/// What a word means; its colour only repeats what the word says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// To be known.
    Warn,
    /// Wrong.
    Bad,
    /// Beside the point.
    Dim,
}

impl Paint {
    /// No colour.
    pub const OFF: Paint = Paint { on: false };

    /// Colour or not.
    pub fn new(on: bool) -> Self {
        Self { on }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// As it should be.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// To be known.
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// Wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// Beside the point.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// A heading.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// By what it means.
    pub fn tone(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Good => self.good(text),
            Tone::Warn => self.warn(text),
            Tone::Bad => self.bad(text),
            Tone::Dim => self.dim(text),
        }
    }

    /// A unified diff with its lines coloured.
    pub fn diff(self, diff: &str) -> String {
        let colour = |line: &str| match line.as_bytes().first() {
            Some(b'+') => self.good(line),
            Some(b'-') => self.bad(line),
            Some(b'@') => self.dim(line),
            _ => line.to_owned(),
        };
        diff.lines().map(|line| colour(&super::text::clean(line)) + "\n").collect()
    }
}
