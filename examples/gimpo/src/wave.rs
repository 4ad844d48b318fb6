//! The wave of August: every kind of fraud that the sources tell of, all of it refused by name.

use crate::{
    mirror::Payment,
    town::{CITIZENS, MERCHANTS, NEIGHBOURS, OWNERS},
    year::{Order, Year, id},
};
use dure_client::Key;
use dure_types::{Address, Hash};
use serde_json::json;
use stage::Draft;
use std::ops::Range;

/// What is tried, what it is called, and the error that must refuse it.
pub(crate) struct Kind {
    pub(crate) korean: &'static str,
    pub(crate) english: &'static str,
    pub(crate) error: &'static str,
    count: usize,
}

const fn kind(
    korean: &'static str,
    english: &'static str,
    error: &'static str,
    count: usize,
) -> Kind {
    Kind { korean, english, error, count }
}

const OWNER_BUYS: Kind = kind(
    "점주가 자기 상품권 구매",
    "Owners buy their own money",
    "Owner::Contract::Merchants::Owner",
    200,
);
const OWN_SHOP: Kind =
    kind("점주가 자기 가게에서 결제", "Owners pay themselves", "Registry::Merchants::OwnShop", 160);
const TWICE: Kind = kind("영수증 중복 사용", "A receipt taken twice", "OtherPayment", 400);
const RING: Kind = kind("한도 초과 조직 구매", "A ring buys above the cap", "Caps::AboveCap", 300);
const SUSPENDED: Kind = kind(
    "정지 가맹점 결제·환전",
    "Business with a suspended merchant",
    "Registry::Merchants::NotActive",
    240,
);
const CLAIMS: Kind = kind("없는 돈 청구", "Claims of others' money", "Lots::Short", 150);
const CANCELS: Kind =
    kind("남의 결제 취소", "Cancels of others' payments", "Lots::UnknownPayment", 150);
const REFUNDS: Kind =
    kind("남의 상품권 환불", "Refunds of others' purchases", "Lots::UnknownLot", 150);
const CASH_OUTS: Kind =
    kind("받을 돈보다 많은 환전", "Cash-outs above what is owed", "Receivables::Short", 120);
pub(crate) const OUT_OF_TOWN: Kind =
    kind("다른 도시 결제", "Spending out of town", "Lots::Short", 250);
const AGENTS: Kind = kind("가짜 판매 대행", "Sellers who are no agents", "Roles::Lacks", 100);
const LAUNDERING: Kind =
    kind("가맹점의 상품권 선물", "Merchants give money away", "Registry::Persons::Unknown", 80);

pub(crate) const KINDS: [&Kind; 12] = [
    &OWNER_BUYS,
    &OWN_SHOP,
    &TWICE,
    &RING,
    &SUSPENDED,
    &CLAIMS,
    &CANCELS,
    &REFUNDS,
    &CASH_OUTS,
    &OUT_OF_TOWN,
    &AGENTS,
    &LAUNDERING,
];

/// Merchants who are suspended with money pending: none of those who hold money themselves.
const SUSPECTS: Range<usize> = OWNERS..OWNERS + 4;

impl Year {
    /// Straw men give owners money, the city suspends suspects, and everything is tried at once.
    pub(crate) async fn wave(&mut self, payments: &[Payment]) -> eyre::Result<()> {
        let givers = self.some(OWNERS);
        let mut gifts = Vec::new();
        for (number, giver) in givers.into_iter().enumerate() {
            let owner = CITIZENS + number;
            let amount = self.mirror.givable(giver, owner).min(30_000);
            gifts.extend(self.gift(giver, owner, amount));
        }
        self.send("the wave", gifts).await?;
        self.suspend().await?;
        let mut tried: Vec<(&'static Kind, Order)> = Vec::new();
        self.purchases_of_rings(&mut tried);
        self.payments_of_cheats(payments, &mut tried);
        self.claims_of_others(payments, &mut tried);
        // Nothing is in an order that would help.
        for place in (1..tried.len()).rev() {
            let other = self.below(place + 1);
            tried.swap(place, other);
        }
        for (kind, _) in &tried {
            *self.log.refused.entry(kind.english).or_default() += 1;
        }
        let mut orders: Vec<Order> = tried.into_iter().map(|(_, order)| order).collect();
        // The same receipt of the same amount is no fraud: a till that lost the answer. It moves
        // nothing, as the books at the end of the year show.
        for payment in payments.iter().rev().take(100) {
            let args = (self.shop_address(payment.shop), payment.amount, id(payment.receipt));
            orders.push(self.order(&self.town.citizens[payment.who], "pay", &args));
        }
        self.send("the wave", orders).await
    }

    /// Suspends merchants who have asked for half of their money.
    async fn suspend(&mut self) -> eyre::Result<()> {
        let mut requests = Vec::new();
        for shop in SUSPECTS {
            let key = self.town.shops[shop].clone();
            let amount = self.mirror.request(shop, 50);
            requests.push(self.order(&key, "request_cash_out", &(pending(shop), amount)));
        }
        self.send("the wave", requests).await?;
        let mut suspend = self.stage.by(&self.town.city);
        for shop in SUSPECTS {
            let args = json!({
                "account": self.shop_address(shop).to_string(), "status": "Suspended",
                "reason": id(shop as u64).to_string(),
            });
            suspend = suspend.call(self.town.registry, "set_status", args);
            self.mirror.shops[shop].suspended = true;
        }
        self.stage.step("the city suspends merchants with money pending", suspend).await?;
        Ok(())
    }

    /// They are found innocent: what was pending is paid.
    pub(crate) fn reinstate(&mut self, orders: &mut Vec<Order>) {
        let city = self.town.city.clone();
        for shop in SUSPECTS {
            let account = self.shop_address(shop);
            let args = (account, 0u8, None::<Hash>);
            let draft = Draft::new(&city, self.town.registry, "set_status", &args);
            orders.push(Order { draft, refused: None });
            self.mirror.shops[shop].suspended = false;
        }
    }

    /// The bank pays what was pending at the suspension.
    pub(crate) fn pay_reinstated(&mut self) -> Vec<Order> {
        let agent = self.town.agents[0].clone();
        let orders = SUSPECTS.map(|shop| {
            let args = (self.shop_address(shop), pending(shop));
            self.mirror.answered(shop, true);
            self.order(&agent, "confirm_cash_out", &args)
        });
        orders.collect()
    }

    fn try_to(
        &self,
        tried: &mut Vec<(&'static Kind, Order)>,
        kind: &'static Kind,
        by: &Key,
        method: &'static str,
        args: &impl codec::Encode,
    ) {
        let order = Order { refused: Some(kind.error), ..self.order(by, method, args) };
        tried.push((kind, order));
    }

    fn purchases_of_rings(&mut self, tried: &mut Vec<(&'static Kind, Order)>) {
        let agent = self.town.agents[0].clone();
        for number in 0..OWNER_BUYS.count {
            let owner = self.town.citizens[CITIZENS + number % OWNERS].address();
            let args = (self.id(), owner, 50_000u128);
            self.try_to(tried, &OWNER_BUYS, &agent, "sell", &args);
        }
        // Above the cap is no discount: who has used all of it may buy at the full price.
        let mut ring = self.some(CITIZENS);
        ring.retain(|who| self.mirror.cap_left(*who) > 0);
        for who in ring.into_iter().take(RING.count) {
            let face = self.mirror.cap_left(who) + 10_000;
            let args = (self.id(), self.town.citizens[who].address(), face);
            self.try_to(tried, &RING, &agent, "sell", &args);
        }
        for who in self.some(AGENTS.count) {
            let seller = self.town.citizens[who].clone();
            let args = (self.id(), seller.address(), 50_000u128);
            self.try_to(tried, &AGENTS, &seller, "sell", &args);
        }
    }

    fn payments_of_cheats(
        &mut self,
        payments: &[Payment],
        tried: &mut Vec<(&'static Kind, Order)>,
    ) {
        for number in 0..OWN_SHOP.count {
            let owner = self.town.citizens[CITIZENS + number % OWNERS].clone();
            let args = (self.shop_address(number % OWNERS), 5_000u128, self.id());
            self.try_to(tried, &OWN_SHOP, &owner, "pay", &args);
        }
        for payment in payments.iter().take(TWICE.count) {
            let more = payment.amount + 1_000;
            let args = (self.shop_address(payment.shop), more, id(payment.receipt));
            self.try_to(tried, &TWICE, &self.town.citizens[payment.who], "pay", &args);
        }
        for (number, who) in self.some(SUSPENDED.count).into_iter().enumerate() {
            let shop = SUSPECTS.start + number % SUSPECTS.len();
            let by = self.town.citizens[who].clone();
            match number / SUSPECTS.len() {
                0 => {
                    let (shop, args) = (self.town.shops[shop].clone(), (self.id(), 1_000u128));
                    self.try_to(tried, &SUSPENDED, &shop, "request_cash_out", &args);
                }
                1 => {
                    let agent = self.town.agents[0].clone();
                    let args = (self.shop_address(shop), pending(shop));
                    self.try_to(tried, &SUSPENDED, &agent, "confirm_cash_out", &args);
                }
                _ => {
                    let args = (self.shop_address(shop), 5_000u128, self.id());
                    self.try_to(tried, &SUSPENDED, &by, "pay", &args);
                }
            }
        }
        for (number, who) in self.some(OUT_OF_TOWN.count).into_iter().enumerate() {
            let by = self.town.citizens[who].clone();
            let args = (self.town.neighbours[number % NEIGHBOURS], 5_000u128, self.id());
            self.try_to(tried, &OUT_OF_TOWN, &by, "pay", &args);
        }
    }

    fn claims_of_others(&mut self, payments: &[Payment], tried: &mut Vec<(&'static Kind, Order)>) {
        for who in self.some(CLAIMS.count) {
            let by = self.town.citizens[who].clone();
            let args = (self.id(), 10_000u128);
            self.try_to(tried, &CLAIMS, &by, "claim", &args);
        }
        for payment in payments.iter().take(CANCELS.count) {
            let other = self.town.shops[(payment.shop + 1) % MERCHANTS].clone();
            let payer = self.town.citizens[payment.who].address();
            let args = (self.id(), payer, id(payment.receipt), payment.amount);
            self.try_to(tried, &CANCELS, &other, "cancel", &args);
        }
        // Purchases are numbered by person: the number of one is asked for by who has none of it.
        for owner in 0..REFUNDS.count {
            let thief = self.town.citizens[CITIZENS + owner % OWNERS].clone();
            let key = self.some(20).into_iter().find_map(|who| self.mirror.purchase_of(who));
            if let Some(key) = key {
                self.try_to(tried, &REFUNDS, &thief, "refund", &key);
            }
        }
        for number in 0..CASH_OUTS.count {
            let shop = number % OWNERS;
            let above = self.mirror.shops[shop].receivable + 1;
            let by = self.town.shops[shop].clone();
            let args = (self.id(), above);
            self.try_to(tried, &CASH_OUTS, &by, "request_cash_out", &args);
        }
        for number in 0..LAUNDERING.count {
            let by = self.town.shops[number % MERCHANTS].clone();
            let to: Address = self.town.citizens[number].address();
            self.try_to(tried, &LAUNDERING, &by, "give", &(to, 10_000u128));
        }
    }
}

/// The id of the cash-out that is pending at a suspension.
fn pending(shop: usize) -> Hash {
    id((1 << 40) + shop as u64)
}
