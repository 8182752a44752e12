// Which hamlets can be chosen, what choosing them means, and when a choice deserves a second question. Pure.
import type { Area, LoaNode } from '../api/types';
import { hourOfDay } from '../i18n/format';

export interface Hamlet {
  code: string;
  name: string;
  /** Nodes that could sound, whatever their link does now. */
  nodes: LoaNode[];
  /** How many of them are connected. */
  online: number;
}

export interface Commune {
  code: string;
  name: string;
  hamlets: Hamlet[];
  /** Whether only some of its hamlets are the person's: then all of those is not all of it. */
  inPart?: boolean;
}

/** Whether it is out of service, or may do nothing until its place gets new hardware. */
export const isGone = (node: LoaNode): boolean => node.status === 'revoked' || node.status === 'retired';

const byCode = (a: { code: string }, b: { code: string }) => a.code.localeCompare(b.code, 'en', { numeric: true });

/** Communes with their hamlets in order of code; a hamlet without a usable node is there, with none. */
export function communes(areas: Area[], nodes: Iterable<LoaNode>): Commune[] {
  const usable = [...nodes].filter((node) => node.status !== 'new' && !isGone(node));
  return areas
    .filter((area) => area.kind === 'commune')
    .sort(byCode)
    .map((commune) => ({
      code: commune.code,
      name: commune.name,
      inPart: commune.outside ?? false,
      hamlets: areas
        .filter((area) => area.kind === 'hamlet' && area.parent === commune.code)
        .sort(byCode)
        .map((hamlet) => {
          const own = usable.filter((node) => node.hamlet.code === hamlet.code);
          const online = own.filter((node) => node.status === 'online').length;
          return { code: hamlet.code, name: hamlet.name, nodes: own, online };
        }),
    }));
}

export const choosable = (commune: Commune): Hamlet[] => commune.hamlets.filter((hamlet) => hamlet.nodes.length > 0);

export const isWhole = (commune: Commune, chosen: ReadonlySet<string>): boolean => {
  const can = choosable(commune);
  return can.length > 0 && can.every((hamlet) => chosen.has(hamlet.code));
};

/** The areas to ask for: the commune itself when all of it is meant, its hamlets one by one otherwise. */
export function areasFor(all: Commune[], chosen: ReadonlySet<string>): string[] {
  return all.flatMap((commune) =>
    !commune.inPart && isWhole(commune, chosen)
      ? [commune.code]
      : choosable(commune)
          .filter((hamlet) => chosen.has(hamlet.code))
          .map((hamlet) => hamlet.code),
  );
}

export function chosenHamlets(all: Commune[], chosen: ReadonlySet<string>): Hamlet[] {
  return all.flatMap((commune) => choosable(commune).filter((hamlet) => chosen.has(hamlet.code)));
}

/** 21:00 to 05:00 in Vietnam, when people sleep. */
export function isNight(now: number): boolean {
  const hour = hourOfDay(now);
  return hour >= 21 || hour < 5;
}
