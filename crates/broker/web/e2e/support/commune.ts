// Đại Ân 2 as it would hang on poles: a real broker and five real agents, enrolled with claim codes as an installer does it, that write
// what they would sound into files. Each part can be killed and started again on its own.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type APIRequestContext, type APIResponse, expect, request } from '@playwright/test';
import type { LoaNode } from '../../src/lib/api/types';
import { find, Program } from './program';
import { Tape } from './tape';

export const USER = { username: 'canbo', display_name: 'Nguyễn Thị Mai', password: 'ngan ro bay doi lua' };
const PROVINCE = { code: '94', name: 'Sóc Trăng' };
const COMMUNE = { code: '31699', name: 'Đại Ân 2' };
const HAMLETS = ['Ấp Chợ', 'Ấp Ngan Rô 1', 'Ấp Ngan Rô 2', 'Ấp Tầm Vu', 'Ấp Lâm Dồ'] as const;
export type HamletName = (typeof HAMLETS)[number];
const READY_WITHIN_MS = 60_000;

/** The body of an answer that must have gone well. */
async function body<T>(answer: APIResponse): Promise<T> {
  if (!answer.ok()) throw new Error(`${answer.url()} answered ${answer.status()}: ${await answer.text()}`);
  return answer.json();
}

export class Broker {
  url = '';
  /** Where the first administrator is made; empty once there is one. */
  setupLink = '';
  readonly #folder: string;
  #program: Program | undefined;
  #listen = { http: '127.0.0.1:0', nodes: '127.0.0.1:0', mqtt: '127.0.0.1:0' };

  constructor(folder: string) {
    this.#folder = folder;
  }

  get data(): string {
    return join(this.#folder, 'broker');
  }

  /** Starts it; again on the same data and addresses when it has been before. */
  async start(): Promise<this> {
    const { http, nodes, mqtt } = this.#listen;
    const listen = ['--http', http, '--node-http', nodes, '--mqtt-listen', mqtt, '--public-name', '127.0.0.1'];
    const log = join(this.#folder, 'logs', 'broker.log');
    this.#program = new Program('loa-broker', ['serve', '--data', this.data, ...listen], log);
    const lines = await this.#program.linesUntil('loa-broker ready ');
    const field = (name: string) => lines.at(-1)?.match(new RegExp(`\\b${name}=(\\S+)`))?.[1] ?? '';
    this.#listen = { http: field('http'), nodes: field('nodes'), mqtt: field('mqtt') };
    this.url = `http://${this.#listen.http}`;
    this.setupLink = lines.find((line) => line.startsWith('loa-broker setup '))?.split(' ')[2] ?? '';
    return this;
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }
}

/** One hamlet with its node and the agent there. */
export class Hamlet {
  readonly name: HamletName;
  readonly node: string;
  readonly tape: Tape;
  readonly #folder: string;
  #agent: Program | undefined;

  constructor(name: HamletName, node: string, folder: string) {
    this.name = name;
    this.node = node;
    this.#folder = folder;
    this.tape = new Tape(join(folder, 'heard', node));
  }

  get #data() {
    return join(this.#folder, 'agents', this.node);
  }

  async enrol(claim: { server: string; ca_fingerprint: string; code: string }): Promise<void> {
    const { server, ca_fingerprint, code } = claim;
    const args = ['enrol', '--data', this.#data, '--server', server, '--ca-fingerprint', ca_fingerprint, '--code', code];
    await promisify(execFile)(find('loa-agent'), args);
  }

  start(): void {
    const args = ['run', '--data', this.#data, '--output', `wav:${join(this.#folder, 'heard', this.node)}`];
    this.#agent = new Program('loa-agent', args, join(this.#folder, 'logs', `agent-${this.node}.log`));
  }

  async kill(): Promise<void> {
    await this.#agent?.kill();
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
  }

  /** Alive to the network, dead to everyone else. */
  freeze(): void {
    this.#agent?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#agent?.signal('SIGCONT');
  }
}

export class Commune {
  readonly broker: Broker;
  readonly api: APIRequestContext;
  readonly hamlets: Hamlet[];
  /** Cookies of a person who has signed in. */
  readonly session: Awaited<ReturnType<APIRequestContext['storageState']>>;

  private constructor(broker: Broker, api: APIRequestContext, hamlets: Hamlet[], session: Commune['session']) {
    this.broker = broker;
    this.api = api;
    this.hamlets = hamlets;
    this.session = session;
  }

  static async found(folder: string): Promise<Commune> {
    const broker = await new Broker(folder).start();
    const api = await request.newContext({ baseURL: broker.url, extraHTTPHeaders: { origin: broker.url } });
    const post = async <T>(path: string, data?: object) => body<T>(await api.post(`/api/v1${path}`, { data }));
    await post('/setup', { token: broker.setupLink.split('#')[1], ...USER });
    await post('/areas', PROVINCE);
    // Tests run at night too.
    const hours = Array.from({ length: 7 }, () => [{ from: '00:00', to: '24:00' }]);
    await body(await api.put(`/api/v1/areas/${PROVINCE.code}/policy`, { data: { hours } }));
    await post('/areas', { ...COMMUNE, parent: PROVINCE.code });
    const hamlets: Hamlet[] = [];
    for (const [at, name] of HAMLETS.entries()) {
      const code = `${COMMUNE.code}-0${at + 1}`;
      await post('/areas', { code, name, parent: COMMUNE.code });
      const node = await post<LoaNode>('/nodes', { hamlet: code, name: `Cụm loa ${name}` });
      const hamlet = new Hamlet(name, node.id, folder);
      await hamlet.enrol(await post(`/nodes/${node.id}/claims`));
      hamlet.start();
      hamlets.push(hamlet);
    }
    const commune = new Commune(broker, api, hamlets, await api.storageState());
    await commune.ready();
    return commune;
  }

  hamlet(name: HamletName): Hamlet {
    const found = this.hamlets.find((hamlet) => hamlet.name === name);
    if (!found) throw new Error(`no hamlet ${name}`);
    return found;
  }

  async get<T>(path: string): Promise<T> {
    return body(await this.api.get(`/api/v1${path}`));
  }

  async post<T>(path: string, data?: object): Promise<T> {
    return body(await this.api.post(`/api/v1${path}`, { data }));
  }

  /** Takes away the nodes and locks out the people that tests have added, releases what they stopped, and waits until every other is there, holds its plan and is silent. */
  async ready(): Promise<void> {
    const own = new Set(this.hamlets.map((hamlet) => hamlet.node));
    for (const node of await this.get<LoaNode[]>('/nodes')) {
      if (!own.has(node.id) && node.status !== 'revoked') await this.api.post(`/api/v1/nodes/${node.id}/revoke`);
    }
    for (const latch of (await this.get<{ items: { id: string }[] }>('/latches')).items) {
      await body(await this.api.post(`/api/v1/latches/${latch.id}/release`));
    }
    type Somebody = { id: string; username: string; deactivated_at: string | null };
    for (const { id, username, deactivated_at } of (await this.get<{ items: Somebody[] }>('/people')).items) {
      // Whoever may approve takes from the official the right to approve alone.
      if (username !== USER.username && !deactivated_at) await this.api.post(`/api/v1/people/${id}/deactivate`);
    }
    const waiting = async () => {
      const nodes = (await this.get<LoaNode[]>('/nodes')).filter((node) => own.has(node.id));
      const isReady = (node: LoaNode) =>
        node.status === 'online' &&
        node.generation.held === node.generation.wanted &&
        !node.latched &&
        !node.playing &&
        !node.waiting;
      return nodes.filter((node) => !isReady(node)).map((node) => `${node.hamlet.name}: ${node.status}`);
    };
    await expect.poll(waiting, { message: 'nodes that are not ready', timeout: READY_WITHIN_MS, intervals: [100] }).toEqual([]);
  }

  async close(): Promise<void> {
    await Promise.all(this.hamlets.map((hamlet) => hamlet.stop()));
    await this.broker.stop();
    await this.api.dispose();
  }
}
