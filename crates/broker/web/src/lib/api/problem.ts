// What went wrong, in a form the catalogues can put into words. Codes of our own begin with `page_`: nothing of them comes from the broker.

export type ProblemParams = Record<string, string | number | string[]>;

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly params: ProblemParams;
  readonly detail: string | undefined;

  constructor(code: string, status = 0, params: ProblemParams = {}, detail?: string) {
    super(code);
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.params = params;
    this.detail = detail;
  }

  /** Whether the same request may succeed later without anyone changing it. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string');

/** What words can be filled in with. */
function speakable(value: unknown): ProblemParams {
  const params: ProblemParams = {};
  if (value === null || typeof value !== 'object') return params;
  for (const [name, item] of Object.entries(value)) {
    if (typeof item === 'string' || typeof item === 'number' || isNames(item)) params[name] = item;
  }
  return params;
}

/** A problem from an answer's status and body; bodies that are not problem+json (a proxy's page, say) get a code by status. */
export function problemFromAnswer(status: number, body: unknown): Problem {
  if (body !== null && typeof body === 'object' && 'code' in body && typeof body.code === 'string') {
    const detail = 'detail' in body && typeof body.detail === 'string' ? body.detail : undefined;
    return new Problem(body.code, status, speakable('params' in body ? body.params : undefined), detail);
  }
  if (status === 401) return new Problem('sign_in_required', status);
  if (status === 413) return new Problem('page_too_large', status);
  if (status === 429) return new Problem('page_too_many', status);
  if (status === 502 || status === 503 || status === 504) return new Problem('page_server_away', status);
  if (status >= 500) return new Problem('page_server_error', status);
  return new Problem('page_unexpected', status);
}

/** A problem from whatever was thrown on the way to the broker. */
export function problemFromThrown(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'TimeoutError' || name === 'AbortError') return new Problem('page_timeout');
  const offline = typeof navigator !== 'undefined' && navigator.onLine === false;
  if (offline) return new Problem('page_offline');
  return new Problem(name === 'TypeError' || name === 'NetworkError' ? 'page_unreachable' : 'page_unexpected');
}
