// The areas, and which of them the screens of the programme are about: the same on each, as long as the page is open.
import { api } from '../api/client';
import type { Area } from '../api/types';
import { firstArea } from './areas';

let chosen = $state('');

export class Places {
  areas = $state.raw<Area[] | undefined>();
  problem = $state.raw<unknown>();

  constructor() {
    void this.load();
  }

  get code(): string {
    return chosen;
  }
  set code(code: string) {
    chosen = code;
  }
  get area(): Area | undefined {
    return this.areas?.find((area) => area.code === chosen);
  }

  async load(): Promise<void> {
    this.problem = undefined;
    try {
      this.areas = await api.areas();
      if (!this.area) chosen = firstArea(this.areas)?.code ?? '';
    } catch (thrown) {
      this.problem = thrown;
    }
  }
}
