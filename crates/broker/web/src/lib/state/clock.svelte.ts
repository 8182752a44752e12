// The broker's time as well as a phone can know it, and a tick for what must be redrawn as time passes.
import { createSubscriber } from 'svelte/reactivity';

/** Phones' clocks are often minutes off; below this the broker's whole-second Date header is no better. */
const WORTH_CORRECTING_MS = 2_000;
const TICK_MS = 500;

let offset = 0;

/** Learns from an answer's Date header (whole seconds, cut off: half a second is added). */
export function observeDate(header: string | null): void {
  const there = header === null ? Number.NaN : Date.parse(header) + 500;
  if (Number.isNaN(there)) return;
  const difference = there - Date.now();
  offset = Math.abs(difference) < WORTH_CORRECTING_MS ? 0 : difference;
}

/** Milliseconds since 1970, by the broker's clock. */
export const serverNow = (): number => Date.now() + offset;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** `serverNow`, and in an effect or template: again every half second. */
export function tickingNow(): number {
  subscribe();
  return serverNow();
}
