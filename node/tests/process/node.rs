//! A node as a process of its own, on a folder that outlives it.

use dure_client::{Client, Key};
use serde_json::{Value, json};
use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A folder, a port, and the process that runs on them now.
pub(crate) struct Node {
    pub(crate) folder: TempDir,
    port: u16,
    child: Option<Child>,
}

/// A port that nobody used a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Node {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut node = Self { folder, port: free_port(), child: None };
        node.restart().await;
        node
    }

    /// Starts the process (again) and waits until it answers.
    pub(crate) async fn restart(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["dev", "--data-dir"])
            .arg(self.folder.path())
            .args(["--rpc-port", &self.port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary runs");
        self.child = Some(child);
        let started = Instant::now();
        while Client::connect(&self.url()).await.is_err() {
            let child = self.child.as_mut().expect("just started");
            assert!(child.try_wait().expect("a status").is_none(), "the node ended by itself");
            assert!(started.elapsed() < Duration::from_secs(30), "the node does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: nothing is flushed, nobody is told.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("a running node");
        child.kill().expect("a signal");
        child.wait().expect("an end");
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/v1", self.port)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.url()).await.expect("the node answers")
    }

    pub(crate) fn key(&self, name: &str) -> Key {
        Key::from_file(self.folder.path().join(format!("keys/{name}.key"))).expect("a dev key")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = self.child.as_mut() {
            // It may have ended already; nothing is left to do then.
            let _ended = child.kill();
            let _ended = child.wait();
        }
    }
}

/// What a plain token is made with.
pub(crate) fn plain(name: &str) -> Value {
    let caps = json!({
        "per_purchase": null,
        "spent_per_month": null,
        "held": null,
        "issued_per_month": null,
        "issued_in_total": null,
    });
    let conditions = json!({
        "from": null,
        "until": null,
        "merchants": null,
        "hold": "Anyone",
        "spend": "Anyone",
        "gifts": true,
        "redeem": "Anyone",
        "caps": caps,
    });
    json!({"name": name, "symbol": "T", "decimals": 0, "conditions": conditions})
}

/// The module of a contract of this repository.
pub(crate) fn module(name: &str) -> Vec<u8> {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let request = dure_build::BuildRequest {
        manifest_dir: contracts.join(name),
        ..dure_build::BuildRequest::default()
    };
    dure_build::build(&request, &mut |_| {}).expect("the contract builds").wasm
}
