//! Uploads and links to media: what arrives, what is refused, what a reader of templates is shown.

use serde_json::{Value, json};

use super::{
    Simulator,
    call::{Answer, AuthScheme, Call, Params},
    media::Media,
    play::Outcome,
    script::{Effect, Match, Moment, Verb},
    switches::{FinishedUpload, HandleLines},
    tests::{Bench, SOURCE, TARGET, TOKEN, refused, waba},
    world::World,
};
use crate::secret::Secret;

pub(super) const APP: &str = "634974688087057";

fn small_png() -> Value {
    json!({"file_name": "a.png", "file_length": 4, "file_type": "image/png"})
}

/// Plays one call as a client of uploads sends it, with the scheme `OAuth`.
fn send(bench: &Bench, edit: impl FnOnce(&mut Call), (method, path): (&str, &str)) -> Outcome {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let params: Params = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let mut call = Call::new(method, path, params, Some(Secret::new(TOKEN)));
    call.auth_scheme = Some(AuthScheme::OAuth);
    edit(&mut call);
    bench.sim.play(&call)
}

#[track_caller]
fn body(outcome: Outcome) -> Value {
    let Outcome::Answered(answer) = outcome else {
        panic!("{outcome:?}");
    };
    serde_json::from_slice(&answer.body).unwrap()
}

#[track_caller]
fn append(bench: &Bench, upload: &str, offset: &str, bytes: &[u8]) -> Value {
    body(send_bytes(bench, upload, offset, bytes))
}

fn send_bytes(bench: &Bench, upload: &str, offset: &str, bytes: &[u8]) -> Outcome {
    let edit = |call: &mut Call| {
        call.file_offset = Some(offset.to_owned());
        call.bytes = Some(bytes.to_vec());
    };
    send(bench, edit, ("POST", upload))
}

#[track_caller]
fn begin(bench: &Bench) -> String {
    let begun = bench.post(&format!("{APP}/uploads"), small_png());
    begun["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{begun}"))
        .to_owned()
}

#[track_caller]
fn offset(bench: &Bench, upload: &str) -> Value {
    body(send(bench, |_| {}, ("GET", upload)))["file_offset"].clone()
}

#[test]
fn an_upload_ends_with_a_handle() {
    let bench = Bench::new();
    let upload = begin(&bench);
    assert!(upload.starts_with("upload:") && upload.contains("?sig="));
    let done = append(&bench, &upload, "0", b"1234");
    let handle = done["h"].as_str().unwrap();
    assert!(handle.starts_with("4::aW1hZ2UvcG5n:AR"), "{handle}");
    assert!(handle.contains(&format!(":{APP}:")) && !handle.contains('\n'));
    let media: Media = bench
        .sim
        .world(|world| world.media.get(handle).unwrap().clone());
    assert_eq!(
        (media.mime.as_str(), &*media.bytes),
        ("image/png", &b"1234"[..])
    );
    assert_eq!(media.app, Some(APP.parse().unwrap()));
}

#[test]
fn an_upload_says_what_it_is() {
    #[track_caller]
    fn check(name: &str, value: Value, text: &str) {
        let bench = Bench::new();
        let mut params = small_png();
        params[name] = value;
        let answer = bench.post(&format!("{APP}/uploads"), params);
        refused(&answer, 100, None, text);
    }
    check("file_name", json!(""), "file_name is required");
    check("file_length", Value::Null, "file_length must be between");
    check("file_length", json!(0), "file_length must be between");
    check(
        "file_length",
        json!("x"),
        "file_length must be a non-negative integer",
    );
    check(
        "file_length",
        json!(104_857_601),
        "file_length must be between",
    );
    check("file_type", json!("image/gif"), "file_type must be one of");
    check("file_type", Value::Null, "file_type is required");
}

#[test]
fn uploads_go_to_the_tokens_own_app() {
    let bench = Bench::with(|world| {
        super::seed::add_app(world, Some("77".parse().unwrap()), None);
    });
    let answer = bench.post("77/uploads", small_png());
    refused(&answer, 100, Some(33), "does not exist");
    let edit = |call: &mut Call| call.token = Some(Secret::new(format!("{APP}|shh")));
    let path = format!("{APP}/uploads?file_name=a&file_length=4&file_type=image/png");
    let answer = body(send(&bench, edit, ("POST", &path)));
    refused(&answer, 200, None, "permissions");
    let node = bench.get(APP, json!({"fields": "name"}));
    assert_eq!(node, json!({"id": APP, "name": "Migration"}));
}

#[test]
fn an_upload_can_be_resumed() {
    let bench = Bench::new();
    let upload = begin(&bench);
    let partial = append(&bench, &upload, "0", b"12");
    assert_eq!(partial, json!({"id": upload, "file_offset": 2}));
    refused(
        &append(&bench, &upload, "0", b"12"),
        100,
        None,
        "goes on at 2",
    );
    refused(
        &append(&bench, &upload, "3", b"4"),
        100,
        None,
        "goes on at 2",
    );
    refused(
        &append(&bench, &upload, "x", b"34"),
        100,
        None,
        "file_offset must be",
    );
    refused(
        &append(&bench, &upload, "2", b"345"),
        100,
        None,
        "longer than",
    );
    assert_eq!(offset(&bench, &upload), 2);
    let handle = append(&bench, &upload, "2", b"34")["h"].clone();
    assert_eq!(handle.as_str().unwrap().lines().count(), 2);
    assert_eq!(offset(&bench, &upload), 4);
    refused(&append(&bench, &upload, "4", b""), 100, None, "complete");
    bench
        .sim
        .edit(|world| world.switches.finished_upload = FinishedUpload::SameHandle);
    assert_eq!(append(&bench, &upload, "4", b"")["h"], handle);
    bench
        .sim
        .edit(|world| world.switches.handle_lines = HandleLines::One);
    let upload = begin(&bench);
    append(&bench, &upload, "0", b"1");
    let handle = append(&bench, &upload, "1", b"234")["h"].clone();
    assert_eq!(handle.as_str().unwrap().lines().count(), 1);
}

#[test]
fn an_upload_is_for_those_who_know_it() {
    let bench = Bench::with(|world| {
        let other = super::seed::add_app(world, Some("77".parse().unwrap()), None);
        super::seed::add_token(world, "other", Secret::new("EAAOTHER"), &other);
    });
    let upload = begin(&bench);
    let get = |edit: &dyn Fn(&mut Call)| body(send(&bench, edit, ("GET", &upload)));
    let bearer = get(&|call| call.auth_scheme = Some(AuthScheme::Bearer));
    refused(&bearer, 104, None, "access token");
    refused(
        &get(&|call| call.auth_scheme = None),
        104,
        None,
        "access token",
    );
    let other = get(&|call| call.token = Some(Secret::new("EAAOTHER")));
    refused(&other, 100, Some(33), "does not exist");
    let wrong = get(&|call| call.token = Some(Secret::new("EAAWRONG")));
    refused(&wrong, 190, None, "Cannot parse");
    let unsigned = get(&|call| call.params = Params::default());
    refused(&unsigned, 100, None, "Param sig");
    let unknown = body(send(&bench, |_| {}, ("GET", "upload:x?sig=y")));
    refused(&unknown, 100, Some(33), "does not exist");
    let deleted = body(send(&bench, |_| {}, ("DELETE", &upload)));
    refused(&deleted, 100, Some(33), "does not exist");
    bench
        .sim
        .edit(|world| world.switches.upload_needs_oauth = false);
    assert_eq!(
        get(&|call| call.auth_scheme = Some(AuthScheme::Bearer))["file_offset"],
        0
    );
    bench.sim.edit(|world| world.now = world.after(86_400));
    refused(&get(&|_| {}), 100, Some(33), "does not exist");
}

#[test]
fn faults_strike_uploads() {
    let bench = Bench::new();
    let upload = begin(&bench);
    let on = || Match::first(Verb::Post, "upload:*");
    bench.sim.fault(on(), Effect::CutUpload { after_bytes: 3 });
    assert_eq!(send_bytes(&bench, &upload, "0", b"1234"), Outcome::Cut);
    assert_eq!(offset(&bench, &upload), 3);
    assert_eq!(bench.sim.writes().len(), 1, "only the begin took effect");
    bench
        .sim
        .fault(on(), Effect::ServerError(Moment::BeforeEffect));
    assert_eq!(
        send_bytes(&bench, &upload, "3", b"4"),
        Outcome::Answered(Answer::broken())
    );
    assert_eq!(offset(&bench, &upload), 3);
    bench.sim.fault(on(), Effect::Timeout(Moment::AfterEffect));
    assert_eq!(send_bytes(&bench, &upload, "3", b"4"), Outcome::Silent);
    assert_eq!(offset(&bench, &upload), 4);
    assert_eq!(bench.sim.writes().len(), 2);
}

#[test]
fn a_cut_of_a_call_without_content_has_no_effect() {
    let bench = Bench::new();
    let on = Match::first(Verb::Post, "*/uploads");
    bench.sim.fault(on, Effect::CutUpload { after_bytes: 3 });
    let path = format!("{APP}/uploads?file_name=a&file_length=4&file_type=image/png");
    assert_eq!(send(&bench, |_| {}, ("POST", &path)), Outcome::Cut);
    assert!(bench.sim.world(|world| world.uploads.is_empty()));
}

#[test]
fn the_log_holds_neither_content_nor_signatures() {
    let bench = Bench::new();
    let upload = begin(&bench);
    append(&bench, &upload, "0", b"1234");
    let log = format!("{:?}", bench.sim.requests());
    let (path, signature) = upload.split_once("?sig=").unwrap();
    assert!(log.contains(path) && !log.contains(signature));
    assert!(!log.contains("1234") && !log.contains(&format!("{:?}", b"1234")));
}

/// Gives the source a template with a picture and two videos.
pub(super) fn add_media_template(world: &mut World) {
    let mut template = super::seed::template(&waba(SOURCE), "offer", "en_US");
    let video = json!({"components": [
        {"type": "HEADER", "format": "VIDEO", "example": {"header_handle": ["4::dg"]}},
        {"type": "BODY", "text": "Aloe"},
    ]});
    template.components = json!([
        {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW1hZ2UvanBn:x"]}},
        {"type": "CAROUSEL", "cards": [video, video]},
    ]);
    let id = world.invent_id();
    world.add_template(id, template);
}

fn read_components(bench: &Bench, account: &str) -> Value {
    let list = bench.get(
        &format!("{account}/message_templates"),
        json!({"name": "offer", "fields": "components"}),
    );
    list["data"][0]["components"].clone()
}

fn fetch(sim: &Simulator, url: &str) -> (u16, String, Vec<u8>) {
    let Outcome::Answered(answer) = sim.fetch(url) else {
        panic!("no answer");
    };
    (answer.status, answer.headers[0].1.clone(), answer.body)
}

fn picture(components: &Value) -> String {
    let link = &components[0]["example"]["header_handle"][0];
    link.as_str().unwrap().to_owned()
}

#[test]
fn templates_show_links_to_their_media() {
    let bench = Bench::with(add_media_template);
    let components = read_components(&bench, SOURCE);
    let link = picture(&components);
    assert!(link.starts_with("https://scontent.whatsapp.net/v/t61.29466-34/"));
    let (status, mime, bytes) = fetch(&bench.sim, &link);
    assert_eq!((status, mime.as_str()), (200, "image/jpeg"));
    assert!(bytes.starts_with(b"\xff\xd8\xff"));
    let card = &components[1]["cards"][1]["components"][0]["example"]["header_handle"][0];
    let (status, mime, _) = fetch(&bench.sim, card.as_str().unwrap());
    assert_eq!((status, mime.as_str()), (200, "video/mp4"));
    let id = bench
        .sim
        .world(|world| world.template_order.last().unwrap().to_string());
    assert_eq!(
        bench.get(&id, json!({"fields": "components"}))["components"],
        components
    );
}

#[test]
fn a_link_works_for_an_hour_and_as_it_is() {
    let bench = Bench::with(add_media_template);
    let link = picture(&read_components(&bench, SOURCE));
    let status = |url: &str| fetch(&bench.sim, url).0;
    assert_eq!(status(&link.replace("sig=", "sig=x")), 403);
    assert_eq!(status(&link.replace("?oe=", "?oe=1")), 403);
    assert_eq!(status(link.split_once('?').unwrap().0), 403);
    assert_eq!(status("https://example.com/x"), 404);
    bench.sim.edit(|world| world.now = world.after(3599));
    assert_eq!(status(&link), 200);
    bench.sim.edit(|world| world.now = world.after(1));
    assert_eq!(fetch(&bench.sim, &link).2, b"URL signature expired");
    assert_eq!(status(&picture(&read_components(&bench, SOURCE))), 200);
}

#[test]
fn the_door_of_this_process_follows_links() {
    let bench = Bench::with(add_media_template);
    let link = picture(&read_components(&bench, SOURCE));
    let download = |limit| crate::api::transport::Download {
        link: link.parse().unwrap(),
        limit,
        timeout: std::time::Duration::from_secs(1),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let door = bench.sim.transport();
    let fetch = |limit| runtime.block_on(door.download(download(limit)));
    assert!(fetch(10).is_err(), "larger than is wanted");
    let answer = fetch(1000).unwrap();
    assert_eq!(answer.header("content-type"), Some("image/jpeg"));
    let logged = bench.sim.requests().pop().unwrap();
    assert!(logged.path.starts_with("media/"), "{}", logged.path);
    assert!(bench.sim.writes().is_empty());
}

#[test]
fn a_copy_keeps_the_media() {
    let bench = Bench::with(add_media_template);
    let path = format!("{TARGET}/migrate_message_templates");
    bench.post(&path, json!({"source_waba_id": SOURCE}));
    bench.sim.advance(std::time::Duration::from_secs(5));
    let link = picture(&read_components(&bench, TARGET));
    assert_eq!(fetch(&bench.sim, &link).1, "image/jpeg");
}
