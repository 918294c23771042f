//! A stream of lines from the server.

use std::task::Poll;

use bytes::{Bytes, BytesMut};
use reqwest::Response;

/// The longest line that is kept; a log line is at most 16 KiB, an operation's record may be large.
const LONGEST: usize = 32 * 1024 * 1024;

/// Splits an answer into lines as it comes.
pub struct Lines {
    response: Response,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line break.
    searched: usize,
    ended: bool,
}

impl Lines {
    pub(super) fn new(response: Response) -> Self {
        Self { response, buffer: BytesMut::with_capacity(64 * 1024), searched: 0, ended: false }
    }

    /// The next line without its break; none at the end. Nothing is lost when this is dropped
    /// while it waits.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if self.ended {
                // What is left without a line break was cut off and cannot be read.
                return Ok(None);
            }
            self.fill().await?;
        }
    }

    /// A line that is there already.
    pub fn take(&mut self) -> Option<Bytes> {
        let end = self.buffer[self.searched..].iter().position(|b| *b == b'\n');
        match end {
            Some(end) => {
                let line = self.buffer.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                Some(line.slice(..line.len() - 1))
            }
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    /// Waits for more.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn fill(&mut self) -> Result<(), String> {
        match self.response.chunk().await {
            Ok(chunk) => self.keep(chunk),
            Err(error) => Err(broke(&error)),
        }
    }

    /// Takes what has come already, without waiting; false when nothing has.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn fill_now(&mut self) -> Result<bool, String> {
        let chunk = {
            let mut next = std::pin::pin!(self.response.chunk());
            std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
        };
        match chunk {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(chunk)) => self.keep(chunk).map(|()| true),
            Poll::Ready(Err(error)) => Err(broke(&error)),
        }
    }

    /// Whether nothing more will come.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn keep(&mut self, chunk: Option<Bytes>) -> Result<(), String> {
        match chunk {
            Some(chunk) if self.buffer.len() + chunk.len() > LONGEST => Err("a line is too long".to_owned()),
            Some(chunk) => {
                self.buffer.extend_from_slice(&chunk);
                Ok(())
            }
            None => {
                self.ended = true;
                Ok(())
            }
        }
    }
}

fn broke(error: &reqwest::Error) -> String {
    format!("the connection broke: {error}")
}
