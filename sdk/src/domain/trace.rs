//! Following every won from who gave it to what it was spent on (rule C14, D2, D6).
//!
//! **Intervals on running totals.** A track is money for one purpose. Its gifts lie one behind
//! the other on a line, and so do its spends: a gift of 70 after gifts of 100 covers
//! `[100, 170)`, a spend of 120 after none covers `[0, 120)`. Won number `x` of the gifts is won
//! number `x` of the spends: first in, first out. What of a gift went into a spend is where the
//! two intervals overlap.
//!
//! ```text
//! gifts   |----- ana 100 -----|--- ben 70 ---|
//! spends  |------ rice 120 ------|---- not spent ----
//!                              ^ ben: 20 into rice, 50 his own unspent part
//! ```
//!
//! A gift or a spend writes two entries, however many donors there are. Both sides tile their
//! line without a hole, so the first overlap is found by one look into ordered keys, and the rest
//! follow it: a page of a trace costs what is on the page. A spend may draw from several tracks,
//! one after the other ([`Trace::spend`]): what was given for it first, then what was given for
//! anything.
//!
//! **Refunds.** The own unspent part of a gift is what of its interval lies behind the last spend
//! ([`Trace::unspent_of`]), known without a look at other donors. A refund while spends may still
//! come would leave a hole that later spends would have to jump over, each time, or would move
//! the won of others. So the caller refunds only **once no spend can follow**: the campaign
//! failed, was ended or is over. Then the totals stand still, nothing leaves them, and all
//! unspent parts together are what is unspent.
//!
//! **Overhead.** A share of many small gifts, rounded down each by itself, is nought. [`cut`]
//! rounds the running total: after every gift the parts sum to the share of all of it, and no
//! gift is cut by more than its own share rounded up.
//!
//! **Concurrency.** Where an interval begins depends on the gifts before it: gifts of one track
//! wait for each other, those of different tracks do not. That is the price of an order; whoever
//! needs no order needs no trace.

use super::share::{WHOLE_BP, floor};
use crate::{Amount, Described, Hash, Map, Order, Page, StorageKey};
use alloc::vec::Vec;

/// Says why nothing was given or spent, or that the entries do not match the totals.
#[crate::ty]
#[derive(Copy)]
pub enum TraceError {
    /// Less is unspent.
    Short {
        /// What is unspent on all tracks that may be drawn from.
        unspent: Amount,
        /// What was to be spent.
        wanted: Amount,
    },
    /// More than can be counted.
    TooMuch {
        /// What was given before.
        given: Amount,
        /// What was to be given.
        amount: Amount,
    },
    /// The entries do not tile the line.
    Broken {
        /// Where they stop fitting.
        at: Amount,
        /// The running total.
        total: Amount,
    },
}

/// `[start, end)` on a running total.
#[crate::ty]
#[derive(Copy)]
pub struct Interval {
    /// The first won.
    pub start: Amount,
    /// The one behind the last.
    pub end: Amount,
}

impl Interval {
    /// How much it is.
    #[must_use]
    pub fn amount(self) -> Amount {
        self.end.saturating_sub(self.start)
    }

    /// What both cover; nothing where they do not meet.
    #[must_use]
    pub fn overlap(self, other: Self) -> Self {
        let start = self.start.max(other.start);
        Self { start, end: self.end.min(other.end).max(start) }
    }
}

/// A part of a gift or a spend that was asked for.
#[crate::ty]
#[derive(Copy)]
pub struct Overlap {
    /// The gift or the spend.
    pub of: Hash,
    /// What of it.
    pub interval: Interval,
}

/// What `amount` more adds to a share of a running total, rounded down: after each step the parts
/// sum to `floor(total x rate_bp / 10,000)`. None beyond the greatest amount.
///
/// # Example
/// ```
/// use dure_sdk::{Amount, domain::trace::cut};
/// // A tenth of gifts of 9 won each: nought of the first, and 9 of the first ten.
/// assert_eq!(cut(Amount(0), Amount(9), 1_000), Some(Amount(0)));
/// let parts = (0..10).map(|gift| cut(Amount(gift * 9), Amount(9), 1_000).unwrap().0);
/// assert_eq!(parts.sum::<u128>(), 9);
/// ```
#[must_use]
pub fn cut(before: Amount, amount: Amount, rate_bp: u32) -> Option<Amount> {
    let share = |total| floor(total, Amount(rate_bp.into()), Amount(WHOLE_BP.into()));
    share(before.checked_add(amount)?)?.checked_sub(share(before)?)
}

/// What lies on a line from one place on.
#[crate::ty]
#[derive(Copy)]
struct Piece {
    of: Hash,
    end: Amount,
}

/// One side of the tracks: pieces that tile `[0, total)`.
#[crate::composite]
struct Side<K: StorageKey + Described + 'static> {
    totals: Map<K, Amount>,
    /// By where they begin.
    pieces: Map<(K, Amount), Piece>,
}

impl<K: StorageKey + Clone + PartialEq + Described + 'static> Side<K> {
    fn total(&self, track: &K) -> Amount {
        self.totals.get(track).unwrap_or(Amount::ZERO)
    }

    /// Appends a piece; nothing is stored of nothing. `None` above the greatest amount.
    fn append(&mut self, track: &K, of: Hash, amount: Amount) -> Option<Interval> {
        let start = self.total(track);
        let end = start.checked_add(amount)?;
        if amount > Amount::ZERO {
            self.pieces.set(&(track.clone(), start), &Piece { of, end });
            self.totals.set(track, &end);
        }
        Some(Interval { start, end })
    }

    /// The pieces of a track from the one that begins at `start` on.
    fn pieces_from(&self, track: &K, start: Amount) -> impl Iterator<Item = (Interval, Hash)> {
        let entries = self.pieces.entries(Some(&(track.clone(), start)), Order::Ascending);
        let track = track.clone();
        entries
            .take_while(move |((at, _), _)| *at == track)
            .map(|((_, start), piece)| (Interval { start, end: piece.end }, piece.of))
    }

    /// What overlaps an interval, in order; `next` is where the rest of it begins.
    fn overlaps(&self, track: &K, asked: Interval, limit: u32) -> Page<Overlap, Amount> {
        let mut page = Page { items: Vec::new(), next: None };
        let asked = Interval { start: asked.start, end: asked.end.min(self.total(track)) };
        if asked.amount() == Amount::ZERO {
            return page;
        }
        // The last that begins at or before the start holds it: there is no hole.
        let before = (track.clone(), asked.start);
        let Some(((_, first), _)) = self.pieces.entries(Some(&before), Order::Descending).next()
        else {
            return page;
        };
        for (piece, of) in
            self.pieces_from(track, first).take_while(|(piece, _)| piece.start < asked.end)
        {
            if page.items.len() >= limit as usize {
                page.next = Some(piece.start.max(asked.start));
                break;
            }
            page.items.push(Overlap { of, interval: piece.overlap(asked) });
        }
        page
    }

    /// Pieces from one that begins at `start` on, checked to tile the line.
    fn recount(
        &self,
        track: &K,
        start: Amount,
        limit: u32,
    ) -> Result<Page<Overlap, Amount>, TraceError> {
        let total = self.total(track);
        let (mut items, mut end) = (Vec::new(), start);
        for (interval, of) in self.pieces_from(track, start) {
            let fits = interval.start == end && interval.end > end && interval.end <= total;
            crate::ensure!(fits, TraceError::Broken { at: end, total });
            if items.len() >= limit as usize {
                return Ok(Page { items, next: Some(end) });
            }
            items.push(Overlap { of, interval });
            end = interval.end;
        }
        crate::ensure!(end == total, TraceError::Broken { at: end, total });
        Ok(Page { items, next: None })
    }
}

/// Gifts and spends by track: the module's one field of a contract's storage.
///
/// # Example
/// ```
/// use dure_sdk::{domain::trace::Trace, native::Sandbox, prelude::*};
/// let (ana, ben, rice) = (Hash([1; 32]), Hash([2; 32]), Hash([9; 32]));
/// Sandbox::new().run(|_| {
///     let mut trace = Trace::<u8>::open(Place::field(0));
///     trace.give(&0, ana, Amount(100)).unwrap();
///     let gift = trace.give(&0, ben, Amount(70)).unwrap();
///     trace.spend(&[0], rice, Amount(120)).unwrap();
///     let spends = trace.spends_of(&0, gift, 10);
///     assert_eq!((spends.items[0].of, spends.items[0].interval.amount()), (rice, Amount(20)));
///     assert_eq!(trace.unspent_of(&0, gift), Amount(50));
/// });
/// ```
#[crate::composite]
pub struct Trace<K: StorageKey + Described + 'static> {
    gifts: Side<K>,
    spends: Side<K>,
}

impl<K: StorageKey + Clone + PartialEq + Described + 'static> Trace<K> {
    /// Books a gift and says where it lies. Of nothing, nothing is stored.
    ///
    /// # Errors
    /// `TooMuch` when the total cannot be counted; nothing is changed then.
    pub fn give(&mut self, track: &K, gift: Hash, amount: Amount) -> Result<Interval, TraceError> {
        let given = self.given(track);
        let lies = self.gifts.append(track, gift, amount);
        lies.ok_or(TraceError::TooMuch { given, amount })
    }

    /// Books a spend that draws from tracks, in their order, and says where its parts lie. A track
    /// that is named twice is drawn from once.
    ///
    /// # Errors
    /// `Short` when all of them together have less unspent; nothing is changed then.
    pub fn spend(
        &mut self,
        tracks: &[K],
        spend: Hash,
        amount: Amount,
    ) -> Result<Vec<(K, Interval)>, TraceError> {
        let (mut unspent, mut seen) = (Amount::ZERO, Vec::new());
        for track in tracks {
            if !seen.contains(&track) {
                unspent = unspent.saturating_add(self.unspent(track));
                seen.push(track);
            }
        }
        let short = TraceError::Short { unspent, wanted: amount };
        crate::ensure!(amount <= unspent, short);
        let (mut parts, mut left) = (Vec::new(), amount);
        for track in tracks {
            let part = left.min(self.unspent(track));
            if part > Amount::ZERO {
                // At most what was given, which can be counted.
                let interval = self.spends.append(track, spend, part).ok_or(short)?;
                parts.push((track.clone(), interval));
                left = left.saturating_sub(part);
            }
        }
        Ok(parts)
    }

    /// All that was given on a track.
    #[must_use]
    pub fn given(&self, track: &K) -> Amount {
        self.gifts.total(track)
    }

    /// All that was spent on a track.
    #[must_use]
    pub fn spent(&self, track: &K) -> Amount {
        self.spends.total(track)
    }

    /// What was given and not spent.
    #[must_use]
    pub fn unspent(&self, track: &K) -> Amount {
        self.given(track).saturating_sub(self.spent(track))
    }

    /// The own unspent part of a gift: what of it lies behind the last spend.
    #[must_use]
    pub fn unspent_of(&self, track: &K, gift: Interval) -> Amount {
        gift.end.saturating_sub(gift.start.max(self.spent(track)))
    }

    /// What a gift, or what of it begins at `gift.start`, was spent on: at most `limit` parts, and
    /// where the next ones begin.
    #[must_use]
    pub fn spends_of(&self, track: &K, gift: Interval, limit: u32) -> Page<Overlap, Amount> {
        self.spends.overlaps(track, gift, limit)
    }

    /// Whose gifts a spend is, or what of it begins at `spend.start`: as [`Trace::spends_of`].
    #[must_use]
    pub fn gifts_of(&self, track: &K, spend: Interval, limit: u32) -> Page<Overlap, Amount> {
        self.gifts.overlaps(track, spend, limit)
    }

    /// Goes through the gifts of a track and checks that they tile it up to the running total:
    /// `start` is nought, or the `next` of the page before. For audits.
    ///
    /// # Errors
    /// `Broken` where they do not, or where none begins at `start`.
    pub fn recount_gifts(
        &self,
        track: &K,
        start: Amount,
        limit: u32,
    ) -> Result<Page<Overlap, Amount>, TraceError> {
        self.gifts.recount(track, start, limit)
    }

    /// Goes through the spends of a track: as [`Trace::recount_gifts`].
    ///
    /// # Errors
    /// `Broken` as there.
    pub fn recount_spends(
        &self,
        track: &K,
        start: Amount,
        limit: u32,
    ) -> Result<Page<Overlap, Amount>, TraceError> {
        self.spends.recount(track, start, limit)
    }
}
