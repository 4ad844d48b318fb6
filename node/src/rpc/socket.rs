//! One accepted socket.

use super::{
    config::RpcLimits,
    peer::{Client, Peer},
    websocket::{Frames, in_words_of_the_table},
};
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

/// Bytes of frames that are read at once.
const FRAMES_BYTES: usize = 8 << 10;

/// A socket that keeps its place while it is open, WebSocket or not. It closes when silent, when its
/// client takes what it is sent too slowly, and when a message of a WebSocket comes for too long.
pub(super) struct Socket {
    stream: TcpStream,
    peer: Arc<Peer>,
    limits: RpcLimits,
    silence: Pin<Box<Sleep>>,
    sending: Pin<Box<Sleep>>,
    /// Bytes taken since something began to wait; none while nothing waits.
    taken: Option<usize>,
    /// The client was too slow: nothing is read from it either.
    closed: bool,
    reader: Option<Waker>,
    frames: Option<Frames>,
    /// What the library is to read, and from where on.
    seen: (Vec<u8>, usize),
    /// What goes out in the place of something else.
    instead: Vec<u8>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, peer: Arc<Peer>, limits: RpcLimits) -> Self {
        Self {
            stream,
            peer,
            limits,
            silence: Box::pin(tokio::time::sleep(limits.silence)),
            sending: Box::pin(tokio::time::sleep(limits.send_time)),
            taken: None,
            closed: false,
            reader: None,
            frames: None,
            seen: (Vec::new(), 0),
            instead: Vec::new(),
        }
    }

    fn heard(&mut self) {
        self.silence.as_mut().reset(Instant::now() + self.limits.silence);
    }

    /// Starts a period in which the least must be taken.
    fn begin_to_wait(&mut self) {
        self.taken = Some(0);
        self.sending.as_mut().reset(Instant::now() + self.limits.send_time);
    }

    /// Whether the client takes less in a period than it must; wakes the writer at its end.
    fn is_too_slow(&mut self, context: &mut Context<'_>) -> bool {
        if self.taken.is_none() {
            self.begin_to_wait();
        }
        while self.sending.as_mut().poll(context).is_ready() {
            if self.taken.is_some_and(|taken| taken < self.limits.send_bytes_min) {
                return true;
            }
            self.begin_to_wait();
        }
        false
    }

    /// Gives up a client that is too slow, together with what the system still holds for it.
    fn give_up(&mut self) -> io::Error {
        self.closed = true;
        // Without it the system goes on for minutes; nothing else depends on it.
        let _ = self.stream.set_zero_linger();
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        io::ErrorKind::TimedOut.into()
    }

    /// Reads what came as it is.
    fn read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                self.heard();
                if !self.peer.is_websocket() {
                    self.peer.came(buffer.filled().get(before..).unwrap_or_default());
                }
                Poll::Ready(read)
            }
            Poll::Pending => match self.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => {
                    self.reader = Some(context.waker().clone());
                    Poll::Pending
                }
            },
        }
    }

    /// Reads frames, of which not all are for the library.
    fn read_frames(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.seen.1 == self.seen.0.len() {
            self.seen = (std::mem::take(&mut self.seen.0), 0);
            self.seen.0.clear();
            let mut came = [0; FRAMES_BYTES];
            let mut came = ReadBuf::new(&mut came);
            ready!(self.read(context, &mut came))?;
            if came.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let bytes_max = self.limits.request_bytes;
            let new = || Frames::new(Client::of(Arc::clone(&self.peer), None), bytes_max);
            let frames = self.frames.get_or_insert_with(new);
            frames.take(came.filled(), &mut self.seen.0).map_err(io::Error::other)?;
            let late = |begun: std::time::Instant| begun.elapsed() > self.limits.request_time;
            if frames.begun().is_some_and(late) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        let (seen, from) = &mut self.seen;
        let rest = seen.get(*from..).unwrap_or_default();
        let part = rest.get(..buffer.remaining()).unwrap_or(rest);
        buffer.put_slice(part);
        *from += part.len();
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        match &written {
            Poll::Ready(Ok(count)) => {
                self.heard();
                self.peer.sent(*count);
                self.taken = self.taken.map(|taken| taken.saturating_add(*count));
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.is_too_slow(context) => {
                return Poll::Ready(Err(self.give_up()));
            }
            Poll::Pending => {}
        }
        written
    }

    /// Writes what goes out in the place of something that counts as written already.
    fn write_instead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let instead = std::mem::take(&mut self.instead);
            let written = self.write(context, &instead);
            self.instead = instead;
            let count = ready!(written)?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if self.peer.is_websocket() {
            self.read_frames(context, buffer)
        } else {
            self.read(context, buffer)
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        ready!(self.write_instead(context))?;
        if self.peer.is_websocket()
            && let Some(instead) = in_words_of_the_table(bytes, &self.limits)
        {
            self.instead = instead;
            // What does not go out now goes before all that follows.
            if let Poll::Ready(Err(error)) = self.write_instead(context) {
                return Poll::Ready(Err(error));
            }
            return Poll::Ready(Ok(bytes.len()));
        }
        self.write(context, bytes)
    }

    /// Whoever writes flushes once all that it had is taken.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.write_instead(context))?;
        self.taken = None;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
