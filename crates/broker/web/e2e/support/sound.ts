// Sound as numbers: making tones, and judging what a hamlet heard. Levels are relative to full scale, 1.

export const RATE = 48_000;
/** Half of what separates speech at -16 LUFS from nothing: quieter windows are pauses. */
const LOUD = 0.01;
const WINDOW = RATE / 50;

/** Tones of `hz`, 300 ms on and 100 ms off as syllables are, so that a phone's noise suppression doesn't take them for a hum. */
export function beeps(hz: number, seconds: number, level = 0.4): Int16Array {
  const ramp = RATE / 200;
  return Int16Array.from({ length: seconds * RATE }, (_, at) => {
    const into = at % (0.4 * RATE);
    const envelope = Math.max(0, Math.min(1, into / ramp, (0.3 * RATE - into) / ramp));
    return Math.round(level * envelope * Math.sin((2 * Math.PI * hz * at) / RATE) * 32_767);
  });
}

/** A WAV file (RIFF, PCM, mono, 16 bit) of these samples. */
export function wav(samples: Int16Array): Buffer {
  const body = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + body.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(body.length, 40);
  return Buffer.concat([head, body]);
}

/** Root of the mean square of each 20 ms. */
function levels(samples: Float32Array): number[] {
  const list: number[] = [];
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    let sum = 0;
    for (let i = at; i < at + WINDOW; i += 1) sum += (samples[i] ?? 0) ** 2;
    list.push(Math.sqrt(sum / WINDOW));
  }
  return list;
}

export interface Heard {
  /** From the first audible moment to the last, seconds; 0 when nothing was. */
  seconds: number;
  /** Share of that time in which there was sound. */
  filled: number;
  /** Loudest 20 ms. */
  level: number;
}

export function heard(samples: Float32Array): Heard {
  const all = levels(samples);
  const first = all.findIndex((level) => level > LOUD);
  const last = all.findLastIndex((level) => level > LOUD);
  if (first < 0) return { seconds: 0, filled: 0, level: Math.max(0, ...all) };
  const span = all.slice(first, last + 1);
  return {
    seconds: (span.length * WINDOW) / RATE,
    filled: span.filter((level) => level > LOUD).length / span.length,
    level: Math.max(...span),
  };
}

/** How much of the audible sound's power lies at `hz`, within 50 Hz: 1 for that tone alone (Goertzel's algorithm on windows of 20 ms, short beside the pauses of a beep). */
export function shareAt(hz: number, samples: Float32Array): number {
  const length = RATE / 50;
  const turn = 2 * Math.cos((2 * Math.PI * hz) / RATE);
  let [tone, all] = [0, 0];
  for (let at = 0; at + length <= samples.length; at += length) {
    let [before, last, power] = [0, 0, 0];
    for (let i = at; i < at + length; i += 1) {
      const sample = samples[i] ?? 0;
      [before, last] = [last, sample + turn * last - before];
      power += sample * sample;
    }
    if (power < LOUD * LOUD * length) continue;
    tone += (2 / length) * (last * last + before * before - turn * last * before);
    all += power;
  }
  return all === 0 ? 0 : tone / all;
}
