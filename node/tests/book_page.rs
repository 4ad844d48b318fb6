//! The page of the book's tutorial, in a real Chromium.

#![allow(missing_docs, reason = "tests are named by the fact that they show")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "page/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with other tests of the program")]
mod program;

use browser::{browser, serve, shows};
use fantoccini::Locator;
use program::{Dev, dure};
use serde_json::Value;

const PAGE: &str = include_str!("../../docs/book/listings/page/index.html");
const STAMPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/book/listings/stamps");

/// The address of a key of `dure dev`.
fn address(name: &str) -> String {
    let shown = dure(&["keys", "show", name, "--json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    shown["address"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_the_tutorials_page_asks_and_follows_the_token() {
    let built = dure(&["build", STAMPS, "--locked", "--offline", "--json"]);
    let built: Value = serde_json::from_slice(&built.stdout).unwrap();
    let dev = Dev::start(&[]);
    let module = built["path"].as_str().unwrap();
    let made = dev.answer(&["deploy", module, "--init", r#"{"name": "Café"}"#]);
    let token = made["address"].as_str().unwrap().to_owned();
    dev.answer(&["call", &token, "issue", "--to", "@bob", "--amount", "100"]);

    let port = serve(PAGE).await;
    let (_driver, browser) = browser().await;
    let rpc = dev.url.replacen("http", "ws", 1);
    let url = format!("http://127.0.0.1:{port}/index.html?rpc={rpc}&token={token}");
    browser.goto(&url).await.unwrap();
    shows(&browser, "#state", "live").await;
    shows(&browser, "#name", "Café").await;
    shows(&browser, "#moves li:first-child", "100 from nobody").await;
    // What happens while it is open.
    dev.answer(&["call", &token, "transfer", "--to", "@carol", "--amount", "30", "--key", "bob"]);
    shows(&browser, "#moves li:first-child", "30 from 0x").await;
    // What the reader asks.
    let holder = browser.find(Locator::Css("#holder")).await.unwrap();
    holder.send_keys(&address("bob")).await.unwrap();
    browser.find(Locator::Css("#ask button")).await.unwrap().click().await.unwrap();
    shows(&browser, "#balance", "holds 70").await;
    holder.clear().await.unwrap();
    holder.send_keys("0x12").await.unwrap();
    browser.find(Locator::Css("#ask button")).await.unwrap().click().await.unwrap();
    shows(&browser, "#balance", "holder").await;
    // What the reader sends: first as much as there is, then more.
    let (to, amount) = (Locator::Css("#to"), Locator::Css("#amount"));
    let carol = address("carol");
    browser.find(to).await.unwrap().send_keys(&carol).await.unwrap();
    browser.find(amount).await.unwrap().send_keys("70").await.unwrap();
    browser.find(Locator::Css("#send button")).await.unwrap().click().await.unwrap();
    shows(&browser, "#sent", "final at height").await;
    shows(&browser, "#moves li:first-child", "70 from 0x").await;
    assert_eq!(dev.answer(&["query", &token, "balance", "--holder", "@carol"]), "100");
    browser.find(Locator::Css("#send button")).await.unwrap().click().await.unwrap();
    shows(&browser, "#sent", "Short").await;
    browser.close().await.unwrap();
}
