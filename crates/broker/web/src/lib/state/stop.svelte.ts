// Stop everything: the order goes out on the tap, again and again until the broker has it, and the page shows of each place whether it is
// silent yet. It never claims silence that a node hasn't reported. What was stopped stays so until somebody releases it.
import { api } from '../api/client';
import { type Problem, problemFromThrown } from '../api/problem';
import type { Airing, Broadcast, Latch, LoaNode } from '../api/types';
import { isOver } from '../live/merge';
import { live } from './live.svelte';

const RETRY_MS = 2_000;
/** After this a node that has not answered is said not to have answered. */
const PATIENCE_MS = 6_000;

export type Silence = 'waiting' | 'silent' | 'no_answer' | 'offline';
export interface Place {
  node: string;
  hamlet: string;
  name: string;
  silence: Silence;
}

interface View {
  nodes: ReadonlyMap<string, LoaNode>;
  openAirings(): { broadcast: Broadcast; airing: Airing }[];
}

/** The nodes that sound or may begin to: those that say so, and those that an open airing is for. */
export function soundingNodes(view: View): string[] {
  const open = view.openAirings().map(({ airing }) => airing.node.id);
  const sounding = [...view.nodes.values()].filter((node) => node.playing || node.waiting > 0).map((node) => node.id);
  return [...new Set([...sounding, ...open])];
}

export function silenceOf(id: string, view: View, impatient: boolean): Silence {
  const node = view.nodes.get(id);
  const open = view.openAirings().some(({ airing }) => airing.node.id === id && !isOver(airing));
  if (node?.status !== 'online') return 'offline';
  if (!node.playing && node.waiting === 0 && !open) return 'silent';
  return impatient ? 'no_answer' : 'waiting';
}

class StopEverything {
  phase = $state<'idle' | 'sending' | 'sent' | 'failed'>('idle');
  problem = $state.raw<Problem | undefined>();
  /** How many nodes the order went to. */
  nodes = $state(0);
  /** What stays stopped; none when the broker could silence the nodes but not keep them so. */
  latches = $state.raw<Latch[]>([]);
  #ids = $state.raw<string[]>([]);
  #impatient = $state(false);
  #round = 0;

  /** Each place that sounded when the button was tapped. */
  readonly places = $derived.by<Place[]>(() =>
    this.#ids.map((id) => {
      const node = live.nodes.get(id);
      const silence = this.phase === 'sent' ? silenceOf(id, live, this.#impatient) : 'waiting';
      return { node: id, hamlet: node?.hamlet.name ?? '', name: node?.name ?? id, silence };
    }),
  );

  async tap(): Promise<void> {
    this.#round += 1;
    const mine = this.#round;
    this.#ids = soundingNodes(live);
    this.#impatient = false;
    this.phase = 'sending';
    while (mine === this.#round) {
      try {
        const answer = await api.stopEverything();
        if (mine !== this.#round) return;
        this.nodes = answer.nodes;
        this.latches = answer.latches;
        live.keepLatches(answer.latches);
        this.problem = undefined;
        this.phase = 'sent';
        setTimeout(() => {
          if (mine === this.#round) this.#impatient = true;
        }, PATIENCE_MS);
        return;
      } catch (thrown) {
        if (mine !== this.#round) return;
        this.problem = problemFromThrown(thrown);
        this.phase = 'failed';
        if (!this.problem.passing) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  dismiss(): void {
    this.#round += 1;
    this.phase = 'idle';
  }
}

export const stopEverything = new StopEverything();
