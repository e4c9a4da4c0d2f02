//! Many at once, and one who is slow.

use futures_util::future::join_all;
use plenary_permissions::Role;
use plenary_protocol::{Message, SyncMessage};

use crate::stage::{Stage, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_herd_that_joins_a_document_nobody_has_open_gets_one_room_and_all_of_the_text() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut author = stage.hocuspocus_editor(&ana).await;
    let text = "A joint submission is written by many hands. ".repeat(2_000);
    author.type_text(&text).await;
    author.until_acknowledged(1).await;
    drop(author);
    let herd = join_all((0..200).map(|_| stage.editor(&ana))).await;
    assert_eq!(stage.app.rooms.counts().rooms, 1);
    for editor in &herd {
        assert_eq!(editor.text(), text);
    }
    drop(herd);
    soon("everybody to have left", async {
        while stage.app.rooms.counts().participants > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_converge_and_each_edit_is_acknowledged_once() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut editors = join_all((0..10).map(|_| stage.hocuspocus_editor(&ana))).await;
    let mut reader = stage.editor(&ana).await;
    join_all(editors.iter_mut().map(|editor| async {
        // What was heard while syncing is no answer to what follows.
        let _ = editor.announce("{}").await;
        editor.heard.clear();
        for _ in 0..50 {
            editor.type_text("x").await;
        }
        editor.until_acknowledged(50).await;
        editor.until_text(|text| text.len() == 500).await;
    }))
    .await;
    reader.until_text(|text| text.len() == 500).await;
    for editor in &mut editors {
        assert_eq!(editor.text(), reader.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_costs_one_diff_and_holds_nobody_up() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut author = stage.hocuspocus_editor(&ana).await;
    let mut slow = stage.slow_editor(&ana).await;
    // Past what the server's system takes for one socket and what the room lets wait.
    let page = "0123456789".repeat(6_000);
    let pages = 120;
    for _ in 0..pages {
        author.type_text(&page).await;
        author.until_acknowledged(1).await;
    }
    let mut frames = 0;
    let mut last = 0;
    while slow.text().len() < page.len() * pages {
        let before = slow.text().len();
        if let Message::Sync(SyncMessage::Update(_)) = slow.take().await {
            frames += 1;
        }
        last = slow.text().len() - before;
    }
    assert!(frames < pages, "{frames} frames for {pages} updates");
    assert!(last > page.len(), "the last frame brought {last} bytes");
    assert_eq!(slow.text(), author.text());
}
