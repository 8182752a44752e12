// What is known of a commissioning, in words.
import type { Commissioning, LoaNode } from '../api/types';
import { fmt } from '../i18n/fmt';
import { t, tryT } from '../i18n/index.svelte';
import { positionText, signalOf } from '../state/commissioning';

type SpokenTest = NonNullable<Commissioning['spoken_test']>;
type Figures = NonNullable<Commissioning['signed']>['figures'];
export interface Fact {
  name: string;
  value: string;
}

/** Never broken between number and unit. */
export const distance = (metres: number): string => `${fmt.number(metres)}\u00a0m`;

/** What became of the spoken test. */
export function testWords({ status, sound_after_ms: after }: SpokenTest): string {
  const words = t(`airing.${status}`);
  // Clocks of broker and node differ; less than nothing says nothing.
  return after != null && after > 0
    ? t('commissioning.test.after', { status: words, seconds: fmt.number(after / 1000, 2) })
    : words;
}

export const signalWords = (interfaceName: string, dbm: number | null | undefined): string =>
  dbm == null
    ? t('commissioning.network.unmeasured', { interface: interfaceName })
    : t('commissioning.network.signal', {
        interface: interfaceName,
        dbm: fmt.number(dbm),
        quality: t(`commissioning.signal.${signalOf(dbm)}`),
      });

/** How a node is reached at the moment. */
export function networkFacts(node: LoaNode | undefined, status: string, now: number): Fact[] {
  const network = node?.heartbeat?.network;
  return [
    { name: t('commissioning.network.state'), value: status },
    { name: t('fact.network'), value: network ? signalWords(network.interface, network.signal_dbm) : t('node.not_told') },
    { name: t('fact.last_seen'), value: node?.last_seen ? fmt.ago(node.last_seen, now) : t('node.never_seen') },
  ];
}

/** What was found at the pole. */
export function foundFacts(sheet: Commissioning): Fact[] {
  const { position, horns, horn_watts: watts, lead_ms: lead } = sheet;
  const open = t('commissioning.open');
  const accuracy = position?.accuracy_m;
  const exactness =
    accuracy == null ? t('commissioning.position.typed') : t('commissioning.position.accuracy', { distance: distance(accuracy) });
  const how = t(sheet.lead_measured ? 'commissioning.lead.measured' : 'commissioning.lead.papers');
  return [
    { name: t('commissioning.position'), value: position ? `${positionText(position)} · ${exactness}` : open },
    { name: t('commissioning.horns'), value: horns == null ? open : fmt.number(horns) },
    { name: t('commissioning.watts'), value: watts == null ? open : `${fmt.number(watts)} W` },
    { name: t('commissioning.power'), value: horns == null || watts == null ? open : `${fmt.number(horns * watts)} W` },
    { name: t('commissioning.lead'), value: lead == null ? open : `${fmt.number(lead)} ms · ${how}` },
    { name: t('commissioning.speak.result'), value: sheet.spoken_test ? testWords(sheet.spoken_test) : open },
  ];
}

/** How the node was when it was signed. */
export function signedFacts(figures: Figures): Fact[] {
  const facts: (Fact | undefined)[] = [
    { name: t('commissioning.volume'), value: fmt.percent(figures.volume_percent / 100) },
    { name: t('commissioning.volume.emergency'), value: fmt.percent(figures.emergency_percent / 100) },
    figures.interface ? { name: t('fact.network'), value: signalWords(figures.interface, figures.signal_dbm) } : undefined,
    figures.clock ? { name: t('fact.clock'), value: tryT(`clock.${figures.clock}`) ?? figures.clock } : undefined,
    figures.cpu_temperature_c == null
      ? undefined
      : { name: t('fact.temperature'), value: `${fmt.number(figures.cpu_temperature_c)} °C` },
    figures.version ? { name: t('fact.version'), value: figures.version } : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}
