//! A program that writes WAV to a pipe can't know its length when it writes the header. Here the header is put right.

use std::io::Cursor;

use crate::voice::SpeechError;

/// Takes 16-bit mono PCM out of a WAV of unknown length and gives a well-formed one.
pub(crate) fn mend(sound: &[u8]) -> Result<Vec<u8>, SpeechError> {
    let bad = |what: &str| SpeechError::NoSound(what.to_owned());
    if sound.len() < 12 || &sound[..4] != b"RIFF" || &sound[8..12] != b"WAVE" {
        return Err(bad("not a WAV file"));
    }
    let (mut at, mut rate) = (12, None);
    while let Some(header) = sound.get(at..at + 8) {
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        let body = at + 8;
        match &header[..4] {
            b"fmt " => rate = Some(format_of(sound.get(body..body + 16).ok_or_else(|| bad("cut short"))?)?),
            b"data" => {
                let rate = rate.ok_or_else(|| bad("no format"))?;
                let end = body.saturating_add(length).min(sound.len());
                return write(rate, &sound[body..end]);
            }
            _ => {}
        }
        at = body.saturating_add(length).saturating_add(length & 1);
    }
    Err(bad("no samples"))
}

fn format_of(format: &[u8]) -> Result<u32, SpeechError> {
    let word = |at: usize| u16::from_le_bytes([format[at], format[at + 1]]);
    if (word(0), word(2), word(14)) != (1, 1, 16) {
        return Err(SpeechError::NoSound("not 16-bit mono PCM".into()));
    }
    Ok(u32::from_le_bytes([format[4], format[5], format[6], format[7]]))
}

fn write(sample_rate: u32, data: &[u8]) -> Result<Vec<u8>, SpeechError> {
    if data.len() < 2 {
        return Err(SpeechError::NoSound("no samples".into()));
    }
    let failed = |error: hound::Error| SpeechError::NoSound(error.to_string());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::with_capacity(data.len() + 44));
    let mut writer = hound::WavWriter::new(&mut file, spec).map_err(failed)?;
    for sample in data.chunks_exact(2) {
        writer.write_sample(i16::from_le_bytes([sample[0], sample[1]])).map_err(failed)?;
    }
    writer.finalize().map_err(failed)?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_written_before_it_was_known_is_put_right() {
        let mut piped = write(22_050, &[1, 0, 2, 0, 3, 0]).unwrap();
        piped[40..44].copy_from_slice(&0x7fff_f000_u32.to_le_bytes());
        let mended = mend(&piped).unwrap();
        let reader = hound::WavReader::new(Cursor::new(mended)).unwrap();
        assert_eq!(reader.into_samples::<i16>().collect::<Result<Vec<_>, _>>().unwrap(), [1, 2, 3]);
    }

    #[test]
    fn what_is_no_sound_is_said_to_be_none() {
        let whole = write(22_050, &[1, 0, 2, 0]).unwrap();
        for sound in [vec![], b"RIFF".to_vec(), whole[..30].to_vec(), whole[..44].to_vec(), vec![0; 100]] {
            assert!(matches!(mend(&sound), Err(SpeechError::NoSound(_))));
        }
    }
}
