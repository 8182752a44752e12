//! The voices, by the real espeak-ng: what comes out is listened to by its loudness and length.

#![allow(clippy::unwrap_used, reason = "in a test it is the failure itself")]

use std::{io::Cursor, num::NonZeroUsize, time::Duration};

use loa_speech::{Espeak, Speech, SpeechError};

const SENTENCE: &str =
    "Ngày 15/3/2026, UBND xã Đại Ân 2 tổ chức tiêm phòng cho trẻ em lúc 7h30 tại Trạm Y tế.";

fn speech(espeak: Espeak) -> Speech {
    Speech::new(vec![Box::new(espeak)], NonZeroUsize::new(2).unwrap())
}

/// What a WAV sounds like.
struct Heard {
    seconds: f64,
    rms: f64,
    samples: Vec<i16>,
}

fn listen(wav: &[u8]) -> Heard {
    let reader = hound::WavReader::new(Cursor::new(wav)).unwrap();
    let rate = f64::from(reader.spec().sample_rate);
    let samples: Vec<i16> = reader.into_samples().collect::<Result<_, _>>().unwrap();
    let power =
        samples.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2)).sum::<f64>() / samples.len() as f64;
    Heard { seconds: samples.len() as f64 / rate, rms: power.sqrt(), samples }
}

async fn say(voice: &str, text: &str, rate: f32) -> Heard {
    listen(&speech(Espeak::default()).speak(voice, text, rate).await.unwrap().wav)
}

#[tokio::test]
async fn every_voice_that_is_offered_speaks_and_no_two_sound_the_same() {
    let voices = speech(Espeak::default()).voices();
    let mut heard: Vec<Heard> = Vec::new();
    for voice in &voices {
        let this = say(voice.id, SENTENCE, 1.0).await;
        assert!(this.rms > 0.02, "{} is silent: RMS {}", voice.id, this.rms);
        assert!((4.0..20.0).contains(&this.seconds), "{} takes {} s", voice.id, this.seconds);
        assert!(heard.iter().all(|other| other.samples != this.samples), "{} sounds like another", voice.id);
        heard.push(this);
    }
    assert_eq!(voices.iter().filter(|voice| voice.language == "vi").count(), 3);
}

#[tokio::test]
async fn more_text_takes_longer_and_a_higher_rate_takes_less() {
    let once = say("vi", SENTENCE, 1.0).await.seconds;
    let twice = say("vi", &format!("{SENTENCE} {SENTENCE}"), 1.0).await.seconds;
    let slow = say("vi", SENTENCE, 0.7).await.seconds;
    let fast = say("vi", SENTENCE, 1.5).await.seconds;
    assert!(twice > 1.7 * once, "{once} s, twice {twice} s");
    assert!(slow > 1.15 * once && once > 1.15 * fast, "slow {slow}, normal {once}, fast {fast} s");
}

#[tokio::test]
async fn an_abbreviation_is_said_in_full() {
    let short = say("vi", "UBND", 1.0).await;
    let full = say("vi", "Ủy ban nhân dân", 1.0).await;
    assert_eq!(short.samples, full.samples);
}

#[tokio::test]
async fn text_that_looks_like_a_command_is_only_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let touched = folder.path().join("touched");
    let hostile = [
        "--version".to_owned(),
        "-v en -f /etc/passwd".to_owned(),
        format!("$(touch {0}); `touch {0}` | touch {0} && touch {0}", touched.display()),
        "<speak><break time=\"60s\"/>xin chào</speak>".to_owned(),
        "[[h@'loU]] xin chào".to_owned(),
        "xin\0chào\u{1b}[2J".to_owned(),
    ];
    for text in &hostile {
        for voice in ["vi", "en"] {
            let heard = say(voice, text, 1.0).await;
            assert!(heard.rms > 0.01 && heard.seconds < 90.0, "{voice} {text:?}: {} s", heard.seconds);
        }
    }
    assert!(!touched.exists());
}

#[tokio::test]
async fn pictures_alone_are_named_in_vietnamese_and_refused_in_english() {
    assert!(say("vi", "📢📢🦄", 1.0).await.rms > 0.01);
    let refused = speech(Espeak::default()).speak("en", "📢📢🦄", 1.0).await.unwrap_err();
    assert_eq!(refused.code(), "empty");
}

#[tokio::test]
async fn what_follows_a_nul_is_still_said() {
    let whole = say("vi", "xin\0chào bà con", 1.0).await;
    assert_eq!(whole.samples, say("vi", "xin chào bà con", 1.0).await.samples);
}

#[tokio::test]
async fn the_longest_text_is_spoken_and_one_character_more_is_refused() {
    let longest: String = "xã Đại Ân ".chars().cycle().take(loa_speech::TEXT_CHARACTERS).collect();
    let heard = say("vi", &longest, 2.0).await;
    assert!(heard.seconds > 400.0, "{} s", heard.seconds);

    let refused = speech(Espeak::default()).speak("vi", &format!("{longest}a"), 1.0).await.unwrap_err();
    assert_eq!(refused.code(), "too_long");
}

#[tokio::test]
async fn what_cannot_be_said_is_refused_by_name() {
    let speech = speech(Espeak::default());
    for (voice, text, code) in [
        ("vi", "", "empty"),
        ("vi", " \n\t", "empty"),
        ("vi", "?!...", "empty"),
        ("xx", "a", "unknown_voice"),
    ] {
        assert_eq!(speech.speak(voice, text, 1.0).await.unwrap_err().code(), code, "{text:?}");
    }
}

#[tokio::test]
async fn twenty_requests_at_once_are_all_served() {
    let speech = speech(Espeak::default());
    let requests: Vec<_> = (0..20)
        .map(|n| {
            let speech = speech.clone();
            tokio::spawn(async move { speech.speak("vi", &format!("Ấp {n}. {SENTENCE}"), 1.0).await })
        })
        .collect();
    for request in requests {
        assert!(listen(&request.await.unwrap().unwrap().wav).seconds > 4.0);
    }
}

#[tokio::test]
async fn a_voice_that_hangs_is_ended() {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hangs.sh");
    let hanging = speech(Espeak::new(program, Duration::from_millis(300)));
    assert!(matches!(hanging.speak("vi", "xin chào", 1.0).await, Err(SpeechError::TimedOut)));
}

#[tokio::test]
async fn a_voice_that_is_not_installed_or_fails_says_so() {
    let missing = speech(Espeak::new("/nowhere/espeak-ng", Duration::from_secs(5)));
    assert_eq!(missing.speak("vi", "xin chào", 1.0).await.unwrap_err().code(), "missing");
    let failing = speech(Espeak::new("/bin/false", Duration::from_secs(5)));
    assert_eq!(failing.speak("vi", "xin chào", 1.0).await.unwrap_err().code(), "failed");
    let mute = speech(Espeak::new("/bin/true", Duration::from_secs(5)));
    let refused = mute.speak("vi", "xin chào", 1.0).await.unwrap_err().code();
    assert!(matches!(refused, "no_sound" | "failed"), "{refused}");
}
