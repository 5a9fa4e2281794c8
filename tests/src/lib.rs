//! What the tests share: frames, requests, a scene and its judgement. Never part of the product.

pub mod apis;
pub mod binary;
pub mod forms;
pub mod gateways;
pub mod http;
pub mod judged;
pub mod page;
pub mod scene;
pub mod stand;
pub mod suite;
pub mod tree;
pub mod tshark;
pub mod wire;
