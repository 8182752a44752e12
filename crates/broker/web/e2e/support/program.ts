// A program of this project as a child: found, started, heard, signalled, and never left behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

/** Where it was built: `LOA_BIN_DIR`, else the debug folder of cargo's target. */
export function find(program: string): string {
  const target = process.env['CARGO_TARGET_DIR'] ?? 'target';
  const folder = process.env['LOA_BIN_DIR'] ?? join(target, 'debug');
  const path = resolve(ROOT, folder, program);
  if (!existsSync(path))
    throw new Error(`${path} is missing: build it with \`cargo build --workspace --bins\`, or set LOA_BIN_DIR`);
  return path;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Program {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #log: string;

  constructor(name: string, args: string[], log: string) {
    mkdirSync(dirname(log), { recursive: true });
    this.#name = name;
    this.#log = log;
    this.#child = spawn(find(name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr?.pipe(createWriteStream(log, { flags: 'a' }));
    running.add(this.#child);
    this.ended = new Promise((done) => {
      const end = (code: number | null) => {
        running.delete(this.#child);
        done(code);
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null));
    });
  }

  /** The lines it prints up to and with the one that begins so. */
  async linesUntil(beginning: string): Promise<string[]> {
    const lines: string[] = [];
    const output = this.#child.stdout;
    if (!output) throw new Error(`${this.#name} has no output`);
    const reader = createInterface({ input: output });
    const found = new Promise<void>((done) => {
      reader.on('line', (line) => {
        lines.push(line);
        if (line.startsWith(beginning)) done();
      });
    });
    const failed = this.ended.then((code) => Promise.reject(new Error(`${this.#name} ended (${code}); see ${this.#log}`)));
    await Promise.race([found, failed, after(START_WITHIN_MS, `${this.#name} did not print "${beginning}"; see ${this.#log}`)]);
    return lines;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** In order; its exit code, or null when it had to be killed. */
  async stop(): Promise<number | null> {
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    return Promise.race([this.ended, after(STOP_WITHIN_MS, '')]).catch(() => this.kill().then(() => null));
  }
}

/** Rejects after a while, unless the process has better to do. */
function after(ms: number, why: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(why)), ms).unref();
  });
}
