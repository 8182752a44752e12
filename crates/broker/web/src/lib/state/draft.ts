// The bulletin being made, as plain values: read back from the phone with distrust, and turned into an intent to broadcast.
import type { BroadcastClass, Clip } from '../api/types';

export type Source = 'text' | 'record' | 'file';
export type Rate = 'slow' | 'medium' | 'fast';
/** Speech rate as the broker takes it: 1 is the voice's own. */
export const RATES: Record<Rate, number> = { slow: 0.85, medium: 1, fast: 1.15 };

export interface KeptClip {
  clip: Clip;
  /** The file's name, or when it was recorded. */
  name: string;
  at: string;
}

/** One decision to broadcast. Its key goes with every attempt, so that the broker starts it once. */
export interface Intent {
  key: string;
  of: string;
  /** The bulletin made for it, once there is one. */
  bulletin?: string;
}

export interface Draft {
  source: Source;
  title: string;
  text: string;
  voice: string;
  rate: Rate;
  class: BroadcastClass;
  /** Codes of the chosen hamlets. */
  hamlets: string[];
  recording?: KeptClip;
  file?: KeptClip;
  intent?: Intent;
}

export const emptyDraft = (): Draft => ({
  source: 'text',
  title: '',
  text: '',
  voice: '',
  rate: 'medium',
  class: 'normal',
  hamlets: [],
});

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const oneOf = <T extends string>(value: unknown, allowed: readonly T[], otherwise: T): T =>
  allowed.find((item) => item === value) ?? otherwise;

function keptClip(value: unknown): KeptClip | undefined {
  if (!isRecord(value) || !isRecord(value['clip'])) return undefined;
  const clip = value['clip'];
  if (typeof clip['hash'] !== 'string' || typeof clip['duration_ms'] !== 'number') return undefined;
  const warnings = Array.isArray(clip['warnings']) ? clip['warnings'] : [];
  return { clip: { ...(clip as unknown as Clip), warnings }, name: text(value['name']), at: text(value['at']) };
}

function intent(value: unknown): Intent | undefined {
  if (!isRecord(value) || typeof value['key'] !== 'string' || typeof value['of'] !== 'string') return undefined;
  const bulletin = value['bulletin'];
  return { key: value['key'], of: value['of'], ...(typeof bulletin === 'string' ? { bulletin } : {}) };
}

/** What was kept on the phone; anything of it that isn't what this version writes is dropped. */
export function readDraft(value: unknown): Draft {
  const draft = emptyDraft();
  if (!isRecord(value)) return draft;
  const hamlets = value['hamlets'];
  return {
    source: oneOf(value['source'], ['text', 'record', 'file'], 'text'),
    title: text(value['title']),
    text: text(value['text']),
    voice: text(value['voice']),
    rate: oneOf(value['rate'], ['slow', 'medium', 'fast'], 'medium'),
    class: oneOf(value['class'], ['normal', 'priority', 'emergency'], 'normal'),
    hamlets: Array.isArray(hamlets) ? hamlets.filter((code) => typeof code === 'string') : [],
    recording: keptClip(value['recording']),
    file: keptClip(value['file']),
    intent: intent(value['intent']),
  };
}

/** After a broadcast has begun: the next one starts clean, in the same voice and for the same hamlets, as a normal bulletin. */
export const nextDraft = (draft: Draft): Draft => ({
  ...emptyDraft(),
  source: draft.source,
  voice: draft.voice,
  rate: draft.rate,
  hamlets: draft.hamlets,
});

export const chosenClip = (draft: Draft): KeptClip | undefined =>
  draft.source === 'record' ? draft.recording : draft.source === 'file' ? draft.file : undefined;

const TITLE_LENGTH = 60;

/** The title that was typed, else the text's first words, else `otherwise`. */
export function titleOf(draft: Draft, otherwise: string): string {
  const typed = draft.title.trim();
  if (typed) return typed;
  const words = draft.source === 'text' ? draft.text.trim().replace(/\s+/g, ' ') : (draft.file?.name ?? '').replace(/\.\w+$/, '');
  const whole = draft.source === 'record' || !words ? otherwise : words;
  if (whole.length <= TITLE_LENGTH) return whole;
  const cut = whole.slice(0, TITLE_LENGTH);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), TITLE_LENGTH / 2)).trimEnd()}…`;
}

/** What is spoken and how: when it changes, an earlier preview is void. */
export const speechOf = (draft: Draft): string => JSON.stringify([draft.text.trim(), draft.voice, draft.rate]);

/** Everything that makes two broadcasts different. */
export function fingerprint(draft: Draft, areas: string[]): string {
  const content = draft.source === 'text' ? speechOf(draft) : chosenClip(draft)?.clip.hash;
  return JSON.stringify([draft.source, content, draft.title.trim(), draft.class, [...areas].sort()]);
}

/** 128 random bits. Not `crypto.randomUUID`, which plain http on a village network doesn't have. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The intent for this draft: the same one as long as nothing about the broadcast has changed since it was formed. */
export function intentFor(draft: Draft, areas: string[]): Intent {
  const of = fingerprint(draft, areas);
  return draft.intent?.of === of ? draft.intent : { key: newKey(), of };
}
