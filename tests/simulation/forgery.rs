//! Updates that a member might build by hand to write in another's name, to keep another from writing, to delete what
//! is not there yet, or to make copies of a text differ. None of them does what any editor may: delete or replace what
//! is there.

use std::ops::RangeInclusive;

use fastrand::Rng;

use crate::building::{Builder, Id, MAP, NULL, Parent, number, text};

/// What a forger tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attack {
    /// The next clock of somebody else.
    NextClock,
    /// A clock of somebody else beyond the next.
    FutureClock,
    /// From a known clock of somebody else over the edge, with other content.
    OverTheEdge,
    /// A skip, then a struct of somebody else.
    Skip,
    /// Collected structs over somebody else's clocks, known and not.
    Collected,
    /// A client id that somebody has announced and not yet written with.
    Announced,
    /// The server's own client id.
    Server,
    /// Somebody else's next clock, behind an honest struct of one's own.
    BesideOnesOwn,
    /// A delete of somebody else's clocks that are not there yet.
    EarlyDelete,
    /// A delete of clocks that nobody has, of a client nobody has seen.
    EarlyDeleteOfUnknown,
    /// A hole before one's own struct.
    OwnGap,
    /// One's own struct beside a clock that is not there yet.
    EarlyNeighbour,
    /// One's own structs that wait for each other.
    Cycle,
    /// Known clocks of somebody else with other content, and one's own struct.
    KnownWithOtherContent,
    /// One's own known clocks with other content, and on from there.
    OwnOverTheEdge,
    /// One's own structs, collected or deleted as they come.
    OwnCollected,
    /// A type of a new client of one's own, and things in it.
    OwnType,
    /// A client id that nobody has seen: it is the forger's from then on.
    FreshId,
    /// One's own struct between two that are side by side to whoever reads the text.
    Beside,
    /// One's own struct with one neighbour only, anywhere in what others wrote.
    OneNeighbour,
    /// One's own struct between two that are not far from each other, with something between them.
    NearMiss,
    /// One's own struct between two that stand the wrong way round.
    WrongWay,
    /// One's own struct between any two.
    Strangers,
    /// Some structs of two clients of one's own, between each other and any others.
    Tangle,
}

impl Attack {
    pub const ALL: [Self; 24] = [
        Self::NextClock,
        Self::FutureClock,
        Self::OverTheEdge,
        Self::Skip,
        Self::Collected,
        Self::Announced,
        Self::Server,
        Self::BesideOnesOwn,
        Self::EarlyDelete,
        Self::EarlyDeleteOfUnknown,
        Self::OwnGap,
        Self::EarlyNeighbour,
        Self::Cycle,
        Self::KnownWithOtherContent,
        Self::OwnOverTheEdge,
        Self::OwnCollected,
        Self::OwnType,
        Self::FreshId,
        Self::Beside,
        Self::OneNeighbour,
        Self::NearMiss,
        Self::WrongWay,
        Self::Strangers,
        Self::Tangle,
    ];

    /// Whether nothing of it may ever be let in.
    pub fn is_never_let_in(self) -> bool {
        match self {
            Self::NextClock
            | Self::FutureClock
            | Self::OverTheEdge
            | Self::Skip
            | Self::Collected
            | Self::Announced
            | Self::Server
            | Self::BesideOnesOwn
            | Self::EarlyDelete
            | Self::EarlyDeleteOfUnknown
            | Self::OwnGap
            | Self::EarlyNeighbour
            | Self::Cycle => true,
            Self::KnownWithOtherContent
            | Self::OwnOverTheEdge
            | Self::OwnCollected
            | Self::OwnType
            | Self::FreshId
            | Self::Beside
            | Self::OneNeighbour
            | Self::NearMiss
            | Self::WrongWay
            | Self::Strangers
            | Self::Tangle => false,
        }
    }
}

/// What a forger knows of a document.
pub struct Scene<'a> {
    /// Others' clients and their next clocks. Of the first `texts`, every clock is in the text `body`.
    pub victims: &'a [(u64, u32)],
    pub texts: usize,
    /// Client ids that others have announced and not written with.
    pub announced: &'a [u64],
    /// The forger's own clients and their next clocks. Every clock is in `body`, or collected.
    pub own: &'a [(u64, u32)],
    /// An id that nobody has used.
    pub fresh: u64,
    /// The clocks of a stretch of the text, one after the other, as a reader has them; perhaps none.
    pub stretch: &'a [(u64, u32)],
}

/// Letters that only forgers write.
pub const LETTERS: [&str; 5] = ["Z", "ZZ", "ZÉZ", "ZعZ", "ZZZZZZZZZZZZ"];

const BODY: Parent<'static> = Parent::Root("body");

/// Builds one, aimed at `scene.victims[victim]`.
pub fn forge(rng: &mut Rng, scene: &Scene<'_>, attack: Attack, victim: usize) -> Vec<u8> {
    let mut update = Builder::default();
    let (client, next) = scene.victims[victim];
    let own = scene.own[rng.usize(0..scene.own.len())];
    match attack {
        Attack::NextClock => {
            update.section(client, next);
            (0..rng.u32(1..4)).for_each(|_| anything(rng, scene, &mut update));
        }
        Attack::FutureClock => {
            update.section(client, next + rng.u32(1..1_000));
            anything(rng, scene, &mut update);
        }
        Attack::OverTheEdge => {
            let from = rng.u32(0..=next);
            update.section(client, from);
            long(rng, scene, &mut update, next - from + 1..=next - from + 100);
        }
        Attack::Skip => {
            let from = rng.u32(0..=next);
            update.section(client, from);
            update.raw(&with_len(10, next - from + rng.u32(1..100)));
            if rng.bool() {
                anything(rng, scene, &mut update);
            }
        }
        Attack::Collected => {
            let from = rng.u32(0..=next);
            update.section(client, from);
            update.raw(&with_len(0, (next - from).max(1)));
            update.raw(&with_len(0, rng.u32(1..1 << 20)));
        }
        Attack::Announced => {
            let announced = rng.choice(scene.announced.iter().copied()).unwrap_or(client);
            let from = scene.victims.iter().find(|victim| victim.0 == announced).map_or(0, |victim| victim.1);
            update.section(announced, from);
            anything(rng, scene, &mut update);
        }
        Attack::Server => {
            update.section(1, if rng.bool() { 1 } else { rng.u32(0..100) });
            long(rng, scene, &mut update, 2..=50);
        }
        Attack::BesideOnesOwn => {
            update.section(own.0, own.1);
            written(rng, scene, &mut update);
            update.section(client, next);
            let after = Some((own.0, own.1));
            update.item(after, None, BODY, (4, &text("Z")));
        }
        Attack::EarlyDelete => {
            if rng.bool() {
                update.section(own.0, own.1);
                written(rng, scene, &mut update);
            }
            let from = if rng.bool() { next } else { next + rng.u32(1..500) };
            update.delete(client, [(from, rng.u32(1..100_000))]);
        }
        Attack::EarlyDeleteOfUnknown => {
            let unknown =
                rng.choice(scene.announced.iter().copied()).filter(|_| rng.bool()).unwrap_or(scene.fresh);
            let from = scene.victims.iter().find(|victim| victim.0 == unknown).map_or(0, |victim| victim.1);
            update.delete(unknown, [(from, rng.u32(1..100_000))]);
        }
        Attack::OwnGap => {
            update.section(own.0, own.1 + rng.u32(1..100));
            written(rng, scene, &mut update);
        }
        Attack::EarlyNeighbour => {
            update.section(own.0, own.1);
            let early = Some((client, next + rng.u32(0..100)));
            let (origin, right) = if rng.bool() { (early, None) } else { (None, early) };
            update.item(origin, right, BODY, (4, &text("Z")));
        }
        Attack::Cycle => {
            let other = (scene.fresh, 0);
            update.section(own.0, own.1).item(Some(other), None, BODY, (4, &text("Z")));
            update.section(other.0, other.1).item(Some(own), None, BODY, (4, &text("Z")));
        }
        Attack::KnownWithOtherContent => {
            update.section(own.0, own.1);
            written(rng, scene, &mut update);
            if next > 0 {
                let from = rng.u32(0..next);
                update.section(client, from);
                long(rng, scene, &mut update, 1..=next - from);
            }
        }
        Attack::OwnOverTheEdge => {
            let from = rng.u32(0..=own.1);
            update.section(own.0, from);
            long(rng, scene, &mut update, own.1 - from + 1..=own.1 - from + 30);
        }
        Attack::OwnCollected => {
            update.section(own.0, own.1);
            match rng.u32(0..3) {
                0 => update.raw(&with_len(0, rng.u32(1..50))),
                1 => {
                    let (origin, right) = side_by_side(rng, scene);
                    update.item(origin, right, BODY, (1, &len(rng.u32(1..50))));
                }
                _ => {
                    written(rng, scene, &mut update);
                    update.delete(own.0, [(own.1, 1)]);
                }
            }
        }
        Attack::OwnType => {
            update.section(scene.fresh, 0);
            let key = format!("Z{}", rng.u32(..));
            update.item(None, None, Parent::RootKey("forged", &key), MAP);
            update.item(None, None, Parent::Type(scene.fresh, 0), NULL);
        }
        Attack::FreshId => {
            update.section(scene.fresh, 0);
            written(rng, scene, &mut update);
        }
        Attack::Beside => {
            update.section(own.0, own.1);
            let (origin, right) = side_by_side(rng, scene);
            put(rng, &mut update, origin, right);
        }
        Attack::OneNeighbour => {
            update.section(own.0, own.1);
            let neighbour = place(rng, scene);
            let (origin, right) = if rng.bool() { (neighbour, None) } else { (None, neighbour) };
            put(rng, &mut update, origin, right);
        }
        Attack::NearMiss | Attack::WrongWay => {
            update.section(own.0, own.1);
            let (mut origin, mut right) = apart(rng, scene);
            if attack == Attack::WrongWay {
                (origin, right) = (right, origin);
            }
            put(rng, &mut update, origin, right);
        }
        Attack::Strangers => {
            update.section(own.0, own.1);
            (0..rng.u32(1..4)).for_each(|_| {
                let (origin, right) = (place(rng, scene), place(rng, scene));
                put(rng, &mut update, origin, right);
            });
        }
        Attack::Tangle => tangle(rng, scene, &mut update, own),
    }
    update.build()
}

/// Some structs of two clients, one clock each, between each other and any others. Yjs writes the newest client first,
/// so what one needs may come behind it.
fn tangle(rng: &mut Rng, scene: &Scene<'_>, update: &mut Builder, own: (u64, u32)) {
    let clients = [own, (scene.fresh, 0)];
    let counts = [rng.u32(1..4), rng.u32(1..4)];
    let neighbour = |rng: &mut Rng| match rng.u32(0..3) {
        0 => place(rng, scene),
        1 => rng.choice(scene.stretch.iter().copied()),
        _ => {
            let which = rng.usize(0..2);
            Some((clients[which].0, clients[which].1 + rng.u32(0..counts[which])))
        }
    };
    for ((client, next), count) in clients.into_iter().zip(counts) {
        update.section(client, next);
        for clock in next..next + count {
            let (mut origin, mut right) = match rng.u32(0..3) {
                0 => side_by_side(rng, scene),
                1 if clock > next => (Some((client, clock - 1)), neighbour(rng)),
                _ => (neighbour(rng), neighbour(rng)),
            };
            // Beside itself nothing can stand, and not beside what this client writes later: those are cycles.
            for id in [&mut origin, &mut right] {
                *id = id.filter(|id| id.0 != client || id.1 < clock);
            }
            update.item(origin, right, BODY, (4, &text("Z")));
        }
    }
}

/// A clock that is in the text, or none.
fn place(rng: &mut Rng, scene: &Scene<'_>) -> Id {
    let texts = &scene.victims[..scene.texts];
    let at = rng.usize(0..texts.len() + scene.own.len());
    let (client, next) = texts.get(at).copied().unwrap_or_else(|| scene.own[at - texts.len()]);
    (next > 0 && rng.u32(0..8) > 0).then(|| (client, rng.u32(0..next)))
}

/// Two that follow each other in the text as one reads it. Something deleted may stand between them.
fn side_by_side(rng: &mut Rng, scene: &Scene<'_>) -> (Id, Id) {
    if scene.stretch.len() < 2 {
        return (place(rng, scene), None);
    }
    let at = rng.usize(1..scene.stretch.len());
    (Some(scene.stretch[at - 1]), Some(scene.stretch[at]))
}

/// Two of the text, the first before the second, with something between them.
fn apart(rng: &mut Rng, scene: &Scene<'_>) -> (Id, Id) {
    if scene.stretch.len() < 3 {
        return (place(rng, scene), place(rng, scene));
    }
    let first = rng.usize(0..scene.stretch.len() - 2);
    let second = rng.usize(first + 2..scene.stretch.len());
    (Some(scene.stretch[first]), Some(scene.stretch[second]))
}

/// A struct of one's own as an editor might write it: some letters at some place.
fn written(rng: &mut Rng, scene: &Scene<'_>, update: &mut Builder) {
    let (origin, right) =
        if rng.u32(0..4) > 0 { side_by_side(rng, scene) } else { (place(rng, scene), None) };
    update.item(origin, right, BODY, (4, &text(rng.choice(LETTERS).unwrap_or("Z"))));
}

/// Letters mostly, but also what else stands in a text.
fn put(rng: &mut Rng, update: &mut Builder, origin: Id, right: Id) {
    match rng.u32(0..12) {
        0 => update.item(origin, right, BODY, (5, &text("{\"image\":\"Z\"}"))),
        1 => update.item(origin, right, BODY, (6, &[text("Z"), text("true")].concat())),
        2 => update.item(origin, right, BODY, (1, &len(rng.u32(1..5)))),
        3 => update.item(origin, right, BODY, MAP),
        _ => update.item(origin, right, BODY, (4, &text(rng.choice(LETTERS).unwrap_or("Z")))),
    }
}

/// Any kind of struct.
fn anything(rng: &mut Rng, scene: &Scene<'_>, update: &mut Builder) {
    let origin = place(rng, scene);
    match rng.u32(0..7) {
        0 => update.raw(&with_len(0, rng.u32(1..1 << 20))),
        1 => update.item(origin, None, BODY, (1, &len(rng.u32(1..1 << 20)))),
        2 => update.item(origin, None, BODY, NULL),
        3 => update.item(origin, None, BODY, (5, &text("{\"image\":\"Z\"}"))),
        4 => update.item(None, None, Parent::RootKey("forged", "Z"), MAP),
        _ => written(rng, scene, update),
    }
}

/// A struct of some number of clocks between these.
fn long(rng: &mut Rng, scene: &Scene<'_>, update: &mut Builder, from_to: RangeInclusive<u32>) {
    let (clocks, origin) = (rng.u32(from_to), place(rng, scene));
    match rng.u32(0..4) {
        0 => update.raw(&with_len(0, clocks)),
        1 => update.item(origin, None, BODY, (1, &len(clocks))),
        _ => update.item(origin, None, BODY, (4, &text(&"Z".repeat(clocks.min(4_000) as usize)))),
    }
}

fn with_len(first: u8, clocks: u32) -> Vec<u8> {
    let mut bytes = vec![first];
    number(&mut bytes, u64::from(clocks));
    bytes
}

fn len(clocks: u32) -> Vec<u8> {
    with_len(0, clocks).split_off(1)
}
