import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamEvent } from './frames';
import { StreamClient } from './stream-client';

/** A WebSocket whose other end is the test. */
class FakeSocket {
  sent: Record<string, Record<string, string>>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event?: { code: number }) => void) | null = null;
  closed = false;
  constructor(readonly protocols: string[]) {}
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  say(frame: unknown) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  get subscriptions() {
    return this.sent.flatMap((frame) => (frame['subscribe'] ? [frame['subscribe']] : []));
  }
}

let sockets: FakeSocket[];
let tokens: (string | undefined)[];
let renewals: boolean[];
let client: StreamClient;

function listener() {
  const events: StreamEvent[] = [];
  const onReset = vi.fn();
  const onFailed = vi.fn();
  return { events, onReset, onFailed, onEvent: (event: StreamEvent) => events.push(event) };
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const last = () => sockets.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  tokens = [];
  renewals = [];
  client = new StreamClient({
    url: () => 'ws://test/v1/stream',
    token: async (renew) => {
      renewals.push(renew);
      return tokens.length > 0 ? tokens.shift() : 'token-1';
    },
    open: (_, protocols) => {
      const socket = new FakeSocket(protocols);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    random: () => 1,
  });
});
afterEach(() => {
  client.close();
  vi.useRealTimers();
});

async function live(topic: string) {
  const heard = listener();
  const stop = client.subscribe(topic, heard);
  await settle();
  last().onopen?.();
  return { heard, stop };
}

describe('StreamClient', () => {
  it('sends the token as a subprotocol and never in the URL', async () => {
    await live('executions');
    expect(last().protocols).toEqual(['agentflow.v1', 'bearer.token-1']);
  });

  it('reads the state once subscribed, and only then', async () => {
    const { heard } = await live('executions');
    expect(heard.onReset).not.toHaveBeenCalled();
    last().say({ subscribed: { id: '1', position: '7' } });
    expect(heard.onReset).toHaveBeenCalledTimes(1);
  });

  it('resumes from the last position and does not read the state again', async () => {
    const { heard } = await live('executions/a');
    last().say({ subscribed: { id: '1', position: '7' } });
    last().say({ event: { id: '1', position: '9', step: { node: 'x' } } });
    last().onclose?.();
    expect(client.status).toBe('offline');
    await vi.advanceTimersByTimeAsync(400);
    last().onopen?.();
    expect(sockets).toHaveLength(2);
    expect(last().subscriptions).toEqual([{ id: '1', topic: 'executions/a', position: '9' }]);
    last().say({ subscribed: { id: '1', position: '9' } });
    last().say({ event: { id: '1', position: '10', step: { node: 'y' } } });
    expect(heard.onReset).toHaveBeenCalledTimes(1);
    expect(heard.events.map((event) => event.step?.node)).toEqual(['x', 'y']);
  });

  it('reads the state again after a Reset and goes on from its position', async () => {
    const { heard } = await live('executions/a');
    last().say({ subscribed: { id: '1', position: '7' } });
    last().say({ reset: { id: '1', position: '90' } });
    expect(heard.onReset).toHaveBeenCalledTimes(2);
    last().onclose?.();
    await vi.advanceTimersByTimeAsync(400);
    last().onopen?.();
    expect(last().subscriptions[0]?.['position']).toBe('90');
  });

  it('shares one subscription between listeners of a topic', async () => {
    const { heard, stop } = await live('executions');
    const second = listener();
    const stopSecond = client.subscribe('executions', second);
    last().say({ event: { id: '1', position: '1', execution: { name: 'executions/a' } } });
    expect([heard.events.length, second.events.length]).toEqual([1, 1]);
    expect(last().subscriptions).toHaveLength(1);
    stop();
    expect(last().sent.some((frame) => frame['unsubscribe'])).toBe(false);
    stopSecond();
    expect(last().sent.at(-1)).toEqual({ unsubscribe: { id: '1' } });
  });

  it('backs off, doubling, while the server is away', async () => {
    await live('executions');
    const delays = [300, 600, 1200, 2400];
    for (const [index, delay] of delays.entries()) {
      last().onclose?.();
      await vi.advanceTimersByTimeAsync(delay - 1);
      expect(sockets).toHaveLength(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(sockets).toHaveLength(index + 2);
    }
  });

  it('asks for a new token when connecting keeps failing', async () => {
    client.subscribe('executions', listener());
    await settle();
    last().onclose?.();
    await vi.advanceTimersByTimeAsync(300);
    last().onclose?.();
    await vi.advanceTimersByTimeAsync(600);
    expect(renewals).toEqual([false, false, true]);
  });

  it.each([
    ['close code', () => last().onclose?.({ code: 4401 })],
    ['frame', () => last().say({ failed: { id: '', reason: 'CREDENTIAL_ENDED' } })],
  ])('takes a new token when the old one ended, told by %s', async (_, end) => {
    await live('executions');
    end();
    await vi.advanceTimersByTimeAsync(300);
    expect(renewals).toEqual([false, true]);
  });

  it('takes silence for a broken connection', async () => {
    await live('executions');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(last().sent.at(-1)).toEqual({ ping: {} });
    last().say({ pong: {} });
    await vi.advanceTimersByTimeAsync(46_000);
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets.length).toBeGreaterThan(1);
  });

  it('tells the listener when a topic is refused, and keeps the others', async () => {
    const { heard } = await live('executions/secret');
    const other = listener();
    client.subscribe('executions', other);
    last().say({ failed: { id: '1', reason: 'EXECUTION_NOT_FOUND', message: 'No.' } });
    last().say({ event: { id: '2', position: '1', execution: {} } });
    expect(heard.onFailed).toHaveBeenCalledWith('EXECUTION_NOT_FOUND', 'No.');
    expect(other.events).toHaveLength(1);
  });

  it('stays closed when nobody is signed in', async () => {
    tokens = [undefined];
    client.subscribe('executions', listener());
    await settle();
    expect(sockets).toHaveLength(0);
    expect(client.status).toBe('idle');
  });

  it('keeps an unused connection a moment, then lets it go', async () => {
    const { stop } = await live('executions');
    stop();
    await vi.advanceTimersByTimeAsync(9_000);
    expect(last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(last().closed).toBe(true);
  });

  it('ignores what is not a frame', async () => {
    const { heard } = await live('executions');
    last().onmessage?.({ data: 'no json' });
    last().say({ event: { id: 'unknown', position: '1' } });
    expect(heard.events).toHaveLength(0);
  });
});
