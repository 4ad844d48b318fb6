//! A shop on a node, small: one item, its customer ready to order.

use crate::node::{Node, module, plain};
use dure_client::{Client, Key, Wait};
use dure_types::Address;
use serde_json::json;

pub(crate) struct Cafe {
    pub(crate) client: Client,
    pub(crate) shop: Address,
    pub(crate) coin: Address,
    pub(crate) guest: Key,
}

impl Cafe {
    /// Coffee at 4,500, five in stock; the guest holds 45,000.
    pub(crate) async fn open(node: &Node) -> Self {
        let client = node.client().await;
        let (owner, guest) = (node.key("bob"), node.key("carol"));
        let coin = client.deploy(&owner, &module("token"), &plain("Café"), b"coin").await.unwrap();
        let coin = coin.contract;
        let init = json!({"token": coin.to_string()});
        let shop = client.deploy(&owner, &module("shop"), &init, b"shop").await.unwrap().contract;
        let to = guest.address().to_string();
        client
            .transaction(&owner)
            .call(coin, "issue", json!({"to": to, "amount": "45000"}))
            .call(shop, "set_item", json!({"item": 1, "name": "coffee", "price": "4500"}))
            .call(shop, "restock", json!({"item": 1, "quantity": 5}))
            .submit(Wait::Final)
            .await
            .unwrap();
        Self { client, shop, coin, guest }
    }

    pub(crate) async fn order(&self, cups: u32) {
        let allow = json!({"spender": self.shop.to_string(), "amount": "45000", "expires": null});
        let lines = json!([{"item": 1, "quantity": cups}]);
        self.client
            .transaction(&self.guest)
            .call(self.coin, "approve", allow)
            .call(self.shop, "order", json!({"lines": lines}))
            .submit(Wait::Final)
            .await
            .unwrap();
    }
}
