use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use loa_protocol::{ClipRef, Clock, SystemClock};

use super::*;
use crate::clock::NodeClock;
use crate::test_server::{Answer, Ca, In1970, Server};

fn hash(bytes: &[u8]) -> ClipHash {
    ClipHash::of(bytes)
}

#[test]
fn an_attached_clip_is_kept_and_found_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(data.path(), 1_000);
    cache.keep(&hash(b"one"), b"one").unwrap();
    assert_eq!(fs::read(cache.find(&hash(b"one")).unwrap()).unwrap(), b"one");
    let mut cache = Cache::open(data.path(), 1_000);
    assert_eq!(fs::read(cache.find(&hash(b"one")).unwrap()).unwrap(), b"one");
    assert_eq!(cache.find(&hash(b"two")), None);
}

#[test]
fn a_clip_whose_bytes_rotted_is_never_played() {
    let data = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(data.path(), 1_000);
    cache.keep(&hash(b"one"), b"one").unwrap();
    fs::write(cache.path(&hash(b"one")), b"0ne").unwrap();
    let mut cache = Cache::open(data.path(), 1_000);
    assert_eq!(cache.find(&hash(b"one")), None);
    assert!(!cache.path(&hash(b"one")).exists());
}

#[test]
fn the_longest_unused_goes_first_and_what_is_needed_never() {
    let data = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(data.path(), 30);
    cache.keep_for_plan(HashSet::new());
    let clips: Vec<Vec<u8>> = (0..4).map(|n| vec![n; 10]).collect();
    for clip in &clips[..3] {
        cache.keep(&hash(clip), clip).unwrap();
    }
    cache.need(&hash(&clips[0]));
    cache.find(&hash(&clips[1]));
    cache.keep(&hash(&clips[3]), &clips[3]).unwrap();
    let kept: Vec<_> = clips.iter().map(|clip| cache.path(&hash(clip)).exists()).collect();
    assert_eq!(kept, [true, true, false, true]);
    cache.empty();
    let kept: Vec<_> = clips.iter().map(|clip| cache.path(&hash(clip)).exists()).collect();
    assert_eq!(kept, [true, false, false, false]);
    cache.release(&hash(&clips[0]));
    cache.empty();
    assert!(!cache.path(&hash(&clips[0])).exists());
}

#[test]
fn a_disk_without_room_costs_the_clips_that_nobody_needs() {
    let data = tempfile::tempdir().unwrap();
    let mut cache = Cache::open(data.path(), 1_000);
    cache.keep_for_plan(HashSet::new());
    for clip in [b"one", b"two"] {
        cache.keep(&hash(clip), clip).unwrap();
    }
    cache.need(&hash(b"two"));
    cache.make_room_on_disk(1);
    assert!(cache.path(&hash(b"one")).exists(), "there is room for one byte");
    cache.make_room_on_disk(u64::MAX);
    assert!(!cache.path(&hash(b"one")).exists());
    assert!(cache.path(&hash(b"two")).exists());
}

/// An airing waits for it.
static HURRY: AtomicBool = AtomicBool::new(true);

fn sound() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n * 7 % 251) as u8).collect()
}

struct Bench {
    server: Server,
    fetcher: Fetcher,
    folder: tempfile::TempDir,
    clip: ClipRef,
}

impl Bench {
    async fn new(answer: impl FnMut(std::ops::Range<usize>, usize) -> Answer + Send + 'static) -> Self {
        let ca = Ca::new();
        let (mut answer, mut tries) = (answer, 0);
        let server = Server::start(&ca, &ca, true, move |asked| {
            let range =
                asked.head.lines().find_map(|line| line.strip_prefix("range: bytes=")?.split_once('-'));
            let (first, last) = range.unwrap_or(("0", ""));
            let end = last.parse::<usize>().map_or(300_000, |last| last + 1);
            tries += 1;
            answer(first.parse().unwrap()..end, tries)
        })
        .await;
        let fetcher = Fetcher::new(
            ca.node(&format!("{}/", server.url())),
            Arc::new(SystemClock::new()),
            Pace::default(),
        );
        let clip = ClipRef { hash: hash(&sound()), bytes: 300_000, duration_ms: 1_000, attached: false };
        Self { server, fetcher, folder: tempfile::tempdir().unwrap(), clip }
    }

    fn partial(&self) -> PathBuf {
        self.folder.path().join("partial")
    }

    async fn fetch(&self, seconds: u64) -> Result<(), FetchError> {
        self.fetch_if(&HURRY, seconds).await
    }

    async fn fetch_if(&self, hurry: &AtomicBool, seconds: u64) -> Result<(), FetchError> {
        let until = SystemClock::new().now() + Duration::from_secs(seconds);
        self.fetcher.fetch(&self.clip, &self.partial(), until, hurry, 1).await
    }

    fn asked(&self) -> Vec<String> {
        self.server.asked.lock().unwrap().iter().map(|asked| asked.head.clone()).collect()
    }
}

fn whole() -> Answer {
    Answer::new("200 OK", "", &sound())
}

fn part(wanted: std::ops::Range<usize>) -> Answer {
    let range = format!("content-range: bytes {}-{}/300000\r\n", wanted.start, wanted.end - 1);
    Answer::new("206 Partial Content", &range, &sound()[wanted])
}

#[tokio::test]
async fn a_clip_is_fetched_with_the_nodes_certificate_and_checked() {
    let bench = Bench::new(|_, _| whole()).await;
    bench.fetch(20).await.unwrap();
    assert_eq!(fs::read(bench.partial()).unwrap(), sound());
    assert!(bench.asked()[0].starts_with(&format!("get /clips/{} ", bench.clip.hash)));
}

#[tokio::test]
async fn a_board_that_woke_in_1970_fetches_by_the_floor_under_its_clock() {
    let ca = Ca::new();
    let server = Server::start(&ca, &ca, true, |_| whole()).await;
    let node = ca.node(&server.url());
    let floor = node.enrolled.now;
    let clip = ClipRef { hash: hash(&sound()), bytes: 300_000, duration_ms: 1_000, attached: false };
    let folder = tempfile::tempdir().unwrap();
    let in_1970 = || In1970(SystemClock::new());
    // Its own clock would believe no certificate.
    let bare: Arc<dyn Clock> = Arc::new(in_1970());
    let until = bare.now() + Duration::from_secs(1);
    let result = Fetcher::new(node.clone(), bare, Pace::default())
        .fetch(&clip, &folder.path().join("bare"), until, &HURRY, 1)
        .await;
    assert!(matches!(result, Err(FetchError::Unavailable(_))), "{result:?}");

    let clock: Arc<dyn Clock> = Arc::new(NodeClock::on(in_1970(), floor, false, Path::new("/nowhere")));
    let partial = folder.path().join("partial");
    Fetcher::new(node, clock, Pace::default())
        .fetch(&clip, &partial, floor + Duration::from_secs(20), &HURRY, 1)
        .await
        .unwrap();
    assert_eq!(fs::read(partial).unwrap(), sound());
}

#[tokio::test]
async fn a_transfer_that_broke_off_goes_on_where_it_was() {
    let bench = Bench::new(|wanted, tries| match tries {
        1 => Answer { cut: Some(150_000), ..whole() },
        _ => part(wanted),
    })
    .await;
    bench.fetch(20).await.unwrap();
    assert_eq!(fs::read(bench.partial()).unwrap(), sound());
    let asked = bench.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains("range: bytes="), "{}", asked[1]);
}

#[tokio::test]
async fn a_server_that_cannot_continue_is_asked_for_the_whole() {
    let bench = Bench::new(|_, tries| match tries {
        1 => Answer { cut: Some(150_000), ..whole() },
        _ => whole(),
    })
    .await;
    bench.fetch(20).await.unwrap();
    assert_eq!(fs::read(bench.partial()).unwrap(), sound());
}

#[tokio::test]
async fn other_bytes_are_never_taken_for_the_clip() {
    let mut forged = sound();
    forged[1000] ^= 1;
    let bench = Bench::new(move |_, _| Answer::new("200 OK", "", &forged)).await;
    assert!(matches!(bench.fetch(2).await, Err(FetchError::Corrupt)));
    assert!(!bench.partial().exists());

    let bench = Bench::new(|_, _| Answer::new("200 OK", "", &[sound(), sound()].concat())).await;
    assert!(matches!(bench.fetch(2).await, Err(FetchError::Corrupt)));
}

#[tokio::test]
async fn what_the_broker_does_not_give_is_tried_until_its_time_is_over() {
    let bench = Bench::new(|_, tries| match tries {
        1 | 2 => Answer::new("404 Not Found", "", b""),
        _ => whole(),
    })
    .await;
    bench.fetch(20).await.unwrap();
    assert_eq!(bench.asked().len(), 3);

    let bench = Bench::new(|_, _| Answer::new("503 Service Unavailable", "", b"")).await;
    assert!(matches!(bench.fetch(1).await, Err(FetchError::Refused(503))));
}

#[tokio::test]
async fn a_server_of_another_ca_gives_no_clip() {
    let (ca, other) = (Ca::new(), Ca::new());
    let server = Server::start(&other, &other, false, |_| whole()).await;
    let fetcher = Fetcher::new(ca.node(&server.url()), Arc::new(SystemClock::new()), Pace::default());
    let folder = tempfile::tempdir().unwrap();
    let clip = ClipRef { hash: hash(&sound()), bytes: 300_000, duration_ms: 1_000, attached: false };
    let until = SystemClock::new().now() + Duration::from_secs(1);
    let result = fetcher.fetch(&clip, &folder.path().join("partial"), until, &HURRY, 1).await;
    assert!(matches!(result, Err(FetchError::Unavailable(_))), "{result:?}");
    assert!(server.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_clip_beyond_all_bounds_is_not_even_asked_for() {
    let bench = Bench::new(|_, _| whole()).await;
    let clip = ClipRef { bytes: loa_protocol::limits::CLIP_BYTES + 1, ..bench.clip.clone() };
    let until = SystemClock::new().now() + Duration::from_secs(5);
    let result = bench.fetcher.fetch(&clip, &bench.partial(), until, &HURRY, 1).await;
    assert!(matches!(result, Err(FetchError::TooLarge)));
    assert!(bench.asked().is_empty());
}

#[test]
fn what_the_plan_names_stays_even_if_it_is_more_than_the_budget() {
    let data = tempfile::tempdir().unwrap();
    let clips: Vec<Vec<u8>> = (0..4).map(|n| vec![n; 10]).collect();
    let mut cache = Cache::open(data.path(), 30);
    for clip in &clips {
        cache.keep(&hash(clip), clip).unwrap();
    }
    let kept = |cache: &Cache| clips.iter().map(|clip| cache.path(&hash(clip)).exists()).collect::<Vec<_>>();
    assert_eq!(kept(&cache), [true; 4], "nothing goes before the plan is known");
    cache.keep_for_plan(clips[..2].iter().map(|clip| hash(clip)).collect());
    assert_eq!(kept(&cache), [true, true, false, true], "the longest unused of what it doesn't name");
    cache.make_room(20);
    cache.make_room_on_disk(u64::MAX);
    cache.empty();
    assert_eq!(kept(&cache), [true, true, false, false]);
    assert!(cache.has(&hash(&clips[0])) && !cache.has(&hash(&clips[3])));
    cache.keep_for_plan(HashSet::from([hash(&clips[1])]));
    cache.empty();
    assert_eq!(kept(&cache), [false, true, false, false]);
}

#[test]
fn what_arrived_in_part_outlives_a_restart_for_as_long_as_somebody_waits_for_it() {
    let data = tempfile::tempdir().unwrap();
    let names = [b"planned".as_slice(), b"due", b"nobody's"].map(hash);
    let cache = Cache::open(data.path(), 1_000);
    for name in &names {
        fs::write(cache.partial_path(name), "some").unwrap();
    }
    let mut cache = Cache::open(data.path(), 1_000);
    cache.need(&names[1]);
    cache.keep_for_plan(HashSet::from([names[0].clone()]));
    assert_eq!(names.each_ref().map(|name| cache.partial_path(name).exists()), [true, true, false]);
    cache.release(&names[1]);
    cache.keep_for_plan(HashSet::new());
    assert_eq!(names.each_ref().map(|name| cache.partial_path(name).exists()), [false; 3]);
}

#[tokio::test]
async fn what_an_earlier_run_got_is_not_fetched_again() {
    let bench = Bench::new(|wanted, _| part(wanted)).await;
    fs::write(bench.partial(), &sound()[..200_000]).unwrap();
    bench.fetch_if(&AtomicBool::new(false), 20).await.unwrap();
    assert_eq!(fs::read(bench.partial()).unwrap(), sound());
    assert!(bench.asked()[0].contains("range: bytes=200000-232767"), "{:?}", bench.asked());
    assert_eq!(bench.asked().len(), 4, "in slices, so that it can be held back");
}

#[tokio::test]
async fn a_fetch_that_is_given_up_keeps_what_arrived() {
    let bench = Bench::new(|wanted, tries| match tries {
        1 => Answer { cut: Some(150_000), ..whole() },
        _ => Answer { cut: Some(100), ..part(wanted) },
    })
    .await;
    assert!(matches!(bench.fetch(1).await, Err(FetchError::Unavailable(_))));
    assert!(fs::metadata(bench.partial()).unwrap().len() > 100_000);
}

#[tokio::test]
async fn ahead_of_time_a_clip_comes_slowly_until_an_airing_waits_for_it() {
    let mut bench = Bench::new(|wanted, _| part(wanted)).await;
    // 300 kB at 240 kbit/s are 10 s.
    bench.fetcher.pace = Pace { kbit_s: 240, ..Pace::default() };
    let clock = SystemClock::new();
    let hurry = AtomicBool::new(false);
    let watch = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let slowly = fs::metadata(bench.partial()).unwrap().len();
        hurry.store(true, Ordering::Relaxed);
        slowly
    };
    let (fetched, slowly) = tokio::join!(bench.fetch_if(&hurry, 60), watch);
    fetched.unwrap();
    assert!((30_000..=100_000).contains(&slowly), "{slowly} bytes in two seconds at 30 kB a second");
    assert!(clock.monotonic() < Duration::from_secs(6), "{:?}", clock.monotonic());
}

#[tokio::test]
async fn ahead_of_time_the_brokers_no_is_taken_for_an_answer() {
    let bench = Bench::new(|_, _| Answer::new("404 Not Found", "", b"")).await;
    let result = bench.fetch_if(&AtomicBool::new(false), 3_600).await;
    assert!(matches!(result, Err(FetchError::Refused(404))), "{result:?}");
    assert_eq!(bench.asked().len(), 1);
}

#[tokio::test]
async fn nodes_do_not_all_begin_to_fetch_at_the_same_moment() {
    let mut bench = Bench::new(|_, _| whole()).await;
    bench.fetcher.pace = Pace { jitter: Duration::from_secs(3_600), ..Pace::default() };
    let hurry = AtomicBool::new(false);
    let prompt = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asked = bench.asked().len();
        hurry.store(true, Ordering::Relaxed);
        asked
    };
    let (fetched, asked) = tokio::join!(bench.fetch_if(&hurry, 7_200), prompt);
    fetched.unwrap();
    assert_eq!(asked, 0, "it waits for its moment, unless an airing needs it");
}
