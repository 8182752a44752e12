// Nodes and recent broadcasts as they are now. A snapshot is taken whenever the link opens; events that come while it is on its way are
// kept and replayed over it, so that nothing said in between is lost and nothing old stays.
import { SvelteMap } from 'svelte/reactivity';
import { api } from '../api/client';
import type { Problem } from '../api/problem';
import type { Airing, Broadcast, InboxItem, Latch, LoaNode } from '../api/types';
import { isOver, withAiring, withSnapshot } from '../live/merge';
import type { ServerEvent } from '../live/sse';
import { EventStream, type LinkState, type StreamOptions } from '../live/stream';
import { serverNow } from './clock.svelte';

const SNAPSHOT_RETRY_MS = 2_000;
/** Broadcasts that may still sound are among these; the history asks for more by itself. Thirty weigh 5 kB on the first page. */
const RECENT = 10;

const TOUCHES_PROGRAMME = new Set(['programme', 'alarms', 'airing', 'broadcast', 'latches']);

interface Snapshots {
  nodes(): Promise<LoaNode[]>;
  broadcasts(): Promise<{ items: Broadcast[] }>;
  latches(): Promise<{ items: Latch[] }>;
  inbox(): Promise<{ items: InboxItem[] }>;
}

/** What from above still wants a decision, or has its time to come. */
const isOpen = (item: InboxItem) => item.status === 'waiting' || item.status === 'queued' || item.status === 'scheduled';

export class Live {
  readonly nodes = new SvelteMap<string, LoaNode>();
  readonly broadcasts = new SvelteMap<string, Broadcast>();
  /** What came from above and isn't over. */
  readonly inbox = new SvelteMap<string, InboxItem>();
  /** Counts the broker's words about what came from above, of which some is over by then. */
  inboxNews = $state(0);
  /** Counts what may have changed the programme or its run; whoever shows it asks again. */
  programmeNews = $state(0);
  /** Areas in which everything is stopped until somebody releases it. */
  latches = $state.raw<Latch[]>([]);
  link = $state<LinkState>('closed');
  problem = $state.raw<Problem | undefined>();
  /** Whether a snapshot was ever taken: before it, an empty list means nothing. */
  loaded = $state(false);
  /** Since when the link is down, broker's time; undefined while it is up. */
  downSince = $state<number | undefined>();

  readonly #from: Snapshots;
  readonly #stream: EventStream;
  #waiting: ServerEvent[] | undefined;
  #snapshot = 0;
  onRefused: () => void = () => {};

  constructor(from: Snapshots, options: StreamOptions = {}) {
    this.#from = from;
    this.#stream = new EventStream(
      '/api/v1/events',
      {
        onOpen: () => void this.resync(),
        onEvent: (event) => this.take(event),
        onState: (state, problem) => this.#linkIs(state, problem),
      },
      options,
    );
  }

  open(): void {
    this.#stream.open();
    // A network that lets requests through but no stream must not leave the page empty.
    setTimeout(() => {
      if (!this.loaded && this.link !== 'closed') void this.resync();
    }, SNAPSHOT_RETRY_MS);
  }

  close(): void {
    this.#stream.close();
    this.#snapshot += 1;
    this.#waiting = undefined;
    this.nodes.clear();
    this.broadcasts.clear();
    this.inbox.clear();
    this.latches = [];
    this.loaded = false;
    this.downSince = undefined;
  }

  hurry(): void {
    this.#stream.hurry();
  }

  /** Takes a fresh snapshot; a newer one makes an older one void. */
  async resync(): Promise<void> {
    this.#snapshot += 1;
    const mine = this.#snapshot;
    this.#waiting ??= [];
    try {
      const [nodes, broadcasts, latches, inbox] = await Promise.all([
        this.#from.nodes(),
        this.#from.broadcasts(),
        this.#from.latches(),
        // What is silent and what sounds is not held up by what may come.
        this.#from.inbox().catch(() => undefined),
      ]);
      if (mine !== this.#snapshot) return;
      this.latches = latches.items;
      if (inbox) this.#keepInbox(inbox.items);
      this.#apply(nodes, broadcasts.items);
    } catch {
      if (mine !== this.#snapshot) return;
      setTimeout(() => {
        if (mine === this.#snapshot && this.link !== 'closed') void this.resync();
      }, SNAPSHOT_RETRY_MS);
    }
  }

  /** One event from the link, or its equal from an answer. */
  take(event: ServerEvent): void {
    if (this.#waiting) this.#waiting.push(event);
    this.#reduce(event);
  }

  keepNode(node: LoaNode): void {
    this.nodes.set(node.id, node);
  }

  keepBroadcast(broadcast: Broadcast): void {
    this.broadcasts.set(broadcast.id, withSnapshot(this.broadcasts.get(broadcast.id), broadcast));
  }

  keepItem(item: InboxItem): void {
    if (isOpen(item)) this.inbox.set(item.id, item);
    else this.inbox.delete(item.id);
  }

  /** Latches that were just set; each takes the place of an older one of its area. */
  keepLatches(latches: Latch[]): void {
    const areas = new Set(latches.map((latch) => latch.area.code));
    this.latches = [...this.latches.filter((known) => !areas.has(known.area.code)), ...latches];
  }

  /** Airings that may still sound: not over, and not past their expiry unless playing. */
  openAirings(): { broadcast: Broadcast; airing: Airing }[] {
    const now = serverNow();
    return [...this.broadcasts.values()].flatMap((broadcast) =>
      broadcast.airings
        .filter((airing) => !isOver(airing) && (airing.status === 'playing' || Date.parse(broadcast.expires_at) > now))
        .map((airing) => ({ broadcast, airing })),
    );
  }

  #keepInbox(items: InboxItem[]): void {
    this.inbox.clear();
    for (const item of items) this.keepItem(item);
    this.inboxNews += 1;
  }

  #apply(nodes: LoaNode[], broadcasts: Broadcast[]): void {
    const ids = new Set(nodes.map((node) => node.id));
    for (const id of this.nodes.keys()) if (!ids.has(id)) this.nodes.delete(id);
    for (const node of nodes) this.nodes.set(node.id, node);
    for (const broadcast of broadcasts) this.keepBroadcast(broadcast);
    const missed = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of missed) this.#reduce(event);
    this.loaded = true;
    this.downSince = undefined;
    this.programmeNews += 1;
  }

  #reduce(event: ServerEvent): void {
    if (TOUCHES_PROGRAMME.has(event.event)) this.programmeNews += 1;
    if (event.event === 'node') {
      this.keepNode(JSON.parse(event.data) as LoaNode);
    } else if (event.event === 'broadcast') {
      this.keepBroadcast(JSON.parse(event.data) as Broadcast);
    } else if (event.event === 'airing') {
      const news = JSON.parse(event.data) as { broadcast: string; airing: Airing };
      const known = this.broadcasts.get(news.broadcast);
      if (known) this.broadcasts.set(news.broadcast, withAiring(known, news.airing));
    } else if (event.event === 'latches') {
      this.latches = (JSON.parse(event.data) as { items: Latch[] }).items;
    } else if (event.event === 'inbox') {
      this.keepItem((JSON.parse(event.data) as { item: InboxItem }).item);
      this.inboxNews += 1;
    }
  }

  #linkIs(state: LinkState, problem?: Problem): void {
    this.link = state;
    this.problem = problem;
    if (state === 'waiting') this.downSince ??= serverNow();
    if (state === 'refused') this.onRefused();
  }
}

export const live = new Live({
  nodes: () => api.nodes(),
  broadcasts: () => api.broadcasts(undefined, RECENT),
  latches: () => api.latches(),
  inbox: () => api.inbox(),
});
