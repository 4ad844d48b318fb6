//! The policy file of a token: its keys, and the contract and calls that it stands for.
//!
//! `contracts/token/README.md` has the keys in a table; `contracts/token/policies` has files.

use super::{
    super::plan::{Plan, Planned, PlannedCall, Unless},
    day::Day,
    problem::{PolicyFileError, Problem},
    section::{Field, Section, Text},
};
use dure_types::{Address, limits};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::de::DeTable;

/// Bytes of a name or a symbol.
const NAME_BYTES_MAX: usize = 128;
/// Items of a list of the conditions, as the contract's module `registry` bounds them.
const LIST_MAX: usize = 64;
/// Merchants or holders of one file.
const ACCOUNTS_MAX: usize = 10_000;
/// Digits after the point.
const DECIMALS_MAX: u32 = 38;

const SECTIONS: &[&str] =
    &["token", "period", "merchants", "permission", "caps", "merchant", "holder"];
const TOKEN: &[&str] = &["name", "symbol", "decimals", "salt"];
const PERIOD: &[&str] = &["first_day", "last_day"];
const MERCHANTS: &[&str] = &["regions", "categories", "not_categories", "tier_max", "groups"];
const PERMISSION: &[&str] = &["hold", "spend", "gifts", "redeem", "issuers", "agents", "pausers"];
const CAPS: &[&str] =
    &["per_purchase", "spent_per_month", "held", "issued_per_month", "issued_in_total"];
const MERCHANT: &[&str] = &["account", "region", "category", "tier", "groups", "owner"];
const HOLDER: &[&str] = &["account", "person"];

const ACCESS: [(&str, &str); 2] = [("anyone", "Anyone"), ("admitted", "Admitted")];
const REDEEM: [(&str, &str); 3] =
    [("anyone", "Anyone"), ("merchants", "Merchants"), ("nobody", "Nobody")];

/// A policy file, read and checked.
#[derive(Debug, PartialEq)]
pub(super) struct PolicyFile {
    pub(super) name: String,
    pub(super) symbol: String,
    pub(super) decimals: u32,
    salt: String,
    /// The contract's `Conditions` in JSON.
    pub(super) conditions: Value,
    issuers: Vec<Address>,
    agents: Vec<Address>,
    pausers: Vec<Address>,
    pub(super) merchants: Vec<Merchant>,
    pub(super) holders: Vec<Holder>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Merchant {
    account: Address,
    /// The account as the file has it.
    pub(super) written: String,
    owner: Address,
    region: u32,
    category: [u8; 4],
    tier: u32,
    groups: Vec<u32>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Holder {
    account: Address,
    /// The account as the file has it.
    pub(super) written: String,
    person: Option<Address>,
}

impl PolicyFile {
    /// Reads the file's text; `file` is for messages.
    pub(super) fn parse(text: &str, file: &str) -> Result<Self, PolicyFileError> {
        let source = Text { file, text };
        let table = DeTable::parse(text).map_err(|error| source.syntax(&error))?;
        let root = Section::new(source, String::new(), 1, table.get_ref(), SECTIONS)?;
        let token = root.need("token", "[token]")?.section(TOKEN)?;
        let name = token.need("name", "name = \"Meal card\"")?.text(NAME_BYTES_MAX)?;
        let symbol = token.need("symbol", "symbol = \"MEAL\"")?.text(NAME_BYTES_MAX)?;
        let decimals = token.get("decimals").map(|field| field.number(DECIMALS_MAX)).transpose()?;
        let salt = match token.get("salt") {
            Some(field) => field.text(limits::SALT_BYTES_MAX)?,
            None if name.len() <= limits::SALT_BYTES_MAX => name,
            // The name is too long to be part of the address.
            None => token.need("salt", "salt = \"meal-2027\"")?.text(limits::SALT_BYTES_MAX)?,
        };
        let permission = root.get("permission").map(|field| field.section(PERMISSION));
        let permission = permission.transpose()?;
        let accounts = |key| match permission.as_ref().and_then(|section| section.get(key)) {
            Some(field) => field.list(LIST_MAX, Field::account),
            None => Ok(Vec::new()),
        };
        Ok(Self {
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            decimals: decimals.unwrap_or(0),
            salt: salt.to_owned(),
            issuers: accounts("issuers")?,
            agents: accounts("agents")?,
            pausers: accounts("pausers")?,
            conditions: conditions(&root, permission.as_ref())?,
            merchants: listed(source, &root, "merchant", MERCHANT, merchant)?,
            holders: listed(source, &root, "holder", HOLDER, holder)?,
        })
    }

    /// The contract and the calls that the file stands for; `code` says where its code is.
    pub(super) fn plan(&self, code: Planned) -> Plan {
        let init = json!({
            "name": literal(&self.name),
            "symbol": literal(&self.symbol),
            "decimals": self.decimals,
            "conditions": self.conditions,
        });
        let planned = Planned { init, salt: Some(self.salt.clone()), ..code };
        let roles = self.issuers.iter().map(|account| (account, "Issuer"));
        let roles = roles.chain(self.agents.iter().map(|account| (account, "Agent")));
        let roles = roles.chain(self.pausers.iter().map(|account| (account, "Pauser")));
        let mut calls: Vec<PlannedCall> = roles
            .map(|(account, role)| {
                let held = json!({ "account": account.to_string(), "role": role });
                let mut args = held.clone();
                args["has"] = json!(true);
                call("set_role", args, "has_role", held)
            })
            .collect();
        calls.extend(self.merchants.iter().map(|merchant| {
            let account = json!({ "account": merchant.account.to_string() });
            call("register_merchant", merchant.arguments(), "is_merchant", account)
        }));
        calls.extend(self.holders.iter().map(|holder| {
            let account = json!({ "account": holder.account.to_string() });
            let mut args = account.clone();
            args["person"] = json!(holder.person.map(|person| person.to_string()));
            call("admit", args, "is_admitted", account)
        }));
        let contracts = BTreeMap::from([(CONTRACT.to_owned(), planned)]);
        Plan { key: None, contracts, calls }
    }

    /// What makes the address, besides who signs.
    pub(super) fn salt(&self) -> &[u8] {
        self.salt.as_bytes()
    }
}

/// The name of the contract in the plan.
pub(super) const CONTRACT: &str = "token";

impl Merchant {
    fn arguments(&self) -> Value {
        json!({
            "account": self.account.to_string(),
            "merchant": {
                "owner": self.owner.to_string(),
                "region": self.region,
                "category": hex(self.category),
                "tier": self.tier,
                "status": "Active",
            },
            "groups": self.groups,
        })
    }
}

/// A call that is made unless a query answers yes.
fn call(method: &str, args: Value, query: &str, asked: Value) -> PlannedCall {
    let unless = Unless { query: query.to_owned(), args: asked, is: json!(true) };
    let (contract, method) = (CONTRACT.to_owned(), method.to_owned());
    PlannedCall { contract, method, args, key: None, unless }
}

/// Text that stands for itself in a plan, where `@` and `$` begin the name of something.
fn literal(text: &str) -> String {
    match text.chars().next() {
        Some(sign @ ('@' | '$')) => format!("{sign}{text}"),
        _ => text.to_owned(),
    }
}

fn hex(category: [u8; 4]) -> String {
    dure_rpc::hex::to_text(&category)
}

fn conditions(
    root: &Section<'_>,
    permission: Option<&Section<'_>>,
) -> Result<Value, PolicyFileError> {
    let (from, until) = period(root)?;
    let merchants = merchants(root)?;
    let permitted = |key: &str| permission.and_then(|section| section.get(key));
    let access = |key: &str| permitted(key).map_or(Ok("Anyone"), |field| field.choice(&ACCESS));
    let gifts = permitted("gifts");
    let gives = gifts.as_ref().map_or(Ok(true), |field| field.boolean())?;
    let redeem = permitted("redeem").map_or(Ok("Anyone"), |field| field.choice(&REDEEM))?;
    let caps = root.get("caps").map(|field| field.section(CAPS)).transpose()?;
    let cap = |key: &str| caps.as_ref().and_then(|section| section.get(key));
    let of_purchases = [gifts.filter(|_| !gives), cap("per_purchase"), cap("spent_per_month")];
    if let Some(field) = of_purchases.iter().flatten().next()
        && merchants.is_none()
    {
        return Err(field.error(Problem::NeedsMerchants));
    }
    let mut amounts = serde_json::Map::new();
    for key in CAPS {
        let amount = cap(key).map(|field| field.amount()).transpose()?;
        amounts.insert((*key).to_owned(), json!(amount.map(|amount| amount.to_string())));
    }
    Ok(json!({
        "from": from.map(|day| day.start().0.to_string()),
        "until": until.map(|day| day.end().0.to_string()),
        "merchants": merchants,
        "hold": access("hold")?,
        "spend": access("spend")?,
        "gifts": gives,
        "redeem": redeem,
        "caps": amounts,
    }))
}

/// The first and the last day.
fn period(root: &Section<'_>) -> Result<(Option<Day>, Option<Day>), PolicyFileError> {
    let Some(field) = root.get("period") else { return Ok((None, None)) };
    let section = field.section(PERIOD)?;
    let first = section.get("first_day").map(|field| field.day()).transpose()?;
    let Some(field) = section.get("last_day") else { return Ok((first, None)) };
    let last = field.day()?;
    if first.is_some_and(|first| first > last) {
        return Err(field.error(Problem::Backwards));
    }
    Ok((first, Some(last)))
}

/// The set of merchants, as the contract has it.
fn merchants(root: &Section<'_>) -> Result<Option<Value>, PolicyFileError> {
    let Some(field) = root.get("merchants") else { return Ok(None) };
    let section = field.section(MERCHANTS)?;
    let numbers = |key: &str| match section.get(key) {
        Some(field) => field.list(LIST_MAX, |item| item.number(u32::MAX)),
        None => Ok(Vec::new()),
    };
    let categories = |key: &str| match section.get(key) {
        Some(field) => field.list(LIST_MAX, |item| item.category().map(hex)),
        None => Ok(Vec::new()),
    };
    let tier_max = section.get("tier_max").map(|field| field.number(u8::MAX.into())).transpose()?;
    Ok(Some(json!({
        "regions": numbers("regions")?,
        "allowed": categories("categories")?,
        "denied": categories("not_categories")?,
        "tier_max": tier_max.unwrap_or(u8::MAX.into()),
        "groups": numbers("groups")?,
    })))
}

/// The tables of a list of accounts, none of which is listed twice.
fn listed<T>(
    text: Text<'_>,
    root: &Section<'_>,
    name: &str,
    known: &'static [&'static str],
    read: fn(&Section<'_>) -> Result<(Address, T), PolicyFileError>,
) -> Result<Vec<T>, PolicyFileError> {
    let Some(field) = root.get(name) else { return Ok(Vec::new()) };
    let items = field.list(ACCOUNTS_MAX, |item| {
        let section = item.section(known)?;
        Ok((section.line(), read(&section)?))
    })?;
    let mut lines = BTreeMap::new();
    let mut list = Vec::new();
    for (line, (account, item)) in items {
        if let Some(first) = lines.insert(account, line) {
            let twice = Problem::Twice { account: account.to_string(), first };
            return Err(text.error(line, &format!("{name}.account"), twice));
        }
        list.push(item);
    }
    Ok(list)
}

fn merchant(section: &Section<'_>) -> Result<(Address, Merchant), PolicyFileError> {
    let field = section.need("account", "account = \"@dave\"")?;
    let (account, written) = (field.account()?, field.text(NAME_BYTES_MAX)?.to_owned());
    let tier = section.get("tier").map(|field| field.number(u8::MAX.into())).transpose()?;
    let groups = section.get("groups");
    let groups = groups.map(|field| field.list(LIST_MAX, |item| item.number(u32::MAX)));
    let merchant = Merchant {
        account,
        written,
        owner: section.get("owner").map_or(Ok(account), |field| field.hash())?,
        region: section.need("region", "region = 41570")?.number(u32::MAX)?,
        category: section.need("category", "category = \"5.2.1\"")?.category()?,
        tier: tier.unwrap_or(0),
        groups: groups.transpose()?.unwrap_or_default(),
    };
    Ok((account, merchant))
}

fn holder(section: &Section<'_>) -> Result<(Address, Holder), PolicyFileError> {
    let field = section.need("account", "account = \"@erin\"")?;
    let (account, written) = (field.account()?, field.text(NAME_BYTES_MAX)?.to_owned());
    let person = section.get("person").map(|field| field.hash()).transpose()?;
    Ok((account, Holder { account, written, person }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const HEAD: &str = "[token]\nname = \"Card\"\nsymbol = \"C\"\n";

    #[test]
    fn every_policy_of_the_repository_is_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/token/policies");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let policy = PolicyFile::parse(&text, &path.display().to_string());
            policy.unwrap_or_else(|error| panic!("{error}"));
            read += 1;
        }
        assert!(read >= 3, "only {read} files");
    }

    #[test]
    fn the_conditions_are_what_the_file_says() {
        let text = format!(
            "{HEAD}[period]\nlast_day = 2026-12-31\n[merchants]\ncategories = [\"5.2\"]\n\
             [caps]\nheld = 1_000\nissued_in_total = \"20000000000000000000\"\n\
             [[merchant]]\naccount = \"@bob\"\nregion = 1\ncategory = \"5\"\n"
        );
        let policy = PolicyFile::parse(&text, "card.toml").unwrap();
        // 2027-01-01 00:00 in Korea.
        assert_eq!(policy.conditions["until"], "1798729200000");
        assert_eq!(policy.conditions["from"], Value::Null);
        let merchants = json!({
            "regions": [], "allowed": ["0x05020000"], "denied": [], "tier_max": 255, "groups": [],
        });
        assert_eq!(policy.conditions["merchants"], merchants);
        let caps = &policy.conditions["caps"];
        assert_eq!((&caps["held"], &caps["per_purchase"]), (&json!("1000"), &Value::Null));
        assert_eq!(caps["issued_in_total"], "20000000000000000000");
        assert_eq!((policy.salt(), policy.decimals), (&b"Card"[..], 0));
        let plan = policy.plan(Planned::default());
        assert_eq!(plan.calls.len(), 1);
        assert_eq!(plan.calls[0].args["merchant"]["owner"], plan.calls[0].args["account"]);
        assert_eq!(literal("$5 off"), "$$5 off");
    }

    /// What is added to a head that is right is refused on a line with these words.
    fn check(added: &str, line: usize, words: &str) {
        let text = format!("{HEAD}{added}");
        let error = PolicyFile::parse(&text, "card.toml").unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("card.toml", line), "{error}");
        let shown = error.to_string();
        assert!(shown.contains(words), "{shown}");
    }

    #[test]
    fn what_is_not_known_is_refused_with_file_line_and_key() {
        check("nam = 1\n", 4, "card.toml:4: token.nam there is no such key");
        check("[merchant]\nregion = 1\n", 4, "merchant is a table; write sections in [[ ]]");
        check("\n[merchants]\nregion = [1]\n", 6, "merchants.region there is no such key");
        check(
            "[merchants]\nregions = [\n  1,\n  \"x\",\n]\n",
            7,
            "merchants.regions[1] is a string",
        );
        check("[[holder]]\naccount = \"@bob\"\nname = \"Bob\"\n", 6, "holder[0].name");
        check("[cap]\n", 4, "cap there is no such key; remove it, or use one of token, period");
        check("[caps]\nheld = 1 2\n", 5, "card.toml:5: ");
    }

    #[test]
    fn a_value_that_cannot_be_meant_is_refused_and_says_what_to_write() {
        check("decimals = 39\n", 4, "39 cannot be used; write a number from 0 to 38");
        check("salt = \"\"\n", 4, "1 to 32 bytes");
        check("[period]\nfirst_day = \"2026-03-01\"\n", 5, "a day without quotes");
        check("[period]\nfirst_day = 2026-03-01T09:00:00\n", 5, "a day without quotes");
        let backwards = "[period]\nfirst_day = 2026-03-02\nlast_day = 2026-03-01\n";
        check(backwards, 6, "period.last_day is before period.first_day");
        check("[caps]\nheld = 0\n", 5, "an amount above 0");
        check("[caps]\nheld = -1\n", 5, "an amount above 0");
        check("[caps]\nheld = \"1,000\"\n", 5, "an amount above 0");
        check("[caps]\nheld = 1.5\n", 5, "caps.held is a float");
        check("[permission]\nhold = \"all\"\n", 5, "write \"anyone\" or \"admitted\"");
        check("[permission]\nissuers = [\"bob\"]\n", 5, "permission.issuers[0]");
        check("[permission]\ngifts = false\n", 5, "permission.gifts needs the section [merchants]");
        check("[caps]\nspent_per_month = 1\n", 5, "needs the section [merchants]");
        check("[merchants]\ncategories = [\"5.0\"]\n", 5, "numbers from 1 to 255");
        check("[merchants]\ncategories = [\"1.2.3.4.5\"]\n", 5, "up to four numbers");
        check(
            "[[merchant]]\naccount = \"@bob\"\nregion = 1\n",
            4,
            "merchant[0].category is missing",
        );
        let twice = "[[holder]]\naccount = \"@bob\"\n[[holder]]\naccount = \"@bob\"\n";
        check(twice, 6, "was listed on line 4 already");
        let missing = PolicyFile::parse("[token]\nsymbol = \"C\"\n", "c.toml").unwrap_err();
        assert_eq!(missing.key, "token.name");
        let long = format!("[token]\nname = \"{}\"\nsymbol = \"C\"\n", "n".repeat(33));
        assert_eq!(PolicyFile::parse(&long, "c.toml").unwrap_err().key, "token.salt");
    }
}
