// What the horns of one hamlet would have sounded: the WAV file that its agent writes in real time, frame by frame.
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

const HEADER = 44;

export class Tape {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  #read<T>(what: (file: number, bytes: number) => T): T | undefined {
    let name: string | undefined;
    try {
      name = readdirSync(this.#folder).find((file) => file.endsWith('.wav'));
    } catch {
      return undefined; // The agent makes the folder with the file, at the first sound.
    }
    if (!name) return undefined;
    const file = openSync(join(this.#folder, name), 'r');
    try {
      return what(file, Math.max(0, fstatSync(file).size - HEADER));
    } finally {
      closeSync(file);
    }
  }

  /** Frames so far. */
  length(): number {
    return this.#read((_, bytes) => bytes >> 1) ?? 0;
  }

  /** What came after so many frames, -1 to 1. */
  since(frames: number): Float32Array {
    const bytes = this.#read((file, whole) => {
      const part = Buffer.alloc(Math.max(0, whole - frames * 2) & ~1);
      readSync(file, part, 0, part.length, HEADER + frames * 2);
      return part;
    });
    if (!bytes) return new Float32Array();
    return Float32Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2) / 32_768);
  }
}
