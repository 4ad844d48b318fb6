//! Traces, page by page, and audits.

use crate::{
    error::Error,
    money::tracks_of,
    state::{Books, Cursor, Donations, Recount, Side, Step, Track},
};
use dure_sdk::{
    domain::{
        share::{WHOLE_BP, floor},
        trace::{Interval, Overlap},
    },
    prelude::*,
};

/// Steps of one page.
pub const PAGE_MAX: u32 = 100;

/// What overlaps with parts, from a cursor on.
pub(crate) fn steps(
    parts: &[(Track, Interval)],
    after: Option<Cursor>,
    limit: u32,
    look: impl Fn(&Track, Interval, u32) -> Page<Overlap, Amount>,
) -> Page<Step, Cursor> {
    let limit = limit.clamp(1, PAGE_MAX);
    let begin = after.unwrap_or(Cursor { part: 0, from: Amount::ZERO });
    let mut items: Vec<Step> = Vec::new();
    for (part, (track, interval)) in (0u32..).zip(parts).skip(begin.part as usize) {
        let mut interval = *interval;
        if part == begin.part {
            interval.start = interval.start.max(begin.from);
        }
        let left = limit.saturating_sub(items.len() as u32);
        // A full page looks whether anything follows.
        let found = look(track, interval, left.max(1));
        if left == 0 && !found.items.is_empty() {
            return Page { items, next: Some(Cursor { part, from: interval.start }) };
        }
        let step = |found: Overlap| Step { of: found.of, track: *track, interval: found.interval };
        items.extend(found.items.into_iter().map(step));
        if let Some(from) = found.next {
            return Page { items, next: Some(Cursor { part, from }) };
        }
    }
    Page { items, next: None }
}

impl Donations {
    /// The books of a campaign, compared with the totals of its tracks.
    pub(crate) fn campaign_books(&self, campaign: u32) -> Result<Books, Error> {
        let found = self.campaign_of(campaign)?;
        let (programme, apart) =
            (tracks_of(campaign, &found, false), tracks_of(campaign, &found, true));
        let sum = |tracks: &[Track], of: &dyn Fn(&Track) -> Amount| {
            tracks.iter().fold(Amount::ZERO, |sum, track| sum.saturating_add(of(track)))
        };
        let given = |tracks: &[Track]| sum(tracks, &|track| self.trace.given(track));
        let spent = |tracks: &[Track]| sum(tracks, &|track| self.trace.spent(track));

        let (all, overhead) = (self.given.at(&campaign).get(), given(&apart));
        let (refunded, held) = (self.refunded.at(&campaign).get(), self.escrow.held(&campaign));
        let on_lines = spent(&programme);
        let (gifts, spends) =
            (given(&programme).saturating_add(overhead), on_lines.saturating_add(spent(&apart)));
        let went = spends.saturating_add(refunded).saturating_add(held);
        for (booked, counted) in [(all, gifts), (all, went)] {
            ensure!(booked == counted, Error::Mismatch { booked, counted });
        }

        // No line above its cap, no overhead above its share, no spend that was not released.
        let mut lines = Amount::ZERO;
        for number in 0..found.lines {
            let (spent, cap) =
                (self.spent.at(&(campaign, number)).get(), self.line_of(campaign, number)?.cap);
            ensure!(spent <= cap, Error::Overspent { spent, allowed: cap });
            lines = lines.saturating_add(spent);
        }
        ensure!(on_lines == lines, Error::Mismatch { booked: lines, counted: on_lines });
        let share = floor(all, Amount(found.overhead_bp.into()), Amount(WHOLE_BP.into()));
        let share = share.unwrap_or(all);
        ensure!(overhead <= share, Error::Overspent { spent: overhead, allowed: share });
        let milestones = (0..found.milestones)
            .filter_map(|number| self.milestones.get(&(campaign, number)))
            .filter(|milestone| milestone.released)
            .fold(Amount::ZERO, |sum, milestone| sum.saturating_add(milestone.amount));
        let allowed = milestones.saturating_sub(self.released.at(&campaign).get());
        ensure!(spends == allowed, Error::Overspent { spent: spends, allowed });
        Ok(Books { given: all, overhead, spent: spends, refunded, held })
    }

    /// Counts a page of gifts or spends of a track, each against its own record.
    pub(crate) fn recounted(
        &self,
        track: &Track,
        side: Side,
        from: Amount,
        limit: u32,
    ) -> Result<Recount, Error> {
        let limit = limit.clamp(1, PAGE_MAX);
        let page = match side {
            Side::Gifts => self.trace.recount_gifts(track, from, limit)?,
            Side::Spends => self.trace.recount_spends(track, from, limit)?,
        };
        let (mut counted, mut refunded) = (Amount::ZERO, Amount::ZERO);
        for Overlap { of, interval } in page.items {
            let lies = (*track, interval);
            let recorded = match side {
                Side::Gifts => self.donations.get(&of).is_some_and(|gift| {
                    if gift.refunded.is_some() {
                        let part = self.trace.unspent_of(track, interval);
                        refunded = refunded.saturating_add(part);
                    }
                    gift.parts().contains(&lies)
                }),
                Side::Spends => {
                    self.spends.get(&of).is_some_and(|spend| spend.parts.contains(&lies))
                }
            };
            ensure!(recorded, Error::Misplaced { of });
            counted = counted.saturating_add(interval.amount());
        }
        Ok(Recount { counted, refunded, next: page.next })
    }
}
