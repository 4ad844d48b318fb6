//! Following events: replay, then live, resumed by itself.

use crate::{Client, ClientError};
use dure_rpc::{
    DureClient, Place,
    shape::{EventFilter, EventItem, Notice},
};
use jsonrpsee::core::client::Subscription;

/// One message of a subscription.
pub type SubscriptionItem<T> = Notice<T>;

/// Events that match a filter, each once, in order.
///
/// When the node says that we read too slowly, the stream subscribes again where it was: nothing
/// is lost or doubled.
pub struct EventStream {
    client: Client,
    filter: EventFilter,
    subscription: Subscription<Notice<EventItem>>,
}

impl Client {
    /// Follows events from `filter.from` on, or from now.
    ///
    /// # Errors
    /// [`ClientError::NeedsWebSocket`] on an HTTP connection.
    pub async fn follow_events(&self, filter: EventFilter) -> Result<EventStream, ClientError> {
        let subscription = self.subscribe(&filter).await?;
        Ok(EventStream { client: self.clone(), filter, subscription })
    }

    async fn subscribe(
        &self,
        filter: &EventFilter,
    ) -> Result<Subscription<Notice<EventItem>>, ClientError> {
        let subscription = self.transport().sub_events(Some(filter.clone())).await;
        subscription.map_err(|error| self.error(error))
    }
}

impl EventStream {
    /// The next event; none when the node ended the subscription or the connection.
    ///
    /// # Errors
    /// [`ClientError`] when the node could not go on, or answered something else.
    pub async fn next(&mut self) -> Result<Option<EventItem>, ClientError> {
        loop {
            let Some(notice) = self.subscription.next().await else { return Ok(None) };
            let notice = notice.map_err(|error| ClientError::Malformed(error.to_string()))?;
            if let Some(event) = notice.item {
                self.filter.from = Some(event.place.next());
                return Ok(Some(event));
            }
            if let Some(error) = notice.error {
                return Err(error.data.into());
            }
            if let Some(next) = notice.lagged {
                self.filter.from = Some(next);
                self.subscription = self.client.subscribe(&self.filter).await?;
            }
        }
    }

    /// Where the stream would resume.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        self.filter.from
    }
}
