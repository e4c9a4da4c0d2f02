//! The whole table: every route and every message of a socket × everybody who may try × every stage.
//!
//! What each cell must say follows from `plenary-permissions` alone. The routes are those that the server itself
//! describes, and the messages those of the codec, so that one without a row fails.

mod actors;
mod http;
mod routes;
mod sockets;
mod world;

use self::world::{Cells, World};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_says_to_everybody_what_the_table_says() {
    let (world, mut cells) = (World::make().await, Cells::default());
    routes::check(&world, &mut cells).await;
    println!("{} cells: {} routes", cells.total(), cells.rows());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_does_for_everybody_what_the_table_says() {
    let (world, mut cells) = (World::make().await, Cells::default());
    sockets::check(&world, &mut cells).await;
    println!("{} cells: {} messages in two dialects on two documents", cells.total(), cells.rows());
}
