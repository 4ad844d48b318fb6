//! Money in lots: class, expiry, where it may be spent (rules C1, C3 to C6).
//!
//! A holder's money is lots. A lot has a key, which says what it is, and what remains of it:
//!
//! | part of the key | |
//! |---|---|
//! | class | `Policy` (an allowance), `Bonus` (cashback, promotion), `Own` (bought) |
//! | expiry | it is spent only while `time < expiry` |
//! | programme | which allowance or promotion it came from |
//! | set | the merchants where it may be spent: a number that the contract resolves |
//! | purchase | of bought lots the number of the purchase, from 1; otherwise 0 |
//!
//! **Merging.** Two lots of one key are one lot. So lots of equal class, programme, set and expiry
//! merge, and bought ones, each of which has its own price, do not. A lot received as a gift is
//! never refunded (C6): it has purchase 0 and merges by set and expiry.
//!
//! **Limits.** A holder has at most 64 open purchases. Gifts are counted apart: at most 16 of
//! different set or expiry are open, and the next one is refused at its giver. A payment takes from
//! at most 16 lots, gifts not counted: so strangers who give one won each in many ways stop neither
//! a purchase nor a payment. Who has more small lots than that pays in two parts; the error says
//! what one part covers. A recovery is exempt from all three.
//!
//! **Spending** goes through the lots in the order of their keys: allowances first, then bonus, own
//! money last; within a class what expires first. Lots that expired, and lots whose set does not
//! permit the merchant, are passed over. It takes the whole amount or nothing.
//!
//! **Cashback** (C4). Only own money earns: `eligible = min(own part, base cap - base used this
//! month)`, `cashback = floor(eligible x tier bp / 10,000)`, credited as bonus after the payment. A
//! debt is paid from it first.
//!
//! **Persons.** Money lies in accounts; the month's base, the debt and the numbers of purchases are
//! a person's ([`Standing`]), so that a second account brings neither a second base nor a way out.
//! The holding cap is the contract's, over all accounts of a person.
//!
//! **Cancels** (C5) give back in the reverse of consumption. The cashback is computed again on what
//! remains, with the terms of the payment; the difference is clawed back from the lot of that
//! cashback, then from any bonus in order, and what is not there becomes a debt.
//!
//! *Any split of a full cancel ends in the same state.* Clawing step by step would not do: what one
//! step takes from another bonus lot, the next would have taken from a lot that it gave back. So
//! each step first returns what the steps before it took for this payment, gives back its part, and
//! claws anew for all that was cancelled so far. The result depends on what was cancelled in sum.
//!
//! **Expiry.** What is over is not for spending: bonus and allowances go to their source. Own money
//! is divided as by a refund: `floor(remaining x paid / face)` is the holder's unclaimed claim, the
//! pool gets the rest. A gift takes its part of face and paid along, paid rounded down, and keeps
//! that price whatever is spent of it; joined by a gift of another price, each is rounded down for
//! what is there. A part of a payment remembers its price and its bonus, so that a cancel after the
//! expiry, or into a gift that was joined by another meanwhile, divides it alike. So nobody has
//! more to claim than `floor(remaining x paid / face)` of what was bought or given, whatever was
//! spent, given away and cancelled in between, in however many parts.
//!
//! **Refunds** (C6). A purchase is refunded when it is untouched, or when `used x 100 >= face x T`,
//! where `used = face - remaining` without what was given as a gift or refunded before. The holder
//! gets `floor(remaining x paid / face)`, the pool the rest.
//!
//! **Debt** is paid out of all that would leave for the holder's pocket: cashback by [`Lots::pay`],
//! refunds and claims by [`Lots::pay_debt`]. Who is in debt gives nothing away.
//!
//! **Limits of the holder** (C3) are the contract's: [`Lots::holding`] is what they compare with.
//! Call [`Lots::expire`] before, so that what expired no longer counts.
//!
//! **Storage.** A holder's sums and first eight lots lie in one entry, so that a payment of the usual
//! holder reads and writes no other lot; more lots lie behind it, an entry each.
//!
//! Everything is kept under the holder's address or person: payments of different persons touch
//! nothing in common here.

mod book;
mod cashback;
mod lot;
mod payment;
mod purchase;
mod purse;

pub use book::{Lots, Plan};
pub use cashback::{Accrual, Earned, Earning};
pub use lot::{Class, Division, Ended, Lot, LotKey, LotsError, Standing, Taken, Wallet};
pub use payment::{Cancelled, Credited, NewId, Part, Payment, PaymentId, PaymentOrder};
pub use purchase::{Price, Purchase};
