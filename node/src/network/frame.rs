//! Frames of a stream: a length, and a message.

use crate::machine::{WIRE_BYTES_MAX, Wire};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use std::{io, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a message costs at least, so that short ones are bounded in number.
const COST_MIN: usize = 512;

/// Why a stream is read no further.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// It ended, or broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Its end and length fit no message.
    #[error("a frame of {length} bytes; allowed are {limit}")]
    Length {
        /// What was announced.
        length: usize,
        /// What such a message may have.
        limit: usize,
    },
}

impl FrameError {
    /// Whether no honest peer of our version sends such a thing.
    pub(super) const fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::Length { .. })
    }
}

/// Bytes that a peer may make us hold; they come back when what holds them is dropped.
#[derive(Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    fn cost(length: usize) -> u32 {
        u32::try_from(length.max(COST_MIN)).unwrap_or(u32::MAX)
    }

    /// Waits until so many bytes are free.
    async fn take(&self, length: usize) -> Option<OwnedSemaphorePermit> {
        // Never closed.
        Arc::clone(&self.0).acquire_many_owned(Self::cost(length)).await.ok()
    }

    /// So many bytes, if they are free now.
    pub(super) fn try_take(&self, length: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_many_owned(Self::cost(length)).ok()
    }
}

/// Reads one message; its length is judged by the greatest there is, then by its kind, before it is
/// held, and it is held only when the peer's budget has room.
pub(super) async fn read(
    from: &mut (impl AsyncRead + Unpin),
    budget: &Budget,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), FrameError> {
    let mut head = [0; 5];
    from.read_exact(&mut head).await?;
    let [a, b, c, d, kind] = head;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let limit = Wire::bytes_max(kind).min(WIRE_BYTES_MAX);
    if length == 0 || length > limit {
        return Err(FrameError::Length { length, limit });
    }
    let held = budget.take(length).await;
    let mut bytes = vec![0; length];
    if let Some((first, rest)) = bytes.split_first_mut() {
        *first = kind;
        from.read_exact(rest).await?;
    }
    Ok((bytes, held))
}

/// Writes one message; the caller flushes when nothing more waits.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    to.write_all(&length.to_le_bytes()).await?;
    to.write_all(bytes).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Budget, FrameError, read, write};
    use crate::machine::{WIRE_BYTES_MAX, Wire};
    use codec::Encode;
    use dure_consensus::Message;
    use dure_types::Height;
    use futures::{FutureExt, io::Cursor};
    use proptest::prelude::*;

    fn budget() -> Budget {
        Budget::new(2 * WIRE_BYTES_MAX)
    }

    #[tokio::test]
    async fn a_message_comes_as_it_went_and_counts_until_it_is_dropped() {
        let pull = Wire::Consensus(Message::Pull(Height(3))).encode();
        let mut bytes = Vec::new();
        for _ in 0..3 {
            write(&mut bytes, &pull).await.unwrap();
        }
        let (mut from, budget) = (Cursor::new(bytes), Budget::new(1_024));
        let first = read(&mut from, &budget).await.unwrap();
        let second = read(&mut from, &budget).await.unwrap();
        assert_eq!((&first.0, &second.0), (&pull, &pull));
        // No room for a third until one is gone.
        assert!(read(&mut from.clone(), &budget).now_or_never().is_none());
        drop(first);
        assert_eq!(read(&mut from, &budget).await.unwrap().0, pull);
        let end = read(&mut from, &budget).await.unwrap_err();
        assert!(!end.is_misbehaviour(), "{end}");
    }

    #[tokio::test]
    async fn a_length_above_that_of_its_kind_is_refused_before_it_is_read() {
        for (length, kind) in [(0u32, 0u8), (u32::MAX, 1), (2_000_000, 1), (2, 9), (100_000, 3)] {
            let head = [length.to_le_bytes().as_slice(), &[kind]].concat();
            // No byte of the rest is there: waiting for it would end otherwise.
            let refused = read(&mut Cursor::new(head), &budget()).await.unwrap_err();
            assert!(refused.is_misbehaviour(), "{length} {kind}: {refused}");
            assert!(matches!(refused, FrameError::Length { .. }));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_messages_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let (mut from, budget) = (Cursor::new(bytes), budget());
            let mut all = async || while read(&mut from, &budget).await.is_ok() {};
            prop_assert!(all().now_or_never().is_some(), "it ends");
        }
    }
}
