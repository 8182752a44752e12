// The end-to-end tests believe these judges: they must be able to say no.
import { describe, expect, it } from 'vitest';
import { beeps, heard, RATE, shareAt, wav } from '../e2e/support/sound';

const floats = (samples: Int16Array) => Float32Array.from(samples, (sample) => sample / 32_768);
const silence = (seconds: number) => new Float32Array(seconds * RATE);

describe('what was heard', () => {
  it('is nothing in silence, in nothing, and in what is too soft to hear', () => {
    expect(heard(silence(1)).seconds).toBe(0);
    expect(heard(new Float32Array()).seconds).toBe(0);
    expect(heard(floats(beeps(660, 1, 0.005))).seconds).toBe(0);
    expect(shareAt(660, silence(1))).toBe(0);
  });

  it('lasts from the first audible moment to the last, whatever silence is around it', () => {
    const samples = new Float32Array(4 * RATE);
    samples.set(floats(beeps(660, 2)), RATE);
    const { seconds, filled, level } = heard(samples);
    expect(seconds).toBeCloseTo(1.9, 1);
    expect(filled).toBeCloseTo(0.78, 1);
    expect(level).toBeCloseTo(0.4 / Math.SQRT2, 2);
  });

  it('is told apart by its tone', () => {
    const tone = floats(beeps(660, 2));
    expect(shareAt(660, tone)).toBeGreaterThan(0.95);
    expect(shareAt(880, tone)).toBeLessThan(0.01);
    const half = tone.map((sample, at) => sample + 0.4 * Math.sin((2 * Math.PI * 880 * at) / RATE));
    expect(shareAt(660, half)).toBeLessThan(0.6);
  });
});

describe('a sound to upload', () => {
  it('is a WAV file of 16 bit mono', () => {
    const file = wav(beeps(660, 1));
    expect(file.length).toBe(44 + 2 * RATE);
    expect(file.toString('latin1', 0, 4) + file.toString('latin1', 8, 16)).toBe('RIFFWAVEfmt ');
    expect(file.readUInt32LE(24)).toBe(RATE);
  });
});
