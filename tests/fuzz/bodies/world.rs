//! Worlds, and what a client sees when it looks at one.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use waba_migrate::{
    api::meta::{Connection, Patience, Reader},
    report::findings::render,
    resource::{phone_number::PhoneNumber, template::Template, waba::Waba},
    sim::{Simulator, file, world::World},
};

use super::{check_spans, text_of, wait};

/// Reads bytes as a world file, and looks at the world where there is one.
pub(crate) fn world(bytes: &[u8]) {
    match (read(bytes), read(bytes)) {
        (Ok(world), Ok(again)) => {
            assert_eq!(value(&world), value(&again));
            look(world);
        }
        (Err(findings), Err(again)) => {
            assert_eq!(findings, again);
            assert!(!findings.is_empty());
            check_spans(&findings, "world.yaml", text_of(bytes));
            render(&findings, true);
        }
        _ => panic!("the same bytes are a world and none"),
    }
}

fn read(bytes: &[u8]) -> Result<World, Vec<waba_migrate::finding::Finding>> {
    file::parse("world.yaml", bytes)
}

fn value(world: &World) -> Value {
    serde_json::to_value(world).expect("a world can be shown")
}

/// Asks for what every plan asks for. Whatever the answers are, they are answers.
fn look(world: World) {
    let Some(token) = world.tokens.first().map(|token| token.value.clone()) else {
        return;
    };
    let wabas: Vec<_> = world.wabas.keys().take(2).cloned().collect();
    let world = Simulator::new(world);
    let patience = Patience(Duration::from_secs(60));
    let (transport, clock) = (world.transport(), world.clock());
    let connection = Connection::new(transport, clock, "v25.0", token, None, patience);
    let reader = Reader::new(Arc::new(connection));
    wait(async {
        for waba in &wabas {
            drop(reader.get(&Waba::read(waba, true)).await);
            drop(reader.list(&PhoneNumber::list(waba)).await);
            drop(reader.list(&Template::list(waba)).await);
        }
    });
    drop(world.world_json());
}
