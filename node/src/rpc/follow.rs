//! Subscriptions: a cursor over the store and a watch on the newest height.
//!
//! The cursor moves over what is stored, in pages, until it meets the newest height; then it waits
//! for the next. There is no difference between replay and live, hence no gap between them. A
//! client that does not read fills its connection's buffer; after a while the subscription ends
//! with `lagged` and the place to resume from.

use super::{
    decode,
    failure::of_fault,
    filter::{EventMatcher, TransactionMatcher},
    peer,
    reader::Reader,
    service::Service,
};
use crate::view::Located;
use dure_rpc::{
    Place, RpcError,
    shape::{Block, EventFilter, EventItem, Notice, ReceiptShape},
};
use dure_types::Height;
use jsonrpsee::{PendingSubscriptionSink, SubscriptionSink};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// Items of one page, each with the place after it, and where the next page begins.
pub(super) struct Page<T> {
    items: Vec<(T, Place)>,
    next: Place,
    /// Nothing more will come.
    done: bool,
}

/// Sends a page after another until the client goes or lags.
///
/// `page` reads what lies between a place and the newest height of a snapshot.
pub(super) async fn pump<T, F>(
    service: Service,
    pending: PendingSubscriptionSink,
    from: Option<Place>,
    page: F,
) where
    T: Serialize + Send + 'static,
    F: Fn(&Reader<'_>, Place) -> Result<Page<T>, RpcError> + Clone + Send + Sync + 'static,
{
    let mut head = service.handle.head();
    let newest = head.borrow_and_update().height;
    let mut place = from.unwrap_or(Place::new(Height(newest.0.saturating_add(1)), 0));
    // The client went before it was answered: nobody to tell.
    let Ok(sink) = pending.accept().await else { return };
    let mut outbox = Outbox { sink, seq: 0, stall: service.limits.stall };
    loop {
        let seen = head.borrow_and_update().height;
        let (read, at) = (page.clone(), place);
        // Looked at before every page: nobody reads a closed subscription, however long its range.
        let page = tokio::select! {
            biased;
            () = outbox.sink.closed() => return,
            page = service.read_waiting(move |reader| read(reader, at)) => page,
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return outbox.fail(error),
        };
        for (item, after) in page.items {
            if !outbox.send(item, place).await {
                return;
            }
            place = after;
        }
        place = page.next.max(place);
        if page.done {
            return;
        }
        if place.height <= seen {
            continue;
        }
        tokio::select! {
            changed = head.changed() => {
                if changed.is_err() {
                    return outbox.fail(service.stopping().await);
                }
            }
            () = outbox.sink.closed() => return,
        }
    }
}

/// The messages of one subscription, numbered.
struct Outbox {
    sink: SubscriptionSink,
    seq: u64,
    stall: Duration,
}

impl Outbox {
    /// Sends an item; false when the subscription is over. `place` is where the item is.
    async fn send<T: Serialize>(&mut self, item: T, place: Place) -> bool {
        if !self.room().await {
            let notice = Notice::<T>::lagged(self.seq, place);
            self.last(&notice);
            return false;
        }
        let seq = self.seq;
        let notice = Notice::item(seq, item);
        self.seq = seq.saturating_add(1);
        let Ok(message) = serde_json::value::to_raw_value(&notice) else { return false };
        if peer::current().is_some_and(|client| client.hold(message.get().len()).is_err()) {
            let notice = Notice::<T>::lagged(seq, place);
            self.last(&notice);
            return false;
        }
        self.sink.send(message).await.is_ok()
    }

    /// Waits for room for an item and, after it, for a last word.
    async fn room(&self) -> bool {
        const LOOK: Duration = Duration::from_millis(10);
        let begun = Instant::now();
        while self.sink.capacity() < 2 {
            if self.sink.is_closed() || begun.elapsed() >= self.stall {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    fn last<T: Serialize>(&mut self, notice: &Notice<T>) {
        if let Ok(message) = serde_json::value::to_raw_value(notice) {
            // Other subscriptions of the connection may have taken the last room.
            let _ = self.sink.try_send(message);
        }
    }

    fn fail(&mut self, error: RpcError) {
        let notice = Notice::<()>::error(self.seq, error.into());
        self.last(&notice);
    }
}

/// Blocks from a place on, some at a time.
pub(super) fn blocks(reader: &Reader<'_>, from: Place) -> Result<Page<Block>, RpcError> {
    const PAGE: u64 = 16;
    let newest = reader.view.height().0;
    let first = from.height.0;
    let last = newest.min(first.saturating_add(PAGE - 1));
    let mut items = Vec::new();
    for height in first..=last {
        let after = Place::new(Height(height.saturating_add(1)), 0);
        items.push((reader.block_at(Height(height))?, after));
    }
    Ok(Page { items, next: from, done: false })
}

/// Events from a place on that match.
pub(super) fn events(
    reader: &Reader<'_>,
    from: Place,
    filter: &EventFilter,
) -> Result<Page<EventItem>, RpcError> {
    let specs = reader.specs.of(&reader.view)?;
    let matcher = EventMatcher::new(&specs, filter)?;
    let newest = reader.view.height();
    let stored = reader.event_page(&matcher, from, newest)?;
    // Nothing more up to the newest height: go on above it.
    let above = Place::new(Height(newest.0.saturating_add(1)), 0);
    let last = stored.last().map(|last| Place::new(last.height, last.index).next());
    let mut items = Vec::new();
    for stored in &stored {
        let here = Place::new(stored.height, stored.index);
        if !specs.has_room() {
            return Ok(Page { items, next: here, done: false });
        }
        if matcher.matches(&specs, stored) {
            items.push((decode::numbered(&specs, stored), here.next()));
        }
    }
    Ok(Page { items, next: last.unwrap_or(above), done: false })
}

/// Receipts from a place on that match: those of one block at a time.
pub(super) fn receipts(
    reader: &Reader<'_>,
    from: Place,
    matcher: TransactionMatcher,
) -> Result<Page<ReceiptShape>, RpcError> {
    if let Some(id) = matcher.id {
        return one_receipt(reader, from, id);
    }
    let height = from.height;
    let next = Place::new(Height(height.0.saturating_add(1)), 0);
    if height > reader.view.height() {
        return Ok(Page { items: Vec::new(), next: from, done: false });
    }
    let outcomes = reader.view.block_outcomes(height).map_err(of_fault)?;
    let transactions = reader.view.block_transactions(height).map_err(of_fault)?;
    let count = outcomes.iter().map(|(_, outcome)| outcome.events() as usize);
    let events = reader.view.events((height, 0), height, count.sum()).map_err(of_fault)?;
    let specs = reader.specs.of(&reader.view)?;
    let mut items = Vec::new();
    let mut rest = events.as_slice();
    for (((id, outcome), transaction), index) in outcomes.iter().zip(&transactions).zip(0u32..) {
        let own = rest.split_at_checked(outcome.events() as usize);
        let (own, after) = own.unwrap_or((rest, &[]));
        rest = after;
        let place = Place::new(height, index);
        if place < from || !matcher.matches(*id, transaction) {
            continue;
        }
        let located = Located { id: *id, height, index, outcome: outcome.clone() };
        items.push((decode::shape(&specs, &located, transaction, own), place.next()));
        if !specs.budget.has_room() {
            return Ok(Page { items, next: place.next(), done: false });
        }
    }
    Ok(Page { items, next, done: false })
}

/// The receipt of one transaction, wherever it is; then nothing more.
fn one_receipt(
    reader: &Reader<'_>,
    from: Place,
    id: dure_types::Hash,
) -> Result<Page<ReceiptShape>, RpcError> {
    let located = reader.view.receipt(id).map_err(of_fault)?;
    let above = Place::new(Height(reader.view.height().0.saturating_add(1)), 0);
    let Some(located) = located else {
        return Ok(Page { items: Vec::new(), next: above.max(from), done: false });
    };
    let specs = reader.specs.of(&reader.view)?;
    let receipt = decode::receipt(&reader.view, &specs, &located)?;
    let after = Place::new(located.height, located.index).next();
    Ok(Page { items: vec![(receipt, after)], next: after, done: true })
}
