// Releasing what was stopped: asked for in one place, confirmed in another, done once.
import { api } from '../api/client';
import type { Latch } from '../api/types';
import { live } from './live.svelte';

interface Releasing {
  release(latch: string): Promise<unknown>;
}

export class Release {
  /** What a person has asked to release and not confirmed yet. */
  asked = $state.raw<Latch[]>([]);
  busy = $state(false);
  problem = $state.raw<unknown>();
  readonly #to: Releasing;
  readonly #view: { latches: Latch[] };

  constructor(to: Releasing, view: { latches: Latch[] }) {
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
}

export const release = new Release(api, live);
