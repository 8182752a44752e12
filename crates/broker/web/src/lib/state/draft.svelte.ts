// The one draft of this phone, kept through reloads, lost signal and ended sessions.
import { emptyDraft, nextDraft, readDraft } from './draft';
import { load, save } from './storage';

const NAME = 'draft';
export const draft = $state(readDraft(load(NAME)));

export const keepDraft = (): boolean => save(NAME, $state.snapshot(draft));

export function resetDraft(): void {
  Object.assign(draft, { recording: undefined, file: undefined, intent: undefined }, nextDraft($state.snapshot(draft)));
  keepDraft();
}

/** On signing out: nothing of it stays for whoever holds the phone next. */
export function forgetDraft(): void {
  Object.assign(draft, { recording: undefined, file: undefined, intent: undefined }, emptyDraft());
  save(NAME, undefined);
}
