//! The books, counted again.

use crate::{
    error::Error,
    money::tracks_of,
    state::{Audit, Campaign, Counted, Donations, Recount, Side, Track},
};
use dure_sdk::{prelude::*, standard::TokenClient};

impl Donations {
    /// What is held of all campaigns is there in tokens.
    pub(crate) fn backed(&self, cx: &Cx) -> Result<(), Error> {
        let token = TokenClient::at(self.token.get());
        Ok(self.escrow.backed(token.balance_of(cx.address()).map_err(Error::Token)?)?)
    }

    /// Counts a page of gifts or spends of a track, then of the next, campaign by campaign;
    /// compares each campaign's books, and in the end what is held of all.
    pub(crate) fn audited(
        &self,
        cx: &Cx,
        counted: Option<Counted>,
        limit: u32,
    ) -> Result<Audit, Error> {
        let (nought, found) = (Amount::ZERO, self.campaign_from(0));
        let first = found.map(|(campaign, _)| Counted::of(campaign, nought));
        let Some(counted) = counted.or(first) else {
            return self.held_of_all(cx, nought);
        };
        let Counted { campaign, place, from, mut back, held } = counted;
        let plan = self.campaign_of(campaign)?;
        let Some((track, side)) = places(campaign, &plan).nth(place as usize) else {
            // All of the campaign is counted.
            let books = self.campaign_books(campaign)?;
            let (booked, counted) = (books.refunded, back);
            ensure!(booked == counted, Error::Mismatch { booked, counted });
            let held = held.saturating_add(books.held);
            let Some(next) = campaign.checked_add(1).and_then(|next| self.campaign_from(next))
            else {
                return self.held_of_all(cx, held);
            };
            return Ok(Audit { next: Some(Counted::of(next.0, held)) });
        };
        let Recount { refunded, next, .. } = self.recounted(&track, side, from, limit)?;
        back = back.saturating_add(refunded);
        let (place, from) = match next {
            Some(from) => (place, from),
            None => (place.saturating_add(1), nought),
        };
        Ok(Audit { next: Some(Counted { campaign, place, from, back, held }) })
    }

    fn held_of_all(&self, cx: &Cx, counted: Amount) -> Result<Audit, Error> {
        let booked = self.escrow.total();
        ensure!(booked == counted, Error::Mismatch { booked, counted });
        self.backed(cx)?;
        Ok(Audit { next: None })
    }

    /// The first campaign from a number on.
    fn campaign_from(&self, number: u32) -> Option<(u32, Campaign)> {
        self.campaigns.entries(Some(&number), Order::Ascending).next()
    }
}

/// The lists of a campaign: gifts and spends of each of its tracks.
fn places(campaign: u32, plan: &Campaign) -> impl Iterator<Item = (Track, Side)> {
    let tracks = [false, true].map(|overhead| tracks_of(campaign, plan, overhead));
    tracks.into_iter().flatten().flat_map(|track| [(track, Side::Gifts), (track, Side::Spends)])
}

impl Counted {
    const fn of(campaign: u32, held: Amount) -> Self {
        Self { campaign, place: 0, from: Amount::ZERO, back: Amount::ZERO, held }
    }
}
