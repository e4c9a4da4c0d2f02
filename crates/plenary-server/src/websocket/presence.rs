//! What guests say of themselves, before a room hears it.
//!
//! Presence is what a client says it is. A guest has no account that vouches for a name, so the server writes the name
//! they came in with, and that they are a guest, over whatever their client says: in words that every editor shows, and
//! in fields for editors that say it in the language of their page.

use bytes::Bytes;
use plenary_protocol::{AwarenessEntry, Message, decode_awareness, encode_awareness, limits};
use serde_json::{Map, Value, json};

/// The message as a room is to hear it. `guest`: the name of the guest who sends it, if it is one.
pub(super) fn marked(message: Message, guest: Option<&str>) -> Message {
    let (Some(name), Message::Awareness(update)) = (guest, &message) else {
        return message;
    };
    match decode_awareness(update) {
        Ok(mut entries) => {
            for entry in &mut entries {
                mark(entry, name);
            }
            Message::Awareness(encode_awareness(&entries))
        }
        // The room says what is wrong with it.
        Err(_) => message,
    }
}

fn mark(entry: &mut AwarenessEntry, name: &str) {
    let Some(state) = &entry.state else { return };
    let mut state = match serde_json::from_slice(state) {
        Ok(Value::Object(state)) => state,
        _ => Map::new(),
    };
    let guest = json!({"name": format!("{name} (guest)"), "guest": true, "guestName": name});
    match state.get_mut("user") {
        Some(Value::Object(user)) => user.extend(guest.as_object().cloned().unwrap_or_default()),
        _ => drop(state.insert("user".into(), guest.clone())),
    }
    let marked = Value::Object(state).to_string();
    entry.state = Some(Bytes::from(match marked.len() > limits::AWARENESS_ENTRY_BYTES_MAX {
        // What filled it up was not their name.
        true => json!({"user": guest}).to_string(),
        false => marked,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(state: &str, guest: Option<&str>) -> Value {
        let entry = AwarenessEntry { client: 7, clock: 3, state: Some(Bytes::from(state.to_owned())) };
        let message = Message::Awareness(encode_awareness(&[entry]));
        let Message::Awareness(update) = marked(message, guest) else { panic!("awareness stays awareness") };
        let [entry] = &decode_awareness(&update).unwrap()[..] else { panic!("one entry stays one") };
        assert_eq!((entry.client, entry.clock), (7, 3));
        serde_json::from_slice(entry.state.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn a_guest_is_shown_as_one_whatever_their_client_says() {
        let user = json!({"name": "Lena (guest)", "guest": true, "guestName": "Lena"});
        for state in ["{}", r#"{"user": null}"#, r#"{"user": "Ilse"}"#, "[1]", "7", r#""Ilse""#] {
            assert_eq!(said(state, Some("Lena"))["user"], user, "{state}");
        }
        let state =
            r##"{"cursor": {"anchor": 4}, "user": {"name": "Ilse", "guest": false, "color": "#123456"}}"##;
        let marked = said(state, Some("Lena"));
        assert_eq!(marked["cursor"], json!({"anchor": 4}));
        assert_eq!(marked["user"]["color"], "#123456");
        assert_eq!((&marked["user"]["name"], &marked["user"]["guest"]), (&user["name"], &user["guest"]));
        let long = json!({"user": {"name": "Ilse", "about": "x".repeat(4_040)}}).to_string();
        assert_eq!(said(&long, Some("Lena")), json!({"user": user}));
    }

    #[test]
    fn members_say_who_they_are_themselves() {
        assert_eq!(said(r#"{"user":{"name":"Ilse"}}"#, None), json!({"user": {"name": "Ilse"}}));
    }

    #[test]
    fn what_is_no_presence_or_none_that_can_be_read_passes() {
        for message in [Message::QueryAwareness, Message::Awareness(Bytes::from_static(&[1, 2, 3]))] {
            assert_eq!(marked(message.clone(), Some("Lena")), message);
        }
        let gone = AwarenessEntry { client: 7, clock: 3, state: None };
        let gone = Message::Awareness(encode_awareness(&[gone]));
        assert_eq!(marked(gone.clone(), Some("Lena")), gone);
    }
}
