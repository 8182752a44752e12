// A commissioning sheet as a form, and what can be read from what installers type. Pure.
import type { CheckItem, Commissioning, NewSheet, Position } from '../api/types';

/** What is typed; a number field that is empty is null. */
export interface SheetForm {
  position: Position | null;
  horns: number | null;
  watts: number | null;
  lead: number | null;
  measured: boolean;
  remark: string;
  checks: CheckItem[];
}

export const formOf = (sheet: Commissioning): SheetForm => ({
  position: sheet.position ?? null,
  horns: sheet.horns ?? null,
  watts: sheet.horn_watts ?? null,
  lead: sheet.lead_ms ?? null,
  measured: sheet.lead_measured,
  remark: sheet.remark,
  checks: sheet.checks.filter((check) => check.at != null).map((check) => check.item),
});

const LIMITS = { horns: [1, 64], watts: [1, 1000], lead: [0, 10_000] } as const;
export type Figure = keyof typeof LIMITS;

/** Figures that can't be meant. */
export function faults(form: SheetForm): Figure[] {
  const isMeant = (figure: Figure) => {
    const value = form[figure];
    const [least, most] = LIMITS[figure];
    return value === null || (Number.isInteger(value) && value >= least && value <= most);
  };
  return (['horns', 'watts', 'lead'] as const).filter((figure) => !isMeant(figure));
}

/** Only of a form without faults. */
export const bodyOf = (form: SheetForm): NewSheet => ({
  ...(form.position ? { position: form.position } : {}),
  ...(form.horns === null ? {} : { horns: form.horns }),
  ...(form.watts === null ? {} : { horn_watts: form.watts }),
  ...(form.lead === null ? {} : { lead_ms: form.lead }),
  lead_measured: form.measured,
  remark: form.remark,
  checks: form.checks,
});

/** “9.6412, 106.0133”, as maps give it; also with commas within the numbers. */
export function positionOf(text: string): Position | undefined {
  const pair = text.trim().match(/^(-?\d{1,2}(?:[.,]\d+)?)°?\s*[,;\s]\s*(-?\d{1,3}(?:[.,]\d+)?)°?$/);
  const [latitude = Number.NaN, longitude = Number.NaN] = (pair ?? []).slice(1).map((part) => Number(part.replace(',', '.')));
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  return { latitude, longitude };
}

/** As maps take it. */
export const positionText = ({ latitude, longitude }: Position): string => `${latitude.toFixed(6)}, ${longitude.toFixed(6)}`;

/** What the amplifier's part of the node's own settings needs, so that it is woken early enough. */
export const settingsOf = (lead: number): string => `lead_ms = ${lead}`;

/** How strong a wireless signal is; by experience with Wi-Fi. */
export const signalOf = (dbm: number): 'good' | 'fair' | 'weak' => (dbm >= -67 ? 'good' : dbm >= -75 ? 'fair' : 'weak');
