//! Text without a heap.

/// Text that is put together in a fixed space; what does not fit is left out.
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    pub const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    pub fn add(&mut self, text: &[u8]) {
        for byte in text {
            self.push(*byte);
        }
    }

    pub fn add_number(&mut self, mut number: usize) {
        let mut digits = [0_u8; 20];
        let mut count = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
            count += 1;
            if number == 0 {
                break;
            }
        }
        self.add(digits.get(digits.len() - count..).unwrap_or_default());
    }

    /// Adds text of others to a page.
    pub fn add_escaped(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                b'&' => self.add(b"&amp;"),
                b'<' => self.add(b"&lt;"),
                b'>' => self.add(b"&gt;"),
                b'"' => self.add(b"&quot;"),
                b'\'' => self.add(b"&#39;"),
                byte => self.push(*byte),
            }
        }
    }

    /// Adds text of others to the log, where a control character could forge a line.
    pub fn add_printable(&mut self, text: &[u8]) {
        for byte in text {
            self.push(if byte.is_ascii_graphic() || *byte == b' ' { *byte } else { b'?' });
        }
    }
}
