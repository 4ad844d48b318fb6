//! A page, served from another origin, in a real Chromium.

use fantoccini::{Client as Browser, ClientBuilder, Locator};
use serde_json::json;
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The driver's process; killed when dropped.
pub(crate) struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already; nothing is left to do then.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// Serves one page on a port of its own, which makes it another origin than the node's.
pub(crate) async fn serve(page: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = socket.read(&mut request).await.unwrap_or(0);
            let found = request[..read].starts_with(b"GET /index.html");
            let (status, body) = if found { ("200 OK", page) } else { ("404 Not Found", "") };
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

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The first of these programs in PATH, as `cargo xtask` looks for them.
fn program(names: &[&str]) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut places = names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    places.find(|place| place.is_file()).map(|place| place.display().to_string())
}

pub(crate) async fn browser() -> (Driver, Browser) {
    let missing = "Chromium and chromedriver are needed: `cargo xtask test` says how to get them";
    let driver = program(&["chromedriver", "chromium.chromedriver"]);
    let chromium = program(&["chromium", "chromium-browser"]);
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
pub(crate) async fn shows(browser: &Browser, element: &str, text: &str) {
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
