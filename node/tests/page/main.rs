//! The café's page, served from another origin, in a real Chromium.

mod browser;
mod cafe;
#[path = "../process/node.rs"]
mod node;

use browser::{browser, serve, shows};
use cafe::Cafe;
use fantoccini::Locator;
use node::Node;

const PAGE: &str = include_str!("../../../examples/cafe/page/index.html");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_a_page_of_another_origin_follows_the_shop_live() {
    let mut node = Node::start().await;
    let cafe = Cafe::open(&node).await;
    cafe.order(1).await;
    let port = serve(PAGE).await;
    let (_driver, browser) = browser().await;
    let url = format!("http://127.0.0.1:{port}/index.html?rpc={}&shop={}", node.url(), cafe.shop);
    browser.goto(&url).await.unwrap();
    // What happened before the page was opened.
    shows(&browser, "#state", "live").await;
    shows(&browser, "#stock", "coffee 4").await;
    shows(&browser, "#takings", "4,500").await;
    shows(&browser, "#order-1", "1 × coffee").await;
    // What happens while it is open.
    cafe.order(2).await;
    shows(&browser, "#order-2", "2 × coffee").await;
    shows(&browser, "#stock", "coffee 2").await;
    shows(&browser, "#takings", "13,500").await;
    // The node goes away and comes back; the page goes on where it was.
    node.kill();
    node.restart().await;
    let again = Cafe { client: node.client().await, ..cafe };
    again.order(1).await;
    shows(&browser, "#order-3", "1 × coffee").await;
    shows(&browser, "#takings", "18,000").await;
    let orders = browser.find_all(Locator::Css("#orders tr")).await.unwrap();
    assert_eq!(orders.len(), 3, "no order is shown twice");
    browser.close().await.unwrap();
}
