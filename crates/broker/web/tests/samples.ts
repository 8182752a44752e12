// Small, valid things of each kind, to be changed where a test cares.
import type { Airing, Area, Broadcast, Clip, InboxItem, Latch, LoaNode } from '../src/lib/api/types';

export const NOW = Date.parse('2026-11-24T03:00:00Z');

export const clip = (change: Partial<Clip> = {}): Clip => ({
  hash: 'c'.repeat(64),
  bytes: 30_000,
  duration_ms: 20_000,
  loudness_lufs: -16,
  true_peak_dbtp: -1.6,
  warnings: [],
  ...change,
});

export const airing = (change: Partial<Airing> = {}): Airing => ({
  airing: 'a1',
  node: { id: 'n1', name: 'Cổng chợ' },
  hamlet: { code: '31699-01', name: 'Ấp Chợ' },
  status: 'sent',
  node_online: true,
  sent_at: '2026-11-24T02:59:50Z',
  duration_ms: 20_000,
  ...change,
});

export const broadcast = (airings: Airing[], change: Partial<Broadcast> = {}): Broadcast => ({
  id: 'r1',
  bulletin: { id: 'b1', title: 'Họp ấp', class: 'normal' },
  clip: clip(),
  created_at: '2026-11-24T02:59:50Z',
  created_by: { id: 'p1', display_name: 'Lan' },
  expires_at: '2026-11-24T03:09:50Z',
  areas: [{ code: '31699-01', name: 'Ấp Chợ' }],
  airings,
  ...change,
});

export const node = (change: Partial<LoaNode> = {}): LoaNode => ({
  id: 'n1',
  name: 'Cổng chợ',
  hamlet: { code: '31699-01', name: 'Ấp Chợ' },
  commune: { code: '31699', name: 'Đại Ân 2' },
  status: 'online',
  last_seen: '2026-11-24T02:59:30Z',
  version: '0.1.0',
  generation: { wanted: 3, held: 3 },
  clock: 'synchronised',
  output: 'ready',
  waiting: 0,
  latched: false,
  lacking: 0,
  volume: { percent: 80, emergency_percent: 100 },
  ...change,
});

export const latch = (change: Partial<Latch> = {}): Latch => ({
  id: 'l1',
  area: { code: '31699', name: 'Đại Ân 2' },
  since: '2026-11-23T22:03:00Z',
  by: 'Lan',
  ...change,
});

export const inboxItem = (change: Partial<InboxItem> = {}): InboxItem => ({
  id: 'i1',
  source: 'Cần Thơ',
  reference: 'CT-1',
  bulletin: { id: 'b1', title: 'Phòng dịch', class: 'normal', language: 'vi', duration_s: 20, clip: 'c'.repeat(64) },
  areas: [{ code: '31699', name: 'Đại Ân 2' }],
  received_at: '2026-11-24T02:00:00Z',
  status: 'waiting',
  ...change,
});

export const areas: Area[] = [
  { code: '94', name: 'Sóc Trăng', kind: 'province' },
  { code: '31699', name: 'Đại Ân 2', kind: 'commune', parent: '94' },
  { code: '31699-01', name: 'Ấp Chợ', kind: 'hamlet', parent: '31699' },
  { code: '31699-02', name: 'Ấp Ngan Rô 1', kind: 'hamlet', parent: '31699' },
  { code: '31699-10', name: 'Ấp Lâm Dồ', kind: 'hamlet', parent: '31699' },
];
