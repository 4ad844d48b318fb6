//! Frames of a WebSocket on their way to the library and from it (RFC 6455).
//!
//! The library takes memory for a message as soon as a frame's head announces it, and after a
//! message above its limit it loses the beginning of the next frame. So every message is looked at
//! here first: one that is too long, or for which there is no room, is dropped as it comes, and a
//! short request stands in its place, which the quota answers with the refusal. A message in several
//! frames cannot be taken back: its connection is closed instead.
//!
//! What the library answers on its own passes no middleware; [`in_words_of_the_table`] puts an error
//! of the table in its place.

use super::{
    config::RpcLimits,
    peer::{Arriving, Client, no_room},
    refusal,
};
use dure_rpc::RpcError;
use std::time::Instant;

/// Method of what stands in the place of a message that is too long.
const TOO_LONG: &str = "dropped_too_long";
/// Method of what stands in the place of a message for which there is no room.
const NO_ROOM: &str = "dropped_no_room";

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const MASKED: u8 = 0x80;
/// A length that is in the two bytes that follow.
const LENGTH_OF_TWO: u8 = 126;
/// A length that is in the eight bytes that follow.
const LENGTH_OF_EIGHT: u8 = 127;
const MASK_BYTES: usize = 4;
/// Bytes of the longest head of a client.
const HEAD_BYTES_MAX: usize = 14;

/// The refusal that a request stands for which was put in the place of a dropped message; none for
/// any other request.
pub(super) fn dropped(method: &str, limits: &RpcLimits) -> Option<RpcError> {
    match method {
        TOO_LONG => Some(RpcError::RequestTooLarge { limit: limits.request_bytes.into() }),
        NO_ROOM => Some(no_room(limits.requests_bytes)),
        _ => None,
    }
}

/// Why a connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// Not the protocol, as far as the library speaks it.
    #[error("no frame of a client")]
    Protocol,
    /// A message in several frames is too long, or there is no room for it.
    #[error("a message in several frames cannot be taken")]
    Message,
}

/// The frames that a client sends, from the first byte after the upgrade on.
pub(super) struct Frames {
    client: Client,
    bytes_max: u64,
    head: Vec<u8>,
    body: Body,
    message: Option<Message>,
}

/// What comes next, and how many bytes of it.
#[derive(Clone, Copy)]
enum Body {
    /// A head.
    None,
    /// The body of a ping, a pong or a close.
    Control(u64),
    /// A part of a message.
    Data(u64),
    /// What the library does not see.
    Dropped(u64),
}

/// A message of which a part came.
struct Message {
    bytes: u64,
    is_last: bool,
    begun: Instant,
    arriving: Arriving,
}

impl Frames {
    pub(super) fn new(client: Client, bytes_max: u32) -> Self {
        let (head, bytes_max) = (Vec::with_capacity(HEAD_BYTES_MAX), bytes_max.into());
        Self { client, bytes_max, head, body: Body::None, message: None }
    }

    /// Since when the message comes of which a part is here.
    pub(super) fn begun(&self) -> Option<Instant> {
        self.message.as_ref().map(|message| message.begun)
    }

    /// Takes what came, and appends what the library is to see.
    pub(super) fn take(&mut self, mut came: &[u8], seen: &mut Vec<u8>) -> Result<(), Broken> {
        while let [first, rest @ ..] = came {
            match &mut self.body {
                Body::None => {
                    self.head.push(*first);
                    came = rest;
                    if let Some(length) = length(&self.head)? {
                        self.body = self.judge(length, seen)?;
                        self.head.clear();
                    }
                }
                Body::Control(left) | Body::Data(left) | Body::Dropped(left) => {
                    let part = usize::try_from(*left).unwrap_or(usize::MAX).min(came.len());
                    let (part, rest) = came.split_at(part);
                    *left = left.saturating_sub(part.len() as u64);
                    came = rest;
                    if !matches!(self.body, Body::Dropped(_)) {
                        seen.extend_from_slice(part);
                    }
                }
            }
            self.end();
        }
        Ok(())
    }

    /// Judges a frame by its whole head.
    fn judge(&mut self, length: u64, seen: &mut Vec<u8>) -> Result<Body, Broken> {
        let is_last = self.head.first().is_some_and(|first| first & FINAL != 0);
        let opcode = self.head.first().map_or(0, |first| first & OPCODE);
        if opcode > BINARY {
            seen.extend_from_slice(&self.head);
            return Ok(Body::Control(length));
        }
        if (opcode == CONTINUATION) != self.message.is_some() {
            return Err(Broken::Protocol);
        }
        let begun = || Message {
            bytes: 0,
            is_last: false,
            begun: Instant::now(),
            arriving: self.client.arriving(),
        };
        let mut message = self.message.take().unwrap_or_else(begun);
        message.bytes = message.bytes.saturating_add(length);
        message.is_last = is_last;
        let refused = if message.bytes > self.bytes_max {
            Some(TOO_LONG)
        } else {
            let more = usize::try_from(length).unwrap_or(usize::MAX);
            message.arriving.grow(more).is_err().then_some(NO_ROOM)
        };
        match refused {
            None => {
                seen.extend_from_slice(&self.head);
                self.message = Some(message);
                Ok(Body::Data(length))
            }
            Some(method) if is_last && opcode != CONTINUATION => {
                put(method, seen);
                Ok(Body::Dropped(length))
            }
            Some(_) => Err(Broken::Message),
        }
    }

    /// Goes on to the next head where nothing is left of a body.
    fn end(&mut self) {
        match self.body {
            Body::Data(0) => {
                self.body = Body::None;
                self.message = self.message.take().filter(|message| !message.is_last);
            }
            Body::Control(0) | Body::Dropped(0) => self.body = Body::None,
            _ => {}
        }
    }
}

/// The length that a head announces; none until it is whole.
fn length(head: &[u8]) -> Result<Option<u64>, Broken> {
    let [first, second, rest @ ..] = head else { return Ok(None) };
    if first & RESERVED != 0 || second & MASKED == 0 {
        return Err(Broken::Protocol);
    }
    let of = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    let short = second & !MASKED;
    // A control frame is short and whole.
    if first & OPCODE > BINARY && (short >= LENGTH_OF_TWO || first & FINAL == 0) {
        return Err(Broken::Protocol);
    }
    let (length, is_whole) = match (short, rest) {
        (LENGTH_OF_TWO, [length @ .., _, _, _, _]) if length.len() == 2 => (of(length), true),
        (LENGTH_OF_EIGHT, [length @ .., _, _, _, _]) if length.len() == 8 => (of(length), true),
        (LENGTH_OF_TWO | LENGTH_OF_EIGHT, _) => (0, false),
        (short, rest) => (short.into(), rest.len() == MASK_BYTES),
    };
    Ok(is_whole.then_some(length))
}

/// Puts a request without parameters, in a frame whose mask is zero.
fn put(method: &str, seen: &mut Vec<u8>) {
    let text = format!(r#"{{"jsonrpc":"2.0","id":null,"method":"{method}"}}"#);
    let length = u8::try_from(text.len()).unwrap_or_default();
    seen.extend_from_slice(&[FINAL | TEXT, MASKED | length, 0, 0, 0, 0]);
    seen.extend_from_slice(text.as_bytes());
}

/// The frame that is sent in the place of this one, where it is an error of the library's own.
///
/// The library writes a short frame at once. Where a longer one goes out in parts, no part begins
/// like a frame: none of the bytes of UTF-8 text begins a character with the head's first.
pub(super) fn in_words_of_the_table(frame: &[u8], limits: &RpcLimits) -> Option<Vec<u8>> {
    let (length, text) = match frame {
        [first, ..] if *first != FINAL | TEXT => return None,
        [_, LENGTH_OF_TWO, high, low, text @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), text)
        }
        [_, length, text @ ..] if *length < LENGTH_OF_TWO => (usize::from(*length), text),
        _ => return None,
    };
    if length != text.len() || length > refusal::LIBRARY_ERROR_BYTES_MAX {
        return None;
    }
    let text = refusal::in_words_of_the_table(std::str::from_utf8(text).ok()?, limits)?;
    let mut frame = vec![FINAL | TEXT];
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length), _) if length < LENGTH_OF_TWO => frame.push(length),
        (_, Ok(length)) => {
            frame.push(LENGTH_OF_TWO);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => return None,
    }
    frame.extend_from_slice(text.as_bytes());
    Some(frame)
}

/// Where the heads of requests end among the bytes of a socket.
///
/// Frames begin after the head of the upgrade. A client waits for its answer before it sends any, so
/// that the head's end is the only one since the server wrote last, and nothing came after it; of
/// any other socket it is not known where frames begin, and it gets no WebSocket.
#[derive(Debug, Default)]
pub(super) struct HeadEnds {
    count: u32,
    after_newline: bool,
    is_last: bool,
}

impl HeadEnds {
    pub(super) fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // More than one is too many already.
            if self.count > 1 {
                return;
            }
            self.is_last = *byte == b'\n' && self.after_newline;
            self.count += u32::from(self.is_last);
            self.after_newline = match byte {
                b'\n' => true,
                b'\r' => self.after_newline,
                _ => false,
            };
        }
    }

    /// Whether a head has ended.
    pub(super) const fn any(&self) -> bool {
        self.count > 0
    }

    pub(super) fn wrote(&mut self) {
        *self = Self::default();
    }

    /// Whether the next byte is the first of a frame.
    pub(super) const fn is_exact(&self) -> bool {
        self.count == 1 && self.is_last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::peer::Sockets;
    use std::sync::Arc;

    fn frames(limits: RpcLimits) -> (Frames, Arc<Sockets>) {
        let sockets = Arc::new(Sockets::new(limits));
        let peer = sockets.take("1.1.1.1".parse().unwrap(), false).unwrap();
        (Frames::new(Client::of(peer, None), limits.request_bytes), sockets)
    }

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first, MASKED | LENGTH_OF_EIGHT];
        frame.extend_from_slice(&(length as u64).to_be_bytes());
        frame.extend(std::iter::repeat_n(b'x', MASK_BYTES + length));
        frame
    }

    fn instead(method: &str) -> Vec<u8> {
        let mut frame = Vec::new();
        put(method, &mut frame);
        frame
    }

    #[test]
    fn a_message_that_cannot_be_taken_is_replaced_wherever_the_bytes_are_cut() {
        let limits =
            RpcLimits { request_bytes: 5_000, requests_bytes: 8_000, ..RpcLimits::default() };
        let [good, long] = [frame(FINAL | TEXT, 3_000), frame(FINAL | TEXT, 5_001)];
        let (full, ping) = (frame(FINAL | TEXT, 4_001), [0x89, 0x80, 1, 2, 3, 4]);
        let came = [&good[..], &long, &ping, &full, &good].concat();
        let expect = [&good[..], &instead(TOO_LONG), &ping, &instead(NO_ROOM), &good].concat();
        for cut in [1, 2, 7, 4_096, came.len()] {
            let (mut frames, sockets) = frames(limits);
            let mut seen = Vec::new();
            for part in came.chunks(cut) {
                frames.take(part, &mut seen).unwrap();
            }
            assert!(seen == expect, "cut by {cut}");
            assert_eq!(sockets.requests_bytes(), 0, "cut by {cut}");
        }
    }

    #[test]
    fn a_message_counts_from_its_head_to_its_end() {
        let limits = RpcLimits { request_bytes: 5_000, ..RpcLimits::default() };
        let (mut frames, sockets) = frames(limits);
        let (first, last) = (frame(TEXT, 2_000), frame(FINAL, 2_500));
        let mut seen = Vec::new();
        frames.take(&first[..HEAD_BYTES_MAX], &mut seen).unwrap();
        assert_eq!((sockets.requests_bytes(), frames.begun().is_some()), (2_000, true));
        frames.take(&first[HEAD_BYTES_MAX..], &mut seen).unwrap();
        frames.take(&last[..HEAD_BYTES_MAX], &mut seen).unwrap();
        assert_eq!(sockets.requests_bytes(), 4_500);
        frames.take(&last[HEAD_BYTES_MAX..], &mut seen).unwrap();
        assert_eq!((sockets.requests_bytes(), frames.begun().is_some()), (0, false));
        assert!(seen == [first.clone(), last].concat());
        frames.take(&first, &mut seen).unwrap();
        assert_eq!(frames.take(&frame(FINAL, 3_001), &mut seen), Err(Broken::Message));
    }

    #[test]
    fn what_is_no_frame_of_a_client_is_not_read() {
        for bytes in [&b"GET /v1"[..], &[0x81, 5], &[0x80, 0x80, 0, 0, 0, 0], &[0x89, 0xff]] {
            let (mut frames, _) = frames(RpcLimits::default());
            let mut bytes = bytes.to_vec();
            bytes.resize(HEAD_BYTES_MAX, 0);
            let taken = frames.take(&bytes, &mut Vec::new());
            assert_eq!(taken, Err(Broken::Protocol), "{bytes:?}");
        }
    }

    #[test]
    fn frames_begin_only_where_nothing_else_can() {
        let exact = |parts: &[&str]| {
            let mut ends = HeadEnds::default();
            parts.iter().for_each(|part| ends.read(part.as_bytes()));
            ends.is_exact()
        };
        assert!(exact(&["GET /v1 HTTP/1.1\r\nhost: a\r", "\n\r\n"]));
        assert!(exact(&["GET /v1 HTTP/1.1\nhost: a\n\n"]));
        assert!(!exact(&["GET /v1 HTTP/1.1\r\nhost: a\r\n\r\n", "\u{1}"]));
        assert!(!exact(&["GET /v1 HTTP/1.1\r\nhost: a\r\n\r\n", "\u{1}\r\n\r\n"]));
        assert!(!exact(&["\r\n\r\nGET /v1 HTTP/1.1\r\n\r\n"]));
        let mut ends = HeadEnds::default();
        ends.read(b"POST /v1 HTTP/1.1\r\n\r\n{}");
        ends.wrote();
        ends.read(b"GET /v1 HTTP/1.1\r\n\r\n");
        assert!(ends.is_exact());
    }

    #[test]
    fn the_librarys_errors_are_told_in_words_of_the_table() {
        let limits = RpcLimits::default();
        let text = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error"}}"#;
        let mut frame = vec![FINAL | TEXT, u8::try_from(text.len()).unwrap()];
        frame.extend_from_slice(text.as_bytes());
        let told = in_words_of_the_table(&frame, &limits).unwrap();
        let text = std::str::from_utf8(&told[2..]).unwrap();
        assert_eq!(usize::from(told[1]), text.len());
        assert!(text.contains(r#""data":{"name":"ParseError"}"#), "{text}");
        assert_eq!(in_words_of_the_table(&told, &limits), None, "it is said already");
        frame.push(b' ');
        assert_eq!(in_words_of_the_table(&frame, &limits), None, "no whole frame");
    }
}
