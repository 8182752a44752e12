import { describe, expect, it } from 'vitest';
import { EventParser } from '../src/lib/live/sse';

const all = (...pieces: string[]) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe('the event parser', () => {
  it('gives an event once its empty line has come', () => {
    expect(all('event: node\ndata: {"id":1}\n')).toEqual([]);
    expect(all('event: node\ndata: {"id":1}\n', '\n')).toEqual([{ event: 'node', data: '{"id":1}' }]);
  });

  it('does not mind where the network cuts', () => {
    const text = 'event: airing\r\ndata: Ấp Chợ\r\n\r\n: keep-alive\r\n\r\ndata: b\n\n';
    const expected = [
      { event: 'airing', data: 'Ấp Chợ' },
      { event: 'message', data: 'b' },
    ];
    expect(all(text)).toEqual(expected);
    for (let at = 0; at <= text.length; at += 1) expect(all(text.slice(0, at), text.slice(at))).toEqual(expected);
    expect(all(...text)).toEqual(expected);
  });

  it('passes over comments, unknown fields and events without data', () => {
    expect(all(':\n\n', 'id: 7\nretry: 10\n\n', 'event: hello\n\n', 'event: x\ndata\n\n')).toEqual([{ event: 'x', data: '' }]);
  });

  it('joins several data lines', () => {
    expect(all('data: a\ndata:b\ndata:  c\n\n')).toEqual([{ event: 'message', data: 'a\nb\n c' }]);
  });
});
