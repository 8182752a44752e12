// YAML of our own making: double-quoted scalars, in which anything can be said, and nothing that YAML 1.1 and 1.2 read differently.

/** Printed as they are: letters, figures, marks and signs of the basic plane. What is invisible, breaks a line or is half a character is escaped. */
const PLAIN = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function escaped(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  if (character === '"' || character === '\\') return `\\${character}`;
  if (point < 0xd800 && PLAIN.test(character)) return character;
  if (point >= 0xd800 && point <= 0xdfff) return '\ufffd';
  const hex = (digits: number) => point.toString(16).padStart(digits, '0');
  if (point <= 0xff) return `\\x${hex(2)}`;
  return point <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** A text as a double-quoted scalar on one line. */
export const quoted = (text: string): string => `"${[...text].map(escaped).join('')}"`;

/** A text for a comment: nothing in it ends the line. */
export const remark = (text: string): string => [...text].map((one) => (PLAIN.test(one) ? one : ' ')).join('');

/** Lines as a literal block below a key, which is indented by so many spaces. Only for what consists of plain characters. */
export function block(lines: readonly string[], indent: number): string {
  const bad = lines.find((line) => line !== remark(line));
  if (bad !== undefined) throw new Error(`can't stand in a block: ${quoted(bad)}`);
  return `|\n${lines.map((line) => (line ? ' '.repeat(indent + 2) + line : '')).join('\n')}`;
}
