//! Which code a contract had when something happened: what it said then is read by that.

use crate::{fault::Fault, view::View};
use codec::Decode;
use dure_rpc::Place;
use dure_types::{Address, Hash, domain};
use std::{collections::BTreeMap, sync::Arc};

/// Events of the system contract that are read at a time.
const PAGE: usize = 256;

/// Of each contract that was upgraded: where, and the code until there.
pub(super) type Replaced = BTreeMap<Address, BTreeMap<Place, Hash>>;

/// The upgrades of the chain, read once from what the system contract said of them.
#[derive(Debug, Default)]
pub(super) struct Upgrades {
    /// Up to here all is read.
    next: Place,
    replaced: Arc<Replaced>,
}

impl Upgrades {
    /// All upgrades up to the height of a view, at least.
    pub(super) fn up_to(&mut self, view: &View) -> Result<Arc<Replaced>, Fault> {
        let upgraded = domain::selector("Upgraded");
        loop {
            let from = (self.next.height, self.next.index);
            let page = view.contract_events(Address::SYSTEM, from, view.height(), PAGE)?;
            for stored in &page {
                let place = Place::new(stored.height, stored.index);
                self.next = place.next();
                let said = &stored.event;
                if said.topic == upgraded
                    && let Ok((contract, _, previous)) =
                        <(Address, Hash, Hash)>::decode(&mut said.data.as_slice())
                {
                    let replaced = Arc::make_mut(&mut self.replaced);
                    replaced.entry(contract).or_default().insert(place, previous);
                }
            }
            if page.len() < PAGE {
                return Ok(Arc::clone(&self.replaced));
            }
        }
    }
}
