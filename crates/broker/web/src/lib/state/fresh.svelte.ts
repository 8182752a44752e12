// An answer of the broker that is kept fresh: asked for again when the question changes and, a moment later, when there is news.
// It promises that an old answer never replaces a newer one, nor stands under another question, and that news in quick succession cost
// one request, and unceasing news one every moment.
import { live } from './live.svelte';

const CALM_MS = 400;

export class Fresh<T> {
  value = $state.raw<T | undefined>();
  problem = $state.raw<unknown>();
  #turn = 0;
  #question = '';
  #get: (() => Promise<T>) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** To be called while a component is made. `ask` gives undefined while there is nothing to ask. */
  constructor(ask: () => { question: string; get: () => Promise<T> } | undefined) {
    $effect(() => {
      const asked = ask();
      // Read, so that the effect runs again when it changes.
      void live.programmeNews;
      if (!asked) return;
      this.#get = asked.get;
      if (asked.question === this.#question) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          if (this.#get) void this.load(this.#get);
        }, CALM_MS);
        return;
      }
      this.#question = asked.question;
      this.value = undefined;
      this.problem = undefined;
      void this.load(asked.get);
    });
    $effect(() => () => clearTimeout(this.#timer));
  }

  /** Takes what was answered to something else as the newest there is. */
  keep(value: T): void {
    this.#turn += 1;
    this.value = value;
    this.problem = undefined;
  }

  async load(get: () => Promise<T>): Promise<void> {
    this.#turn += 1;
    const mine = this.#turn;
    try {
      const value = await get();
      if (mine !== this.#turn) return;
      this.value = value;
      this.problem = undefined;
    } catch (thrown) {
      if (mine === this.#turn) this.problem = thrown;
    }
  }
}
