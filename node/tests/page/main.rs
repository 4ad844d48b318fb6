//! The café's page, served from another origin, in a real Chromium.

mod cafe;
#[path = "../process/node.rs"]
mod node;

use cafe::Cafe;
use fantoccini::{Client as Browser, ClientBuilder, Locator};
use node::{Node, free_port};
use serde_json::json;
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const PAGE: &str = include_str!("../../../examples/cafe/page/index.html");

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already; nothing is left to do then.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Serves the one page on a port of its own, which makes it another origin than the node's.
async fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = socket.read(&mut request).await.unwrap_or(0);
            let found = request[..read].starts_with(b"GET /index.html");
            let (status, body) = if found { ("200 OK", PAGE) } else { ("404 Not Found", "") };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
                 Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            // A browser that hangs up early asks again.
            if socket.write_all(head.as_bytes()).await.is_ok() {
                let _sent = socket.write_all(body.as_bytes()).await;
            }
        }
    });
    port
}

fn program(names: &[&str]) -> Option<String> {
    let found = names.iter().find(|name| Path::new(name).is_file());
    found.map(|name| (*name).to_owned())
}

async fn browser() -> (Driver, Browser) {
    let missing = "Chromium and its driver are needed: apt-get install chromium chromium-driver";
    let driver = program(&["/usr/bin/chromedriver", "/usr/lib/chromium-browser/chromedriver"]);
    let chromium = program(&["/usr/bin/chromium", "/usr/bin/chromium-browser"]);
    let (driver, chromium) = (driver.expect(missing), chromium.expect(missing));
    let port = free_port();
    let child = Command::new(driver)
        .arg(format!("--port={port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let driver = Driver(child);
    let options = json!({"goog:chromeOptions": {"binary": chromium, "args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync",
    ]}});
    let options = options.as_object().unwrap().clone();
    let url = format!("http://127.0.0.1:{port}");
    for _ in 0..300 {
        let mut builder =
            ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        if let Ok(browser) = builder.capabilities(options.clone()).connect(&url).await {
            return (driver, browser);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("chromedriver does not answer");
}

/// Waits until an element shows this text.
async fn shows(browser: &Browser, element: &str, text: &str) {
    let mut last = String::new();
    for _ in 0..200 {
        if let Ok(found) = browser.find(Locator::Css(element)).await {
            last = found.text().await.unwrap_or_default();
            if last.contains(text) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = browser.find(Locator::Css("body")).await.unwrap().text().await.unwrap();
    panic!("{element} shows {last:?}, not {text:?}; the page:\n{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_a_page_of_another_origin_follows_the_shop_live() {
    let mut node = Node::start().await;
    let cafe = Cafe::open(&node).await;
    cafe.order(1).await;
    let port = serve().await;
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
