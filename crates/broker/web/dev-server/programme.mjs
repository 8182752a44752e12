// FOR DEVELOPMENT AND SCREENSHOTS ONLY. A made-up programme: a week of airings, today's run with every outcome, a policy, an inbox, a report.
import { bulletins, clips, hamlets, makeClip, nodes, person } from './state.mjs';

const DAY_MS = 86_400_000;
const OFFSET_MS = 7 * 3_600_000;
const named = { code: '31699', name: 'Đại Ân 2' };
const isoDay = (ms) => new Date(ms + OFFSET_MS).toISOString().slice(0, 10);
const at = (day, time) => new Date(`${day}T${time}:00+07:00`).toISOString();
const later = (day, days) => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
const today = () => isoDay(Date.now());

const clip = makeClip(720_000);
const planned = [
  ['e1', 'Bản tin sáng của xã', 'normal', '05:00', hamlets, 720, 1],
  ['e2', 'Nhắc lịch tiêm phòng cho đàn gia súc', 'normal', '17:00', hamlets.slice(0, 2), 95, 2],
  ['e3', 'Thông báo cúp điện', 'priority', '17:30', hamlets.slice(1, 5), 42, 3],
  ['e4', 'Mời họp ban ấp', 'priority', '17:30', hamlets.slice(0, 4), 30, 4],
];
const entries = planned.map(([id, title, klass, time, where, duration_s, position]) => ({
  id,
  bulletin: { id: `b-${id}`, title, class: klass, language: 'vi', duration_s, clip },
  areas: where.length === hamlets.length ? [named] : where,
  timetable: { every: 'week', days: [1, 3, 5], times: [time], from: today(), except: [] },
  time_zone: 'Asia/Ho_Chi_Minh',
  repeats: 1,
  gap_s: 0,
  catch_up_s: 600,
  position,
  resume: false,
  exceeds: [],
  nodes: where.length,
  next: [at(today(), time)],
  over: false,
  created_at: new Date().toISOString(),
  created_by: person.display_name,
  changed_at: new Date().toISOString(),
}));
const outcomes = [
  ['played', null],
  ['played', null],
  ['missed', 'node_off'],
  ['refused', 'latched'],
  ['unreported', null],
];
const tally = (list) => {
  const counts = {};
  for (const status of list) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const runs = () =>
  planned.map(([entry, title, klass, time, where, duration_s]) => {
    const start = at(today(), time);
    const over = entry === 'e1' || entry === 'e2';
    const list = where.map((hamlet, index) => {
      const node = [...nodes.values()].find((one) => one.hamlet.code === hamlet.code);
      const [status, reason] = over ? outcomes[index] : ['due', null];
      const started_at = status === 'played' ? start : null;
      return {
        node: node.id,
        node_name: node.name,
        hamlet,
        status,
        reason,
        started_at,
        ended_at: started_at,
        late_s: started_at ? 8 : null,
      };
    });
    const counts = tally(list.map((node) => node.status));
    return { entry, title, class: klass, start, duration_s, repeat: 0, state: over ? 'over' : 'due', counts, nodes: list };
  });
const allDay = Array.from({ length: 7 }, () => [{ from: '00:00', to: '24:00' }]);
const policy = {
  hours: Array.from({ length: 7 }, () => [
    { from: '05:00', to: '06:30' },
    { from: '17:00', to: '18:00' },
  ]),
  session_minutes: 30,
  sessions_per_day: 3,
  ceilings: [{ from: '05:00', to: '05:30', percent: 60 }],
  exceedable: ['hours'],
  exceeders: [{ person: person.id, limits: ['hours'] }],
};
const outer = {
  hours: allDay,
  ceilings: [],
  exceedable: ['hours', 'session_minutes', 'sessions_per_day', 'volume'],
  exceeders: [],
};
const item = (id, title, klass, status) => ({
  id,
  source: 'Đài Phát thanh tỉnh',
  reference: `CT-${id}`,
  bulletin: {
    id: `b-${id}`,
    title,
    class: klass,
    language: 'vi',
    duration_s: 95,
    clip: clip.hash,
    text: `${title}. Kính mời bà con chú ý nghe.`,
  },
  areas: [named],
  received_at: new Date(Date.now() - 1_800_000).toISOString(),
  expires_at: new Date(Date.now() + DAY_MS).toISOString(),
  status,
});
const inbox = [
  item('i1', 'Phòng chống sốt xuất huyết', 'normal', 'waiting'),
  item('i2', 'Dự báo triều cường', 'priority', 'queued'),
  {
    ...item('i3', 'Tuyên truyền bầu cử', 'normal', 'declined'),
    decided_at: new Date().toISOString(),
    decided_by: person.display_name,
    remark: 'trùng nội dung',
  },
];
const figures = (airings, minutes, played, missed) => ({
  airings,
  minutes,
  played,
  partial: 0,
  pre_empted: 1,
  missed,
  refused: 0,
  unreported: 0,
});

/** What the form says would break at 03:00, collide at 17:00, and else be fine. */
function preview(body) {
  const { timetable, exceeds = [] } = body;
  const [time] = timetable.times;
  const broken = time < '05:00' && !exceeds.includes('hours');
  const next = Array.from({ length: 10 }, (_, index) => ({
    start: at(later(timetable.from, index), time),
    repeat: 0,
    nodes: 5,
    hamlets: 5,
    duration_s: 720,
  }));
  const breaches = next.slice(0, 3).map(({ start }) => ({ entry: 'new', limit: 'hours', start, area: hamlets[0] }));
  const warnings = [{ kind: 'whole_commune', area: named }];
  if (time >= '17:00')
    warnings.push({
      kind: 'collides',
      start: next[0].start,
      with: { id: 'e2', title: planned[1][1], class: 'normal', start: at(today(), '17:00') },
    });
  return { next, breaches: broken ? breaches : [], breach_count: broken ? 365 : 0, lifted: ['hours'], warnings };
}

export const programmeRoutes = {
  'GET /latches': () => ({
    items:
      process.env.LATCHED === '1' ? [{ id: 'l1', area: named, since: new Date().toISOString(), by: person.display_name }] : [],
  }),
  'GET /bulletins': () => [...bulletins.values()].reverse(),
  'GET /programme': () => ({ items: entries }),
  'POST /programme': () => entries[0],
  'POST /programme/preview': (_p, body) => preview(body),
  'PUT /programme/order': (_p, { ids }) => {
    ids.forEach((id, position) => {
      entries.find((entry) => entry.id === id).position = position + 1;
    });
  },
  'GET /programme/week': () => ({
    from: today(),
    time_zone: 'Asia/Ho_Chi_Minh',
    policy,
    days: Array.from({ length: 7 }, (_, index) => {
      const date = later(today(), index);
      const airings = planned.map(([entry, title, klass, time, where, duration_s]) => ({
        entry,
        title,
        class: klass,
        start: at(date, time),
        duration_s,
        repeat: 0,
        hamlets: where,
        whole: where.length === hamlets.length,
        status: index === 0 && time === '05:00' ? { played: 4, missed: 1 } : null,
      }));
      return { date, airings: index === 2 ? [] : airings };
    }),
  }),
  'GET /programme/day': () => ({
    date: today(),
    runs: runs(),
    alarms: [
      {
        kind: 'clip_missing',
        start: at(today(), '17:30'),
        entry: 'e3',
        title: planned[2][1],
        nodes: hamlets.slice(3).map((hamlet) => ({ node: hamlet.code, node_name: hamlet.name, hamlet })),
      },
    ],
  }),
  'GET /programme/:id': ([id]) => entries.find((entry) => entry.id === id),
  'PUT /programme/:id': ([id]) => entries.find((entry) => entry.id === id),
  'DELETE /programme/:id': () => undefined,
  'GET /people/invitations': () => ({ items: [] }),
  'GET /account/sessions': () => ({ items: [] }),
  'GET /people': () => ({
    items: [
      {
        ...person,
        name: person.display_name,
        grants: [{ role: 'admin', area: null }],
        yours: true,
        created_at: '2026-11-01T00:00:00Z',
      },
    ],
  }),
  'GET /areas/:id/policy': () => ({
    area: named,
    own: policy,
    in_force: policy,
    outer,
    changed_at: new Date().toISOString(),
    changed_by: person.display_name,
  }),
  'PUT /areas/:id/policy': (_p, body) => ({ area: named, own: body, in_force: body, outer, breaches: [] }),
  'DELETE /areas/:id/policy': () => undefined,
  'GET /inbox': () => ({ items: inbox }),
  'POST /inbox/:id/decline': () => undefined,
  'GET /sources': () => ({ items: [{ id: 's1', name: 'Đài Phát thanh tỉnh', area: named }] }),
  'GET /reports/month': () => ({
    month: today().slice(0, 7),
    area: named,
    rows: hamlets.flatMap((hamlet, index) => [
      { hamlet, class: 'normal', ...figures(48, 310.5 - index, 46, 1) },
      { hamlet, class: 'priority', ...figures(3, 2.1, 3, 0) },
    ]),
    total: figures(255, 1558, 245, 5),
  }),
  'GET /calendars': () => ({ items: [{ id: 'k1', area: named, created_at: new Date().toISOString(), created_by: person }] }),
};
clips.set(clip.hash, clip);
