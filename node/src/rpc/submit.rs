//! `tx_submit`: admission, and waiting for what was asked.

use super::{failure, reader::Reader, service::Service};
use crate::{mempool::Rejection, recent::Forgotten};
use dure_rpc::{
    RpcError,
    shape::{Stage, Submission, Wait},
};
use dure_types::{Hash, Height, TimestampMs, Transaction};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

impl Service {
    /// Submits encoded bytes and waits.
    pub(super) async fn submit(
        &self,
        bytes: Vec<u8>,
        wait: Wait,
        signed: Option<Hash>,
    ) -> Result<Submission, RpcError> {
        let chain = self.handle.chain();
        if let Some(signed) = signed.filter(|signed| *signed != chain) {
            return Err(RpcError::WrongChain { signed: signed.into(), chain: chain.into() });
        }
        let transaction = Transaction::from_bytes(&bytes).map_err(failure::of_decode)?;
        transaction.check_shape().map_err(failure::of_shape)?;
        let (id, valid_until) = (transaction.body.id(chain), transaction.body.valid_until);
        if wait == Wait::None {
            self.send(bytes)?;
            return Ok(self.submission(id, Stage::Sent));
        }
        let before = self.handle.head().borrow().height;
        let accepted = match self.handle.submit(bytes).await {
            Ok(accepted) => accepted,
            Err(Rejection::Stopping) => return Err(self.stopping().await),
            Err(rejection) => return Err(failure::of_rejection(rejection)),
        };
        if wait == Wait::Accepted {
            return Ok(self.submission(accepted.id, Stage::Accepted));
        }
        let begun = Instant::now();
        let height = match accepted.known {
            Some(known) => known.height,
            None => self.await_receipt(id, before, valid_until, begun).await?,
        };
        let proof = wait == Wait::Certified;
        if proof {
            self.await_certified(id, height, begun).await?;
        }
        let (stage, reached) =
            if proof { (Stage::Certified, "certified") } else { (Stage::Final, "final") };
        let receipt = move |reader: &Reader<'_>| reader.receipt(id, proof);
        let answer = self.read_accepted(id, reached, begun, receipt).await?;
        Ok(Submission {
            id: id.into(),
            stage,
            height: answer.height,
            receipt: Some(answer.receipt),
            certified: answer.certified,
        })
    }

    fn submission(&self, id: Hash, stage: Stage) -> Submission {
        let height = self.handle.head().borrow().height.into();
        Submission { id: id.into(), stage, height, receipt: None, certified: None }
    }

    /// Hands bytes to admission and does not wait; how many may be on their way is bounded.
    fn send(&self, bytes: Vec<u8>) -> Result<(), RpcError> {
        let limit = self.limits.submissions as u64;
        let permit = Arc::clone(&self.submissions).try_acquire_owned();
        let permit =
            permit.map_err(|_| RpcError::Busy { what: "submissions".to_owned(), limit })?;
        let handle = self.handle.clone();
        tokio::spawn(async move {
            if let Err(rejection) = handle.submit(bytes).await {
                tracing::debug!(%rejection, "a transaction sent without waiting was refused");
            }
            drop(permit);
        });
        Ok(())
    }

    /// Waits until the transaction has an outcome in a block after `before`; its height.
    ///
    /// That it was skipped is an answer too: nobody else will include the transaction for us.
    async fn await_receipt(
        &self,
        id: Hash,
        before: Height,
        valid_until: TimestampMs,
        begun: Instant,
    ) -> Result<Height, RpcError> {
        let (mut head, mut looked) = (self.handle.head(), before);
        loop {
            let seen = *head.borrow_and_update();
            let found = match self.handle.recent().location_after(looked, id) {
                Ok(found) => found,
                Err(Forgotten) => {
                    let find = move |reader: &Reader<'_>| reader.view.location(id);
                    let find = move |reader: &Reader<'_>| find(reader).map_err(failure::of_fault);
                    self.read_accepted(id, "accepted", begun, find).await?
                }
            };
            if let Some(found) = found.filter(|found| found.ran || found.height > before) {
                return Ok(found.height);
            }
            looked = seen.height;
            if seen.time > valid_until {
                let (valid_until, time) = (valid_until.into(), seen.time.into());
                return Err(RpcError::Expired { valid_until, time });
            }
            self.next_head(&mut head, id, "accepted", begun).await?;
        }
    }

    /// Waits until the roots of a height are in a decided header.
    async fn await_certified(
        &self,
        id: Hash,
        height: Height,
        begun: Instant,
    ) -> Result<(), RpcError> {
        let mut head = self.handle.head();
        while head.borrow_and_update().certified < height {
            self.next_head(&mut head, id, "final", begun).await?;
        }
        Ok(())
    }

    async fn next_head(
        &self,
        head: &mut tokio::sync::watch::Receiver<crate::chain::Head>,
        id: Hash,
        stage: &str,
        begun: Instant,
    ) -> Result<(), RpcError> {
        match tokio::time::timeout(self.left(begun), head.changed()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.stopping().await),
            Err(_) => Err(not_final(id, stage, begun)),
        }
    }

    /// Reads for a transaction that is accepted: waits for a permit as long as for the rest.
    ///
    /// Busy would read as a refusal, and the caller would sign anew what runs already.
    async fn read_accepted<T: Send + 'static>(
        &self,
        id: Hash,
        stage: &str,
        begun: Instant,
        read: impl FnOnce(&Reader<'_>) -> Result<T, RpcError> + Send + 'static,
    ) -> Result<T, RpcError> {
        match self.read_receipt(self.left(begun), read).await {
            Err(RpcError::Busy { .. }) => Err(not_final(id, stage, begun)),
            answer => answer,
        }
    }

    /// What is left of the wait.
    fn left(&self, begun: Instant) -> Duration {
        self.limits.final_wait.saturating_sub(begun.elapsed())
    }
}

fn not_final(id: Hash, stage: &str, begun: Instant) -> RpcError {
    let (stage, waited_ms) = (stage.to_owned(), millis(begun.elapsed()));
    RpcError::NotFinalInTime { id: id.into(), waited_ms, stage }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
