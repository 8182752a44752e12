// FOR DEVELOPMENT AND SCREENSHOTS ONLY. Made-up nodes and broadcasts that behave roughly as the broker's do. No test relies on it: the
// end-to-end tests run against a real broker with real agents.

const iso = (ms) => new Date(ms).toISOString();
const MINUTE = 60_000;
export const person = { id: 'p1', username: 'lan', display_name: 'Nguyễn Thị Lan' };
const commune = { code: '31699', name: 'Đại Ân 2' };
const hamletNames = ['Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Ngan Rô 2', 'Ấp Tầm Vu', 'Ấp Lâm Dồ'];
export const hamlets = hamletNames.map((name, at) => ({ code: `31699-0${at + 1}`, name }));
export const areas = [
  { code: '94', name: 'Sóc Trăng', kind: 'province' },
  { ...commune, kind: 'commune', parent: '94' },
  ...hamlets.map((hamlet) => ({ ...hamlet, kind: 'hamlet', parent: commune.code })),
];
export const voices = [
  { id: 'vi', label_vi: 'Giọng miền Bắc', label_en: 'Northern Vietnamese', language: 'vi' },
  { id: 'vi-vn-x-central', label_vi: 'Giọng miền Trung', label_en: 'Central Vietnamese', language: 'vi' },
  { id: 'vi-vn-x-south', label_vi: 'Giọng miền Nam', label_en: 'Southern Vietnamese', language: 'vi' },
];

let count = 0;
export const newId = (prefix) => `${prefix}${String(++count).padStart(4, '0')}`;

export function makeNode(hamlet, name, status) {
  return {
    id: newId('n'),
    name,
    hamlet,
    commune,
    status,
    last_seen: status === 'new' ? null : iso(Date.now() - (status === 'online' ? 4_000 : 47 * MINUTE)),
    version: status === 'online' ? '0.1.0' : null,
    generation: { wanted: 7, held: status === 'online' ? 7 : null },
    clock: status === 'online' ? 'synchronised' : null,
    output: status === 'online' ? 'ready' : null,
    playing: null,
    waiting: 0,
    latched: false,
    lacking: 0,
    volume: { percent: 80, emergency_percent: 100 },
    heartbeat:
      status === 'new'
        ? null
        : {
            at: iso(Date.now() - 12_000),
            started_at: iso(Date.now() - (3 * 86_400 + 7 * 3600) * 1000),
            version: '0.1.0',
            cpu_temperature_c: 52,
            load: 0.2,
            disk_free_mib: 11_200,
            network: { interface: 'wwan0', received_bytes: 1, sent_bytes: 1, signal_dbm: -87 },
            playing: false,
            volume: 80,
            output_errors: 0,
            receipts_waiting: 0,
            refused: {},
            faults: {},
          },
  };
}

const places = ['Cổng chợ', 'Trụ sở ấp', 'Trường mẫu giáo', 'Chùa Tầm Vu', 'Cầu Lâm Dồ'];
export const nodes = new Map(
  hamlets.map((hamlet, at) => makeNode(hamlet, places[at], at === 4 ? 'lost' : 'online')).map((node) => [node.id, node]),
);
export const clips = new Map();
export const bulletins = new Map();
export const broadcasts = new Map();

export function makeClip(duration_ms, warnings = []) {
  const hash = newId('c').padEnd(64, '0');
  const clip = { hash, bytes: duration_ms * 3, duration_ms, loudness_lufs: -16.1, true_peak_dbtp: -1.6, warnings };
  clips.set(hash, clip);
  return clip;
}

export function makeBulletin(title, klass, clip, text = null) {
  const bulletin = {
    id: newId('b'),
    title,
    language: 'vi',
    class: klass,
    text,
    clip,
    created_at: iso(Date.now()),
    created_by: person,
  };
  bulletins.set(bulletin.id, bulletin);
  return bulletin;
}

export function makeBroadcast(bulletin, wanted, at = Date.now()) {
  const all = [...nodes.values()].filter((node) => !['new', 'revoked', 'retired'].includes(node.status));
  const targets = all.filter((node) => wanted.includes(commune.code) || wanted.includes(node.hamlet.code));
  const broadcast = {
    id: newId('r'),
    bulletin: { id: bulletin.id, title: bulletin.title, class: bulletin.class },
    clip: bulletin.clip,
    created_at: iso(at),
    created_by: { id: person.id, display_name: person.display_name },
    expires_at: iso(at + 10 * MINUTE),
    stopped_at: null,
    areas: areas.filter((area) => wanted.includes(area.code)).map(({ code, name }) => ({ code, name })),
    airings: targets.map((node) => ({
      airing: newId('a'),
      node: { id: node.id, name: node.name },
      hamlet: node.hamlet,
      status: 'sent',
      reason: null,
      node_online: node.status === 'online',
      sent_at: iso(at),
      started_at: null,
      ended_at: null,
      heard_ms: null,
      duration_ms: bulletin.clip.duration_ms,
    })),
  };
  broadcasts.set(broadcast.id, broadcast);
  return broadcast;
}

/** Past broadcasts with every outcome, so that the history has something to show. */
export function furnish() {
  const now = Date.now();
  const past = (title, klass, ms, ago, outcomes) => {
    const bulletin = makeBulletin(title, klass, makeClip(ms), title);
    const broadcast = makeBroadcast(
      bulletin,
      outcomes.length === 5 ? ['31699'] : hamlets.slice(0, outcomes.length).map((h) => h.code),
      now - ago,
    );
    broadcast.airings.forEach((airing, at) => {
      const [status, reason = null, share = status === 'played' ? 1 : 0] = outcomes[at] ?? ['played'];
      Object.assign(airing, {
        status,
        reason,
        heard_ms: Math.round(ms * share),
        ended_at: iso(now - ago + ms),
        started_at: iso(now - ago),
      });
    });
  };
  past('Lịch tiêm chủng cho trẻ dưới 5 tuổi tại trạm y tế xã', 'normal', 42_000, 26 * 60 * MINUTE, [
    ['played'],
    ['played'],
    ['played'],
  ]);
  past('Kính mời bà con họp ấp bàn việc nạo vét kênh nội đồng', 'normal', 31_000, 25 * 60 * MINUTE, [
    ['played'],
    ['partial', 'output_lost', 0.4],
    ['pre_empted', 'stronger_class', 0.2],
    ['partial', 'stopped', 0.7],
    ['missed', 'node_silent'],
  ]);
  past('Cảnh báo triều cường: bà con ven sông kê cao tài sản', 'emergency', 24_000, 3 * 60 * MINUTE, [
    ['played'],
    ['played'],
    ['partial', 'agent_restarted', 0.6],
    ['played'],
    ['missed', 'node_silent'],
  ]);
  past('Thông báo cúp điện sáng mai từ 7 giờ đến 11 giờ', 'priority', 18_000, 50 * MINUTE, [
    ['played'],
    ['refused', 'disk_full'],
  ]);
}
