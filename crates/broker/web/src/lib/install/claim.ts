// What an installer carries to the pole, as a file and as a QR code of the same text. `loa-agent enrol` reads both.
import { encode } from 'uqr';
import type { Claim } from '../api/types';

/** Its name on the boot partition. */
export const CLAIM_FILE = 'loa-claim';

/** TOML. None of the three needs an escape; what does isn't from our broker. */
export function claimFile(claim: Pick<Claim, 'server' | 'ca_fingerprint' | 'code'>): string {
  const line = (name: string, value: string) => {
    if (!/^[!#-[\]-~]+$/.test(value)) throw new Error(`not a ${name}`);
    return `${name} = "${value}"\n`;
  };
  return line('server', claim.server) + line('ca_fingerprint', claim.ca_fingerprint) + line('code', claim.code);
}

/** A square of dark and light, with its quiet zone. */
export interface QrCode {
  /** Modules on a side. */
  size: number;
  /** The dark ones, as the path of an SVG in which a module is one unit. */
  path: string;
}

export function qrCode(text: string): QrCode {
  const { size, data } = encode(text, { ecc: 'M', border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((module, x) => (module ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size, path: dark.join('') };
}
