// How news of an airing is put together. Snapshots and events overtake each other; an airing only ever moves towards its outcome.
import type { Airing, AiringStatus, Broadcast } from '../api/types';

const STAGE: Record<AiringStatus, number> = {
  sent: 0,
  waiting: 1,
  playing: 2,
  played: 3,
  partial: 3,
  pre_empted: 3,
  missed: 3,
  refused: 3,
  unreported: 3,
};

/** The status a newer broker may name and this page doesn't know counts as the earliest: any news replaces it. */
const stage = (status: AiringStatus): number => STAGE[status] ?? 0;

export const isOver = (airing: Airing): boolean => stage(airing.status) === 3;

/** Of two words about one airing, the one to believe. `news` came later on the wire. */
export function newer(known: Airing | undefined, news: Airing): Airing {
  if (!known) return news;
  return stage(news.status) < stage(known.status) ? { ...known, node_online: news.node_online } : news;
}

/** A broadcast with one airing's news in it; an airing it didn't have is added. */
export function withAiring(broadcast: Broadcast, news: Airing): Broadcast {
  const at = broadcast.airings.findIndex((airing) => airing.airing === news.airing);
  const airings = at < 0 ? [...broadcast.airings, news] : broadcast.airings.with(at, newer(broadcast.airings[at], news));
  return { ...broadcast, airings };
}

/** A broadcast as the broker now tells it, keeping what events said that the answer was too early to know. */
export function withSnapshot(known: Broadcast | undefined, snapshot: Broadcast): Broadcast {
  if (!known) return snapshot;
  const before = new Map(known.airings.map((airing) => [airing.airing, airing]));
  return { ...snapshot, airings: snapshot.airings.map((airing) => newer(before.get(airing.airing), airing)) };
}
