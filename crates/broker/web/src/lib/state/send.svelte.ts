// From a draft to a broadcast, once. A second tap while one is on its way does nothing; a new attempt after a failure, even after a reload,
// carries the same key and the same bulletin, so the broker can't start it twice.
import { api } from '../api/client';
import type { Broadcast, Clip, NewBulletin } from '../api/types';
import { chosenClip, type Draft, type Intent, intentFor, RATES, titleOf } from './draft';

export interface Sending {
  addBulletin(body: NewBulletin): Promise<{ id: string }>;
  play(bulletin: string, areas: string[], key: string, confirmed: boolean): Promise<Broadcast>;
}

/** The bulletin of a draft. With a preview the clip that was heard is what airs, not a new synthesis of the text. */
export function bulletinOf(draft: Draft, untitled: string, preview?: Clip): NewBulletin {
  const common = { title: titleOf(draft, untitled), language: 'vi', class: draft.class };
  if (draft.source !== 'text') return { ...common, clip: chosenClip(draft)?.clip.hash };
  const spoken = { text: draft.text.trim(), voice: draft.voice || undefined, rate: RATES[draft.rate] };
  return preview ? { ...common, ...spoken, clip: preview.hash } : { ...common, ...spoken };
}

export class Sender {
  busy = $state(false);
  /** Why the last attempt failed; outlives the screen it was made on. */
  problem = $state.raw<unknown>();
  readonly #to: Sending;

  constructor(to: Sending) {
    this.#to = to;
  }

  /** Begins the broadcast; undefined when one is already on its way. `keep` stores the intent before anything leaves the phone. */
  send(
    draft: Draft,
    areas: string[],
    untitled: string,
    preview: Clip | undefined,
    keep: (intent: Intent) => void,
  ): Promise<Broadcast | undefined> {
    return this.#once(async () => {
      const intent = await this.#withBulletin(draft, areas, untitled, preview, keep);
      // Nothing sends an emergency without having asked.
      return this.#to.play(intent.bulletin ?? '', areas, intent.key, draft.class === 'emergency');
    });
  }

  /** Makes the bulletin without broadcasting it, and gives its id; undefined when something is already on its way. */
  make(
    draft: Draft,
    areas: string[],
    untitled: string,
    preview: Clip | undefined,
    keep: (intent: Intent) => void,
  ): Promise<string | undefined> {
    return this.#once(async () => (await this.#withBulletin(draft, areas, untitled, preview, keep)).bulletin);
  }

  async #withBulletin(
    draft: Draft,
    areas: string[],
    untitled: string,
    preview: Clip | undefined,
    keep: (intent: Intent) => void,
  ): Promise<Intent> {
    const intent = intentFor(draft, areas);
    keep(intent);
    if (intent.bulletin !== undefined) return intent;
    const { id } = await this.#to.addBulletin(bulletinOf(draft, untitled, preview));
    const made = { ...intent, bulletin: id };
    keep(made);
    return made;
  }

  async #once<T>(what: () => Promise<T>): Promise<T | undefined> {
    if (this.busy) return undefined;
    this.busy = true;
    this.problem = undefined;
    try {
      return await what();
    } catch (thrown) {
      this.problem = thrown;
      throw thrown;
    } finally {
      this.busy = false;
    }
  }
}

export const sender = new Sender(api);
