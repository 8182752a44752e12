// Releasing what was stopped: asked for in one place, confirmed in another, done once.
import { api } from '../api/client';
import type { Latch, LoaNode } from '../api/types';
import { live } from './live.svelte';

/** A node that hasn't heard of its release by then won't be waited for. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 100;

/** Nodes that would still refuse: they are there, say that they are stopped, and nothing that is known to be stopped holds them. */
export function unaware(nodes: Iterable<LoaNode>, latches: readonly Latch[]): LoaNode[] {
  // Which province a commune lies in, a node doesn't say.
  const held = (node: LoaNode) =>
    latches.some(({ area }) => area.code === node.hamlet.code || area.code === node.commune?.code || area.code.length === 2);
  return [...nodes].filter((node) => node.status === 'online' && node.latched && !held(node));
}

interface Releasing {
  release(latch: string): Promise<unknown>;
}

interface View {
  latches: Latch[];
  readonly nodes: ReadonlyMap<string, LoaNode>;
}

export class Release {
  /** What a person has asked to release and not confirmed yet. */
  asked = $state.raw<Latch[]>([]);
  busy = $state(false);
  problem = $state.raw<unknown>();
  readonly #to: Releasing;
  readonly #view: View;

  constructor(to: Releasing, view: View) {
    this.#to = to;
    this.#view = view;
  }

  ask(latches: Latch[]): void {
    this.problem = undefined;
    this.asked = latches;
  }

  dismiss(): void {
    if (!this.busy) this.asked = [];
  }

  /** Releases what was asked for; what could not be stays asked for. */
  async confirm(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = undefined;
    try {
      for (const latch of this.asked) {
        await this.release(latch);
        this.asked = this.asked.filter((one) => one.id !== latch.id);
      }
    } catch (thrown) {
      this.problem = thrown;
    } finally {
      this.busy = false;
    }
  }

  /** Throws when the broker doesn't answer. The page shows it released at once; the broker's word of it is on its way. */
  async release(latch: Pick<Latch, 'id'>): Promise<void> {
    await this.#to.release(latch.id);
    this.#view.latches = this.#view.latches.filter((one) => one.id !== latch.id);
  }

  /** Until the nodes have heard of it: what is sent to them earlier they refuse. */
  async heard(): Promise<void> {
    const end = Date.now() + PATIENCE_MS;
    while (unaware(this.#view.nodes.values(), this.#view.latches).length > 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

export const release = new Release(api, live);
