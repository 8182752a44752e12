// Serves a message catalogue in three parts, so that the first screen doesn't wait for the words of the others: `vi.json?first`,
// `vi.json?rest`, which follows at once, and `vi.json?late` for screens that few open. Which messages can wait is said here, by the
// beginning of their keys.
import { readFileSync } from 'node:fs';

const REST =
  /^(airing|summary|reason|broadcast|history|nodes?|policy\.limit|settings\.(sign|areas|account|log|people|releases)|theme|cause|warning|record\.problem|problem\.(?!page_|other_|code|internal|no_nodes|nodes_unreachable|sign_in|wrong_c))\b/;
const LATE =
  /^((account|action|add|amplifier|approvals|area|check|claim|clock|commissioning|copy|fact|grant|install|invitation|log|missing|move|output|people|releases|reset|retire|revoke|role|setup|volume)\.|policy\.(?!limit)|inbox\.(?!notice)|report\.|calendar\.|programme\.|entry\.|today\.)/;

const partOf = (key) => (LATE.test(key) ? 'late' : REST.test(key) ? 'rest' : 'first');

export function catalogue() {
  return {
    name: 'loa-catalogue',
    enforce: 'pre',
    load(id) {
      const [file, part] = id.split('?');
      if (!file.endsWith('.json') || !['first', 'rest', 'late'].includes(part)) return null;
      this.addWatchFile(file);
      const all = Object.entries(JSON.parse(readFileSync(file, 'utf8')));
      const wanted = Object.fromEntries(all.filter(([key]) => partOf(key) === part));
      return { code: `export default ${JSON.stringify(wanted)}`, moduleType: 'js', map: null };
    },
  };
}
