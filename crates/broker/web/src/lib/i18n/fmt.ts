// The formats of format.ts in the language in use.
import * as format from './format';
import { language } from './index.svelte';

type Rest<F> = F extends (lang: never, ...rest: infer R) => infer T ? (...rest: R) => T : never;
const bound = <F extends (lang: import('./messages').Lang, ...rest: never[]) => string>(f: F): Rest<F> =>
  ((...rest: never[]) => f(language(), ...rest)) as Rest<F>;

export const fmt = {
  clockTime: bound(format.clockTime),
  dayName: bound(format.dayName),
  moment: bound(format.moment),
  dated: bound(format.dated),
  ago: bound(format.ago),
  number: bound(format.number),
  percent: bound(format.percent),
  size: bound(format.size),
  span: bound(format.span),
  list: bound(format.list),
  stopwatch: format.stopwatch,
};
