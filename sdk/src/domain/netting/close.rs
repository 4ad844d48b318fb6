//! The close of a cycle: the cut, gridlock, settlement.

use super::{Net, Netting, NettingError, Obligation, Open, Rank, book::Limit};
use crate::{Amount, Hash, Order, TimestampMs, domain::share, storage::Keys};
use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

/// An obligation that was taken out of a cycle and is in the open one now.
#[crate::ty]
#[derive(Copy)]
pub struct Carried {
    /// Who owes.
    pub debtor: u32,
    /// Its id.
    pub id: Hash,
    /// What is owed now: its penalty has grown.
    pub obligation: Obligation,
}

/// What came of a cycle.
#[crate::ty]
#[derive(Copy)]
pub struct Report {
    /// When it was opened.
    pub opened: TimestampMs,
    /// When it was cut.
    pub cut: TimestampMs,
    /// What was owed in it.
    pub gross: Amount,
    /// How many obligations gridlock took out.
    pub taken_out: u32,
    /// What they were in sum: all that was owed, where everything unravelled.
    pub taken_out_amount: Amount,
    /// What was paid in sum: the positions of all who paid.
    pub paid: Amount,
}

/// What a member paid or received.
#[crate::ty]
#[derive(Copy)]
pub struct Position {
    /// The member.
    pub member: u32,
    /// What it was.
    pub net: Net,
}

/// What a call of [`Netting::close`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The cycle that is being closed.
    pub cycle: u64,
    /// Whether this call cut it.
    pub cut: bool,
    /// What was taken out, in that order.
    pub carried: Vec<Carried>,
    /// What came of the cycle; none while members may be short.
    pub settled: Option<Report>,
    /// What each member paid or received, when it is settled; those of nought are left out.
    pub positions: Vec<Position>,
}

/// A cycle that is cut.
#[crate::ty]
pub(super) struct Closing {
    pub(super) cycle: u64,
    pub(super) cut: TimestampMs,
    opened: TimestampMs,
    penalty_bp: u32,
    taken_out: u32,
    taken_out_amount: Amount,
    pub(super) standings: Vec<Standing>,
}

/// Where a member stands in a cycle that is cut. Sums only grow.
#[crate::ty]
#[derive(Copy)]
pub(super) struct Standing {
    pub(super) funds: Amount,
    /// Its room, and what it owed and was taken out.
    due: Amount,
    /// Its room without its position, and what it was owed and was taken out.
    owed: Amount,
}

impl Standing {
    fn is_short(&self) -> bool {
        self.funds.saturating_add(self.due) < self.owed
    }

    pub(super) fn net(&self) -> Net {
        Net::of(self.due, self.owed)
    }
}

impl Netting {
    /// Cuts the open cycle, or goes on with one that is cut; takes at most `limit` obligations out,
    /// and settles once no member is short. When a cycle is due is the contract's to say.
    ///
    /// The penalty is that of the call that cuts: later ones do not change it.
    ///
    /// # Errors
    /// `Mismatch` never for a book that is right: a short member owes something.
    pub fn close(
        &mut self,
        penalty_bp: u32,
        limit: u32,
        now: TimestampMs,
    ) -> Result<Step, NettingError> {
        let mut limits = self.limits.get();
        let before = self.closing.try_get();
        let cut = before.is_none();
        let mut closing = before.unwrap_or_else(|| self.cut(&mut limits, penalty_bp, now));
        let carried = self.unravel(&mut closing, &mut limits, limit)?;
        self.limits.set(&limits);
        let cycle = closing.cycle;
        if closing.standings.iter().any(Standing::is_short) {
            self.closing.set(&closing);
            return Ok(Step { cycle, cut, carried, settled: None, positions: Vec::new() });
        }
        let (report, positions) = self.settle(&closing);
        if !cut {
            self.closing.remove();
        }
        Ok(Step { cycle, cut, carried, settled: Some(report), positions })
    }

    /// Freezes what the open cycle has come to and opens the next one.
    fn cut(&mut self, limits: &mut [Limit], penalty_bp: u32, now: TimestampMs) -> Closing {
        let nobody =
            |limit: &Limit| Standing { funds: Amount::ZERO, due: Amount::ZERO, owed: limit.base };
        let mut standings: Vec<_> = limits.iter().map(nobody).collect();
        for (member, room) in self.room.entries(None, Order::Ascending) {
            if let Some(standing) = standings.get_mut(member as usize) {
                standing.due = room;
            }
        }
        for (member, funds) in self.funds.entries(None, Order::Ascending) {
            if let Some(standing) = standings.get_mut(member as usize) {
                standing.funds = funds;
            }
        }
        for ((member, limit), standing) in (0u32..).zip(limits.iter_mut()).zip(&standings) {
            limit.base = limit.cap;
            if standing.due != limit.cap {
                self.room.at(&member).set(limit.cap);
            }
        }
        let Open { number: cycle, opened } = self.cycle.get();
        self.cycle.set(&Open { number: cycle.saturating_add(1), opened: now });
        let (taken_out, taken_out_amount) = (0, Amount::ZERO);
        Closing { cycle, cut: now, opened, penalty_bp, taken_out, taken_out_amount, standings }
    }

    /// Takes obligations out until no member is short, or as many as are allowed.
    fn unravel(
        &mut self,
        closing: &mut Closing,
        limits: &mut [Limit],
        limit: u32,
    ) -> Result<Vec<Carried>, NettingError> {
        let members = (0u32..).zip(&closing.standings);
        let mut short: BTreeSet<u32> =
            members.filter(|(_, standing)| standing.is_short()).map(|(member, _)| member).collect();
        let mut queues = BTreeMap::<u32, Keys<(u64, u32, Rank)>>::new();
        let mut carried = Vec::new();
        while carried.len() < limit as usize {
            let Some(debtor) = short.first().copied() else { break };
            let cycle = closing.cycle;
            let queue = queues
                .entry(debtor)
                .or_insert_with(|| self.by_debtor.under(&(cycle, debtor), Order::Ascending));
            let next = queue.next().and_then(|(_, _, rank)| {
                self.obligations.get(&(debtor, rank.id)).map(|obligation| (rank, obligation))
            });
            let Some((rank, obligation)) = next else {
                let found = closing.standings.get(debtor as usize);
                let books = found.map_or(Net::Receives(Amount::ZERO), Standing::net);
                let counted = Net::Receives(Amount::ZERO);
                return Err(NettingError::Mismatch { member: debtor, books, counted });
            };
            self.by_debtor.remove(&(cycle, debtor, rank));
            let (creditor, owed) = (obligation.creditor, obligation.owed());
            for (member, due) in [(debtor, true), (creditor, false)] {
                let Some(standing) = closing.standings.get_mut(member as usize) else { continue };
                let side = if due { &mut standing.due } else { &mut standing.owed };
                *side = side.saturating_add(owed);
                if standing.is_short() {
                    short.insert(member);
                } else {
                    short.remove(&member);
                }
            }
            closing.taken_out = closing.taken_out.saturating_add(1);
            closing.taken_out_amount = closing.taken_out_amount.saturating_add(owed);
            let obligation = self.carry(debtor, rank.id, obligation, closing.penalty_bp, limits);
            carried.push(Carried { debtor, id: rank.id, obligation });
        }
        Ok(carried)
    }

    /// Moves an obligation into the open cycle.
    fn carry(
        &mut self,
        debtor: u32,
        id: Hash,
        mut obligation: Obligation,
        penalty_bp: u32,
        limits: &mut [Limit],
    ) -> Obligation {
        // A share of at most the whole of a bounded amount can be counted.
        let more = share::basis_points(obligation.amount, penalty_bp).unwrap_or(Amount::ZERO);
        obligation.penalty = obligation.penalty.saturating_add(more);
        obligation.cycle = self.cycle.get().number;
        self.put(debtor, id, &obligation);
        let owed = obligation.owed();
        self.room.at(&obligation.creditor).add(owed);
        let room = self.room.at(&debtor);
        if let Err(short) = room.sub(owed) {
            room.set(Amount::ZERO);
            if let Some(limit) = limits.get_mut(debtor as usize) {
                let beyond = owed.saturating_sub(short.left);
                limit.base = limit.base.saturating_add(beyond);
            }
        }
        obligation
    }

    /// Changes the funds by the positions.
    fn settle(&mut self, closing: &Closing) -> (Report, Vec<Position>) {
        let mut positions = Vec::new();
        let mut paid = Amount::ZERO;
        for (member, standing) in (0u32..).zip(&closing.standings) {
            let net = standing.net();
            let funds = match net {
                Net::Receives(Amount::ZERO) => continue,
                Net::Receives(amount) => standing.funds.saturating_add(amount),
                Net::Pays(amount) => {
                    paid = paid.saturating_add(amount);
                    // The member is not short.
                    standing.funds.saturating_sub(amount)
                }
            };
            self.funds.at(&member).set(funds);
            positions.push(Position { member, net });
        }
        let Closing { opened, cut, taken_out, taken_out_amount, .. } = *closing;
        let gross = self.gross.at(&closing.cycle).get();
        let report = Report { opened, cut, gross, taken_out, taken_out_amount, paid };
        self.reports.set(&closing.cycle, &report);
        (report, positions)
    }
}
