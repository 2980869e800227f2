//! Redaction of bytes that arrive in chunks: the result does not depend on the chunks.

use std::sync::Arc;

use super::finder::{Finder, Size};
use super::pattern::{Hit, first};
use super::redactor::{Redactor, Scope};
use super::shapes::{self, Shape, ShapeHit};

impl Redactor {
    /// Text with secrets and paths replaced.
    #[must_use]
    pub fn text(self: &Arc<Self>, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut stream = self.stream(Scope::Everything);
        stream.push(text.as_bytes(), &mut out);
        stream.finish(&mut out);
        String::from_utf8(out)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// The replacement of the first secret or path in `text`, if it contains one.
    #[must_use]
    pub fn first_in(self: &Arc<Self>, text: &str) -> Option<String> {
        let clean = self.text(text);
        let same = |(one, other): &(char, char)| one == other;
        let before = clean.chars().zip(text.chars()).take_while(same).count();
        let end = |letter: char| letter == '›';
        let token = clean.chars().skip(before);
        (clean != text).then(|| token.take_while(|it| !end(*it)).chain(['›']).collect())
    }

    /// A redactor for bytes that arrive in chunks.
    #[must_use]
    pub fn stream(self: &Arc<Self>, scope: Scope) -> Stream {
        Stream::new(Arc::clone(self), scope)
    }
}

/// Redaction of a stream.
///
/// It holds back as many bytes as the longest value, because only then is it decided whether one
/// starts there; so its memory does not grow with the stream.
#[derive(Debug)]
pub struct Stream {
    redactor: Arc<Redactor>,
    scope: Scope,
    /// Undecided bytes, followed by room for more.
    held: Vec<u8>,
    /// How much of it was filled.
    filled: usize,
    /// A token whose end has not been seen; its bytes are dropped.
    inside: Option<&'static Shape>,
}

impl Stream {
    pub(super) fn new(redactor: Arc<Redactor>, scope: Scope) -> Self {
        Self {
            redactor,
            scope,
            held: Vec::new(),
            filled: 0,
            inside: None,
        }
    }

    /// Takes the next chunk and appends to `out` what is decided.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.held.truncate(self.filled);
        self.held.extend_from_slice(piece);
        self.filled = self.held.len();
        self.advance(false, out);
    }

    /// A buffer for the next chunk, to be read into directly; [`Stream::pushed`] accepts it.
    pub fn room(&mut self, most: usize) -> &mut [u8] {
        self.held.resize(self.filled + most, 0);
        &mut self.held[self.filled..]
    }

    /// Accepts as many bytes as were put into [`Stream::room`], and appends to `out` what is
    /// decided.
    pub fn pushed(&mut self, count: usize, out: &mut Vec<u8>) {
        self.filled = self.held.len().min(self.filled + count);
        self.advance(false, out);
    }

    /// Appends the rest to `out`; the stream may be used again afterwards.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.advance(true, out);
        self.inside = None;
    }

    fn advance(&mut self, last: bool, out: &mut Vec<u8>) {
        let finder = self.redactor.finder(self.scope);
        let mut held = std::mem::take(&mut self.held);
        held.truncate(self.filled);
        let reach = finder.reach.max(shapes::REACH);
        let decided = if last {
            held.len()
        } else {
            (held.len() + 1).saturating_sub(reach)
        };
        let mut pass = Pass {
            bytes: &held,
            decided,
            finder: &finder,
            at: 0,
            long: Seek::Unknown,
            short: Seek::Unknown,
            shape: Seek::Unknown,
        };
        if decided > 0
            && self.inside.is_none()
            && out.is_empty()
            && let Some(end) = pass.clear()
        {
            // Usually nothing is replaced: then the bytes themselves are passed on.
            self.held = std::mem::replace(out, held);
            self.held.extend_from_slice(&out[end..]);
            self.filled = self.held.len();
            out.truncate(end);
            return;
        }
        while pass.at < decided {
            let before = pass.at;
            if let Some(shape) = self.inside {
                self.drop_token(shape, &mut pass, out);
            } else if !self.step(&mut pass, out) && pass.at == before {
                break;
            }
        }
        let rest = pass.at;
        self.held = held;
        self.held.drain(..rest);
        self.filled = self.held.len();
    }

    /// Copies up to the next match and replaces it; returns whether a match was decided.
    fn step(&mut self, pass: &mut Pass<'_>, out: &mut Vec<u8>) -> bool {
        if let Some(end) = pass.clear() {
            pass.copy_to(end, out);
            return false;
        }
        let value = pass.value();
        let shape = pass.shape();
        let value_at = value.as_ref().map_or(usize::MAX, |hit| hit.start);
        let token_at = shape.map_or(usize::MAX, |hit| hit.token);
        if token_at < value_at
            && let Some(hit) = shape
        {
            pass.copy_to(hit.token, out);
            out.extend_from_slice(format!("‹secret:{}›", hit.shape.name).as_bytes());
            self.redactor.count(hit.shape.name);
        } else if let Some(hit) = value {
            pass.copy_to(hit.start, out);
            self.replace(&hit, pass, out);
        }
        if token_at <= value_at {
            self.inside = shape.map(|hit| hit.shape);
        }
        true
    }

    /// Drops the rest of a token, and reports known values inside it by name.
    fn drop_token(&mut self, shape: &'static Shape, pass: &mut Pass<'_>, out: &mut Vec<u8>) {
        let rest = &pass.bytes[pass.at..];
        let end = pass.at + rest.iter().take_while(|byte| shape.goes_on(**byte)).count();
        match pass.value() {
            Some(hit) if hit.start < end && hit.start < pass.decided => {
                self.replace(&hit, pass, out);
            }
            _ if end < pass.decided => {
                pass.at = end;
                self.inside = None;
            }
            _ => pass.at = pass.decided,
        }
    }

    fn replace(&self, hit: &Hit, pass: &mut Pass<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(hit.replacement.as_bytes());
        pass.at = hit.end;
        if hit.secret {
            self.redactor.count(&hit.name);
        }
    }
}

/// One walk over the bytes at hand.
struct Pass<'a> {
    bytes: &'a [u8],
    /// Whether a hit starts is decided for positions before this one.
    decided: usize,
    finder: &'a Finder,
    at: usize,
    long: Seek<Hit>,
    short: Seek<Hit>,
    shape: Seek<ShapeHit>,
}

/// The next hit, remembered so that it is looked for once.
#[derive(Debug, Clone)]
enum Seek<T> {
    Unknown,
    Nowhere,
    At(T),
}

impl<T: Clone> Seek<T> {
    fn next(
        &mut self,
        at: usize,
        start: fn(&T) -> usize,
        seek: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        match self {
            Self::At(hit) if start(hit) >= at => Some(hit.clone()),
            Self::Nowhere => None,
            _ => {
                let next = seek();
                *self = next.clone().map_or(Self::Nowhere, Self::At);
                next
            }
        }
    }
}

impl Pass<'_> {
    fn copy_to(&mut self, end: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
    }

    /// Up to where all bytes stay as they are, when that is as far as anything is decided.
    fn clear(&mut self) -> Option<usize> {
        let value_at = self.value().map_or(usize::MAX, |hit| hit.start);
        let shape = self.shape();
        let token_at = shape.map_or(usize::MAX, |hit| hit.token);
        let undecided = value_at.min(token_at) >= self.decided;
        // The prefix of a token is held back until the token itself is decided.
        let held = shape.map_or(usize::MAX, |hit| hit.start).min(value_at);
        undecided.then(|| self.decided.min(held))
    }

    fn value(&mut self) -> Option<Hit> {
        let (finder, bytes, at) = (self.finder, self.bytes, self.at);
        let start = |hit: &Hit| hit.start;
        let long = self
            .long
            .next(at, start, || finder.next_of(Size::Long, bytes, at));
        let short = self
            .short
            .next(at, start, || finder.next_of(Size::Short, bytes, at));
        first(long, short)
    }

    fn shape(&mut self) -> Option<ShapeHit> {
        let (bytes, at) = (self.bytes, self.at);
        self.shape
            .next(at, |hit| hit.start, || shapes::next(bytes, at))
    }
}
