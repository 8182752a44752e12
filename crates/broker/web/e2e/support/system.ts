// A system of the province or the centre that sends bulletins over HTTP.
import { type APIRequestContext, expect, request } from '@playwright/test';

interface Outcome {
  status: string;
  remark?: string;
}

/** It has a credential and no session. */
export class System {
  readonly #api: APIRequestContext;

  private constructor(api: APIRequestContext) {
    this.#api = api;
  }

  static async with(url: string, token: string): Promise<System> {
    return new System(await request.newContext({ baseURL: url, extraHTTPHeaders: { authorization: `Bearer ${token}` } }));
  }

  async send(item: object, sound?: Buffer): Promise<{ id: string; status: string }> {
    const answer = await this.#api.post('/api/v1/inbox', {
      multipart: {
        item: { name: 'item.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(item)) },
        ...(sound ? { sound: { name: 'sound.wav', mimeType: 'audio/wav', buffer: sound } } : {}),
      },
    });
    expect(answer.status(), await answer.text()).toBe(201);
    return answer.json();
  }

  async outcome(id: string): Promise<Outcome> {
    return (await this.#api.get(`/api/v1/inbox/${id}/outcome`)).json();
  }

  close(): Promise<void> {
    return this.#api.dispose();
  }
}
