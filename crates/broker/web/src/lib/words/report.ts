// A month's figures in words.
import type { Figures } from '../api/types';
import { fmt } from '../i18n/fmt';
import { language, t } from '../i18n/index.svelte';

/** `2026-11` as a reader writes it. */
export const monthName = (month: string): string =>
  new Intl.DateTimeFormat(language() === 'vi' ? 'vi-VN' : 'en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    Date.parse(`${month}-01T00:00:00Z`),
  );

const OUTCOMES = ['partial', 'pre_empted', 'missed', 'refused', 'unreported'] as const;

/** What was not heard whole, and how often; nothing when all was. */
export const shortfall = (figures: Figures): string =>
  OUTCOMES.filter((outcome) => figures[outcome] > 0)
    .map((outcome) => t(`report.short.${outcome}`, { count: fmt.number(figures[outcome]) }))
    .join(' · ');
