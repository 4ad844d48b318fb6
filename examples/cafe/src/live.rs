//! What a kiosk's screen would show: every event of the story as it becomes final.

use dure_client::{Client, shape::EventFilter};
use dure_types::Address;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Events seen so far, and a task that goes on looking.
pub(crate) struct Live {
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Live {
    /// Follows the events of these contracts from now on.
    pub(crate) async fn follow(rpc: &str, names: &[(&str, Address)]) -> eyre::Result<Self> {
        let client = Client::connect(rpc).await?;
        let mut stream = client.follow_events(EventFilter::default()).await?;
        let names: BTreeMap<String, String> =
            names.iter().map(|(name, address)| (address.to_string(), (*name).to_owned())).collect();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok(Some(event)) = stream.next().await {
                let contract = serde_json::to_value(event.contract).unwrap_or_default();
                let contract = contract.as_str().and_then(|address| names.get(address));
                let (Some(contract), Some(name)) = (contract, &event.name) else { continue };
                let place = serde_json::to_value(event.place).unwrap_or_default();
                let place = place.as_str().unwrap_or_default().to_owned();
                if let Ok(mut seen) = sink.lock() {
                    let fields = shortened(&event.fields.to_string());
                    seen.push(format!("{place:>6}  {contract}.{name} {fields}"));
                }
            }
        });
        Ok(Self { seen, task })
    }

    /// Waits until an event of this name was pushed, and returns all lines since the last call.
    pub(crate) async fn until(&self, name: &str) -> eyre::Result<Vec<String>> {
        for _ in 0..500 {
            let lines = self.seen.lock().map(|seen| seen.clone()).unwrap_or_default();
            if lines.iter().any(|line| line.contains(name)) {
                if let Ok(mut seen) = self.seen.lock() {
                    seen.clear();
                }
                return Ok(lines);
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Err(eyre::eyre!("the event {name} was not pushed within five seconds"))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The text with every address cut to its ends.
fn shortened(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_at_checked(64).unwrap_or((part, ""));
        let ends = (address.get(..4), address.get(60..64));
        match ends {
            (Some(head), Some(tail)) => out.push_str(&format!("0x{head}…{tail}{rest}")),
            _ => out.push_str(&format!("0x{part}")),
        }
    }
    out
}
