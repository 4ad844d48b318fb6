//! The story, step by step.

use crate::live::Live;
use dure_client::{
    Client, ClientError, Key, RpcError, Submission, TransactionBuilder, Wait, shape::ReceiptShape,
};
use dure_types::{Address, Gas};
use eyre::{WrapErr, ensure, eyre};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stage::{plain_token, short};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const COFFEE: u64 = 1;
const PRICE: u128 = 4_500;
const STOCK: u32 = 5;
const GAS: Gas = Gas(2_000_000);

/// What the story saw become final, whole.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Every receipt of the three accounts: deploys, payments, and what was refused.
    pub(crate) receipts: Vec<ReceiptShape>,
    /// What contracts answered: contract, query, arguments, answer.
    pub(crate) answers: Vec<(String, String, Value, Value)>,
    /// Contract addresses by name.
    pub(crate) contracts: Vec<(String, String)>,
}

struct Stage {
    client: Client,
    company: Key,
    cafe: Key,
    employee: Key,
    k_token: Address,
    coin: Address,
    desk: Address,
    shop: Address,
    record: Record,
}

fn say(text: &str, took: Option<Duration>) {
    let took =
        took.map_or_else(String::new, |took| format!("{:>7.1} ms", took.as_secs_f64() * 1e3));
    println!("  {text:<62} {took}");
}

/// Plays the story and returns what must be found again later.
pub(crate) async fn play(rpc: &str, keys: &Path, contracts: &Path) -> eyre::Result<Record> {
    let client = Client::connect(rpc).await?;
    let key = |name: &str| Key::from_file(keys.join(format!("{name}.key")));
    let (company, cafe) = (key("alice")?, key("bob")?);
    let mut record = Record::default();
    println!("Contracts");
    let module = |name: &str| {
        let path = contracts.join(format!("{name}.wasm"));
        std::fs::read(&path).wrap_err_with(|| path.display().to_string())
    };
    let token = module("token")?;
    let mut deploy = async |name: &str, by: &Key, wasm: &[u8], init: Value| {
        let started = Instant::now();
        // Any salt will do that this creator has not used: a story may be played twice.
        let salt = format!("{name}-{}", started_at());
        let deployment = client.deploy(by, wasm, &init, salt.as_bytes()).await?;
        say(&format!("{name} at {}", short(deployment.contract)), Some(started.elapsed()));
        record.contracts.push((name.to_owned(), deployment.contract.to_string()));
        Ok::<_, ClientError>(deployment.contract)
    };
    let k_token = plain_token("K-token", "KT", "Merchants");
    let k_token = deploy("K-token", &company, &token, k_token).await?;
    let coin = plain_token("Café", "CAFE", "Anyone");
    let coin = deploy("café token", &cafe, &token, coin).await?;
    let init = json!({"terms": one_for_one(cafe.address(), k_token, coin)});
    let desk = deploy("desk", &cafe, &module("exchange")?, init).await?;
    let init = json!({"token": coin.to_string()});
    let shop = deploy("shop", &cafe, &module("shop")?, init).await?;
    let employee = Key::generate()?;
    let mut stage = Stage { client, company, cafe, employee, k_token, coin, desk, shop, record };
    let names = [("K-token", k_token), ("café token", coin), ("desk", desk), ("shop", shop)];
    stage.set_up().await?;
    let live = Live::follow(rpc, &names).await?;
    stage.top_up().await?;
    stage.two_coffees(&live).await?;
    stage.too_many().await?;
    stage.redeem(&live).await?;
    stage.supply().await?;
    stage.remember().await?;
    Ok(stage.record)
}

/// Milliseconds since 1970: a name that no earlier story used.
fn started_at() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis())
}

/// Terms of a desk that takes one token and gives the other.
fn one_for_one(source: Address, takes: Address, gives: Address) -> Value {
    let all = u128::MAX.to_string();
    let asset = |token: Address| {
        json!({
            "token": token.to_string(),
            "source": source.to_string(),
            "takes": token == takes,
            "gives": token == gives,
            "taken_min": "1",
            "taken_max": all,
            "inventory_max": all,
        })
    };
    let guard =
        json!({"notice_ms": "0", "age_max_ms": null, "jump_max_bp": null, "window_ms": "0"});
    json!({
        "assets": [asset(takes), asset(gives)],
        "fee_bp": 0,
        "fee_to": source.to_string(),
        "guard": guard,
    })
}

/// An id that nothing else has.
fn fresh_id() -> eyre::Result<String> {
    Ok(Key::generate()?.address().to_string())
}

impl Stage {
    async fn run(
        &self,
        text: &str,
        transaction: impl AsyncFnOnce(&Self) -> Result<Submission, ClientError>,
    ) -> eyre::Result<Submission> {
        let started = Instant::now();
        let submission = transaction(self).await.wrap_err_with(|| text.to_owned())?;
        say(text, Some(started.elapsed()));
        Ok(submission)
    }

    fn by<'a>(&'a self, key: &'a Key) -> TransactionBuilder<'a> {
        self.client.transaction(key)
    }

    async fn set_up(&mut self) -> eyre::Result<()> {
        println!("Setting up");
        let (company, cafe) = (self.company.clone(), self.cafe.clone());
        let cafe_address = cafe.address().to_string();
        self.run("the company deposits 100,000 won and registers the café", async |s| {
            let merchant = json!({
                "owner": cafe_address,
                "region": 1,
                "category": "0x05010000",
                "tier": 0,
                "status": "Active",
            });
            let register = json!({"account": cafe_address, "merchant": merchant, "groups": []});
            s.by(&company)
                .call(s.k_token, "book_deposit", json!({"amount": "100000"}))
                .call(s.k_token, "register_merchant", register)
                .submit(Wait::Final)
                .await
        })
        .await?;
        let stock = fresh_id()?;
        self.run("the café stocks its desk with 50,000 of its own token", async |s| {
            let (desk, coin) = (s.desk.to_string(), s.coin.to_string());
            let amount = "50000";
            let allow = json!({"spender": desk, "amount": amount, "expires": null});
            let worth = json!({"numerator": "1", "denominator": "1"});
            let rate =
                |token: Address| json!({"token": token.to_string(), "worth": worth, "from": "0"});
            s.by(&cafe)
                .call(s.coin, "book_deposit", json!({"amount": amount}))
                .call(s.coin, "issue", json!({"to": cafe.address().to_string(), "amount": amount}))
                .call(s.coin, "approve", allow)
                .call(s.desk, "stock", json!({"id": stock, "token": coin, "amount": amount}))
                .call(s.desk, "set_rate", rate(s.k_token))
                .call(s.desk, "set_rate", rate(s.coin))
                .submit(Wait::Final)
                .await
        })
        .await?;
        self.run("the café puts coffee on the menu, five in stock", async |s| {
            let price = PRICE.to_string();
            let item = json!({"item": COFFEE, "name": "coffee", "price": price});
            s.by(&cafe)
                .call(s.shop, "set_item", item)
                .call(s.shop, "restock", json!({"item": COFFEE, "quantity": STOCK}))
                .submit(Wait::Final)
                .await
        })
        .await?;
        Ok(())
    }

    async fn top_up(&mut self) -> eyre::Result<()> {
        println!("At the kiosk");
        let company = self.company.clone();
        let to = self.employee.address().to_string();
        self.run("the employee's card is topped up with 40,000 K-token", async |s| {
            s.by(&company)
                .call(s.k_token, "issue", json!({"to": to, "amount": "40000"}))
                .submit(Wait::Final)
                .await
        })
        .await?;
        Ok(())
    }

    /// One transaction: allow, exchange, allow, order, settle. The café carries the gas.
    async fn buy(&self, id: &str, cups: u32) -> Result<Submission, ClientError> {
        let price = (PRICE * u128::from(cups)).to_string();
        let (desk, shop) = (self.desk.to_string(), self.shop.to_string());
        let allow = |spender: &str| json!({"spender": spender, "amount": price, "expires": null});
        let lines = json!([{"item": COFFEE, "quantity": cups}]);
        let request = json!({
            "offer": self.k_token.to_string(),
            "offered": price,
            "want": self.coin.to_string(),
            "least": price,
            "deadline": u64::MAX.to_string(),
        });
        self.by(&self.employee)
            .sponsor(self.cafe.address())
            // A kiosk knows what an order costs; without a limit the client would simulate first
            // and an order that must fail would never reach the chain.
            .gas_limit(GAS)
            .call(self.k_token, "approve", allow(&desk))
            .call(self.desk, "exchange", json!({"id": id, "request": request}))
            .call(self.coin, "approve", allow(&shop))
            .call(self.shop, "order", json!({"lines": lines}))
            .call(self.shop, "settle", json!({}))
            .submit(Wait::Final)
            .await
    }

    async fn two_coffees(&mut self, live: &Live) -> eyre::Result<()> {
        let id = fresh_id()?;
        self.run("exchange, order two coffees and settle: one transaction", async |s| {
            s.buy(&id, 2).await
        })
        .await?;
        for line in live.until("shop.Settled").await? {
            println!("      {line}");
        }
        ensure!(self.stock().await? == STOCK - 2, "stock fell by two");
        ensure!(self.balance(self.coin, self.cafe.address()).await? == 9_000, "settled at once");
        Ok(())
    }

    async fn too_many(&mut self) -> eyre::Result<()> {
        let employee = self.employee.address();
        let before = self.balance(self.k_token, employee).await?;
        let started = Instant::now();
        let error = match self.buy(&fresh_id()?, 4).await {
            Ok(submission) => return Err(eyre!("four coffees out of three: {submission:?}")),
            Err(error) => error,
        };
        say("four coffees out of three in stock are refused", Some(started.elapsed()));
        println!("      {error}");
        let Some(RpcError::ContractRefused { decoded, .. }) = error.refusal() else {
            return Err(eyre!("another error: {error:?}"));
        };
        ensure!(decoded["OutOfStock"]["left"] == 3, "another error: {decoded}");
        ensure!(self.stock().await? == STOCK - 2, "stock is as it was");
        ensure!(self.balance(self.k_token, employee).await? == before, "nothing was taken");
        Ok(())
    }

    async fn redeem(&mut self, live: &Live) -> eyre::Result<()> {
        println!("In the evening");
        let (cafe, id) = (self.cafe.clone(), fresh_id()?);
        self.run("the café takes its K-token out and redeems it for won", async |s| {
            let token = s.k_token.to_string();
            s.by(&cafe)
                .call(s.desk, "withdraw", json!({"id": id, "token": token, "amount": "9000"}))
                .call(s.k_token, "redeem", json!({"amount": "9000", "reference": null}))
                .submit(Wait::Final)
                .await
        })
        .await?;
        for line in live.until("K-token.Redeemed").await? {
            println!("      {line}");
        }
        Ok(())
    }

    /// Counts both tokens: what is held is what was issued, and the deposit covers it.
    async fn supply(&mut self) -> eyre::Result<()> {
        println!("The books");
        for (name, token, expected) in
            [("K-token", self.k_token, 31_000u128), ("café token", self.coin, 50_000)]
        {
            let holders = json!({"after": null, "limit": 200});
            let holders = self.client.query(token, "holders", holders).await?;
            let mut held = 0;
            for entry in holders.as_array().into_iter().flatten() {
                held += number(&entry[1])?;
            }
            let all = json!({ "counted": null, "limit": 200 });
            let audit = self.client.query(token, "audit", all).await?;
            let supply = number(&audit["totals"]["outstanding"])?;
            let deposit = number(&self.client.query(token, "deposit", json!({})).await?)?;
            ensure!(held == supply && supply == expected && supply <= deposit, "{name} is off");
            say(&format!("{name}: held {held} = supply {supply} <= deposit {deposit}"), None);
        }
        Ok(())
    }

    /// Writes down all that must be found again later.
    async fn remember(&mut self) -> eyre::Result<()> {
        for key in [&self.company, &self.cafe, &self.employee] {
            let mut cursor = None;
            loop {
                let page = self.client.history(key.address(), cursor, 100).await?;
                for item in page.transactions {
                    let answer = self.client.receipt(item.id.0, false).await?;
                    self.record.receipts.push(answer.receipt);
                }
                match page.next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
        }
        let books = [("holders", json!({"after": null, "limit": 200})), ("deposit", json!({}))];
        let mut asked = Vec::new();
        for token in [self.k_token, self.coin] {
            asked.extend(books.iter().map(|(query, args)| (token, *query, args.clone())));
            asked.push((self.desk, "inventory", json!({"token": token.to_string()})));
        }
        asked.extend(
            ["menu", "last_order", "takings", "settled"].map(|q| (self.shop, q, json!({}))),
        );
        for (contract, query, args) in asked {
            let answer = self.client.query(contract, query, args.clone()).await?;
            self.record.answers.push((contract.to_string(), query.to_owned(), args, answer));
        }
        Ok(())
    }

    async fn balance(&self, token: Address, holder: Address) -> eyre::Result<u128> {
        let holder = json!({"holder": holder.to_string()});
        number(&self.client.query(token, "balance_of", holder).await?)
    }

    async fn stock(&self) -> eyre::Result<u32> {
        let menu = self.client.query(self.shop, "menu", json!({})).await?;
        let stock = menu[0][1]["stock"].as_u64().ok_or_else(|| eyre!("menu: {menu}"))?;
        Ok(u32::try_from(stock)?)
    }
}

fn text(value: &Value) -> eyre::Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| eyre!("not a string: {value}"))
}

fn number(value: &Value) -> eyre::Result<u128> {
    Ok(text(value)?.parse()?)
}
