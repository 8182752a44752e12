// Calls about the agent's releases, of a screen that is loaded later.
import { answer, http } from './client';
import type { RolloutMove } from './types';

export const releases = {
  all: () => answer((i) => http.GET('/api/v1/releases', i)),
  begin: (version: string, first: string, percent: number) =>
    answer((i) => http.POST('/api/v1/releases/rollout', { ...i, body: { version, first, percent } })),
  step: (to: RolloutMove) => answer((i) => http.POST('/api/v1/releases/rollout/steps', { ...i, body: { to } })),
};
