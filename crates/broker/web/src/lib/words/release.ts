// How far a node is with a release, in words.
import type { ReleaseNode } from '../api/types';
import { t, tryT } from '../i18n/index.svelte';
import type { Tone } from './airing';

const TONES: Record<NonNullable<ReleaseNode['progress']>, Tone> = {
  later: 'calm',
  told: 'calm',
  fetching: 'live',
  waiting: 'live',
  trying: 'live',
  updated: 'good',
  failed: 'warn',
  refused: 'bad',
  rolled_back: 'bad',
  impossible: 'warn',
};

export interface ReleaseWords {
  tone: Tone;
  progress: string | undefined;
  why: string | undefined;
  runs: string;
}

/** Codes that this page has no words for are those of envelopes: the signature isn't trusted. */
export function releaseWords(node: ReleaseNode): ReleaseWords {
  return {
    tone: node.progress ? TONES[node.progress] : 'calm',
    progress: node.progress ? t(`releases.progress.${node.progress}`) : undefined,
    why: node.reason ? (tryT(`releases.why.${node.reason}`) ?? t('releases.why.signature')) : undefined,
    runs: node.version ? t('releases.runs', { version: node.version }) : t('releases.runs.unknown'),
  };
}
