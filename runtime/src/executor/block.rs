//! One block.

use super::{
    BlockContext, BlockOutput, Executor, TransactionOutput,
    prepass::{Admitted, Payer, Prepass, charge},
    transaction,
};
use crate::{
    merkle,
    signature::VerifiedTransaction,
    state::{
        key::{SystemField, of_system},
        overlay::Overlay,
        read::{Fault, StateDelta, StateRead},
    },
    vm::Env,
};
use codec::Encode;
use dure_types::{Gas, Hash, Outcome, Receipt, SkipReason};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

impl Executor {
    /// Executes the transactions of a block in order.
    ///
    /// # Errors
    /// [`Fault`]: this node must stop; nothing was decided about the block.
    ///
    /// # Determinism
    /// Depends on the state before the block, the block context and the transactions alone.
    pub fn execute_block(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        transactions: &[VerifiedTransaction],
    ) -> Result<BlockOutput, Fault> {
        let run = || self.execute_sequentially(state, block, transactions);
        catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| Fault::Vm("the executor panicked".into()))?
    }

    fn execute_sequentially(
        &self,
        state: &Arc<dyn StateRead>,
        block: &BlockContext,
        transactions: &[VerifiedTransaction],
    ) -> Result<BlockOutput, Fault> {
        let mut overlay = Overlay::new(Arc::clone(state));
        let mut prepass = Prepass::new(&mut overlay, block.time)?;
        let mut verdicts = Vec::with_capacity(transactions.len());
        for transaction in transactions {
            verdicts.push(prepass.admit(&mut overlay, transaction)?);
        }
        overlay.commit();
        let mut env = self.env(overlay, block, Gas::ZERO, None);
        let mut outcomes = Vec::with_capacity(transactions.len());
        let mut releases = Vec::with_capacity(transactions.len());
        let mut gas_used = Gas::ZERO;
        for (transaction, verdict) in transactions.iter().zip(verdicts) {
            let (back, output) = run_one(env, transaction, verdict, &mut releases);
            let output = output?;
            env = back.ok_or_else(|| Fault::Vm("the state of the block is lost".into()))?;
            if let Outcome::Receipt(receipt) = &output.outcome {
                gas_used = gas_used.saturating_add(receipt.gas_used);
            }
            outcomes.push(output);
        }
        let mut overlay = env.overlay;
        for (payer, unused) in releases {
            prepass.release(payer, unused)?;
        }
        prepass.finish(&mut overlay);
        let receipts_root = receipts_root(&outcomes);
        let (delta, before) = overlay.into_changes()?;
        Ok(BlockOutput { outcomes, delta, before, receipts_root, gas_used })
    }
}

/// The code that a block stored, by hash: [`Executor::prepare`] wants to be called with each.
#[must_use]
pub fn deployed(delta: &StateDelta) -> Vec<Hash> {
    let prefix = of_system(SystemField::Code, &[]);
    let codes = delta.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    codes.filter_map(|(key, _)| key.get(prefix.len()..)?.try_into().ok().map(Hash)).collect()
}

fn run_one(
    env: Box<Env>,
    transaction: &VerifiedTransaction,
    verdict: Result<Admitted, SkipReason>,
    releases: &mut Vec<(Payer, Gas)>,
) -> (Option<Box<Env>>, Result<TransactionOutput, Fault>) {
    let id = transaction.id();
    let admitted = match verdict {
        Ok(admitted) => admitted,
        Err(reason) => {
            let outcome = Outcome::Skipped(reason);
            return (Some(env), Ok(TransactionOutput { id, outcome, events: Vec::new() }));
        }
    };
    let body = transaction.body();
    let (mut env, ran) = transaction::run(env, id, body, body.gas_limit, admitted.base);
    if let Some(env) = env.as_mut() {
        env.overlay.commit();
    }
    let ran = match ran {
        Ok(ran) => ran,
        Err(fault) => return (env, Err(fault)),
    };
    let gas_charged = charge(body.gas_limit, ran.gas_used);
    let unused = body.gas_limit.saturating_sub(gas_charged);
    releases.push((admitted.payer, unused));
    let receipt = Receipt {
        result: ran.result,
        gas_used: ran.gas_used,
        gas_charged,
        events: u32::try_from(ran.events.len()).unwrap_or(u32::MAX),
        events_root: merkle::root(ran.events.iter().map(Encode::encode)),
    };
    let outcome = Outcome::Receipt(receipt);
    (env, Ok(TransactionOutput { id, outcome, events: ran.events }))
}

/// Root over the outcomes of a block: leaf i is `SCALE(i: u32, transaction id, outcome)`.
#[must_use]
pub fn receipts_root(outcomes: &[TransactionOutput]) -> Hash {
    merkle::root(outcomes.iter().zip(0u32..).map(|(output, index)| leaf(index, output)))
}

/// The bytes of one leaf of the receipts tree.
#[must_use]
pub fn leaf(index: u32, output: &TransactionOutput) -> Vec<u8> {
    (index, output.id, &output.outcome).encode()
}
