import { describe, expect, it } from 'vitest';
import type { Airing, LoaNode } from '../src/lib/api/types';
import { silenceOf, soundingNodes } from '../src/lib/state/stop.svelte';
import { airing, broadcast, node } from './samples';

const playing = { airing: 'a1', broadcast: 'r1', class: 'normal', started_at: '2026-11-24T02:59:55Z', duration_ms: 20_000 };
const view = (nodes: LoaNode[], open: Airing[] = []) => ({
  nodes: new Map(nodes.map((one) => [one.id, one])),
  openAirings: () => open.map((one) => ({ broadcast: broadcast(open), airing: one })),
});

describe('stop everything', () => {
  it('watches every node that sounds, waits or may begin', () => {
    const nodes = [node({ id: 'n1', playing }), node({ id: 'n2', waiting: 1 }), node({ id: 'n3' }), node({ id: 'n4' })];
    const open = airing({ node: { id: 'n3', name: 'x' } });
    expect(soundingNodes(view(nodes, [open]))).toEqual(['n1', 'n2', 'n3']);
  });

  it('calls a node silent only when it has said so', () => {
    expect(silenceOf('n1', view([node({ playing })]), false)).toBe('waiting');
    expect(silenceOf('n1', view([node({ waiting: 2 })]), false)).toBe('waiting');
    expect(silenceOf('n1', view([node()], [airing()]), false)).toBe('waiting');
    expect(silenceOf('n1', view([node()]), false)).toBe('silent');
  });

  it('says so when a node does not answer or is not there', () => {
    expect(silenceOf('n1', view([node({ playing })]), true)).toBe('no_answer');
    expect(silenceOf('n1', view([node({ status: 'lost' })]), false)).toBe('offline');
    expect(silenceOf('gone', view([]), false)).toBe('offline');
  });
});
