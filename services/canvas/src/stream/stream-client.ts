import type { ClientFrame, ServerFrame, StreamEvent } from './frames';

export type StreamStatus = 'idle' | 'connecting' | 'live' | 'offline';

export interface StreamListener {
  onEvent(event: StreamEvent): void;
  /** Events may have been missed: read the state again. Also called at the first subscription. */
  onReset(): void;
  /** The server refused this topic; nothing more will come. */
  onFailed?(reason: string, message: string): void;
}

export interface StreamOptions {
  url: () => string;
  /** A valid token, or undefined when nobody is signed in. `renew`: the last one was refused. */
  token: (renew: boolean) => Promise<string | undefined>;
  open?: (url: string, protocols: string[]) => WebSocket;
  random?: () => number;
}

interface Subscription {
  id: string;
  topic: string;
  position: string;
  listeners: Set<StreamListener>;
}

const pingMs = 15_000;
/** Silence after which a connection is taken for dead. */
const silenceMs = 35_000;
const firstDelayMs = 300;
const maxDelayMs = 15_000;
/** Close code of the gateway when the token of a stream has ended. */
const credentialEnded = 4401;
/** How long an unused connection is kept, so that changing pages does not reconnect. */
const lingerMs = 10_000;

/**
 * One WebSocket to /v1/stream for the whole page.
 *
 * Topics are shared: the second listener of a topic joins the first one's subscription. After a
 * broken connection every topic is subscribed again from the last position seen, so nothing is
 * missed and nothing needs to be read again; a Reset from the server says when that is not
 * possible. Reconnects back off with jitter, and start at once when the browser comes online.
 *
 * The browser cannot set headers on a WebSocket: the token travels as a second subprotocol,
 * `bearer.<token>`, beside `agentflow.v1`, never in the URL where it would be logged.
 */
export class StreamClient {
  #options: StreamOptions;
  #topics = new Map<string, Subscription>();
  #byId = new Map<string, Subscription>();
  #socket: WebSocket | undefined;
  #generation = 0;
  #failures = 0;
  #renew = false;
  #nextId = 1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #lastFrameMs = 0;
  #status: StreamStatus = 'idle';
  #watchers = new Set<() => void>();

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** For useSyncExternalStore. */
  watchStatus = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** Listens to a topic ("executions" or "executions/{id}") until the returned function is called. */
  subscribe(topic: string, listener: StreamListener): () => void {
    clearTimeout(this.#linger);
    let subscription = this.#topics.get(topic);
    if (subscription) {
      subscription.listeners.add(listener);
    } else {
      subscription = {
        id: String(this.#nextId++),
        topic,
        position: '',
        listeners: new Set([listener]),
      };
      this.#topics.set(topic, subscription);
      this.#byId.set(subscription.id, subscription);
      if (this.#status === 'live') this.#sendSubscribe(subscription);
    }
    this.connect();
    return () => this.#leave(topic, listener);
  }

  /** Connects now if there is a reason to and no connection yet. */
  connect(): void {
    if (this.#socket || this.#status === 'connecting' || this.#topics.size === 0) return;
    clearTimeout(this.#retry);
    void this.#open();
  }

  /** Ends the connection and forgets every topic (sign-out). */
  close(): void {
    this.#topics.clear();
    this.#byId.clear();
    this.#drop();
    this.#setStatus('idle');
  }

  #leave(topic: string, listener: StreamListener): void {
    const subscription = this.#topics.get(topic);
    if (!subscription?.listeners.delete(listener) || subscription.listeners.size > 0) return;
    this.#topics.delete(topic);
    this.#byId.delete(subscription.id);
    if (this.#status === 'live') this.#send({ unsubscribe: { id: subscription.id } });
    if (this.#topics.size > 0) return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (this.#topics.size === 0) this.close();
    }, lingerMs);
  }

  async #open(): Promise<void> {
    const generation = ++this.#generation;
    this.#setStatus('connecting');
    let token: string | undefined;
    try {
      const renew = this.#renew || this.#failures === 2;
      this.#renew = false;
      token = await this.#options.token(renew);
    } catch {
      if (generation === this.#generation) this.#later();
      return;
    }
    if (generation !== this.#generation) return;
    if (!token) {
      this.close();
      return;
    }
    const open = this.#options.open ?? ((url, protocols) => new WebSocket(url, protocols));
    const socket = open(this.#options.url(), ['agentflow.v1', `bearer.${token}`]);
    this.#socket = socket;
    this.#lastFrameMs = Date.now();
    socket.onopen = () => {
      if (generation !== this.#generation) return;
      this.#failures = 0;
      this.#setStatus('live');
      for (const subscription of this.#topics.values()) this.#sendSubscribe(subscription);
      this.#ping = setInterval(() => this.#checkAlive(), pingMs);
    };
    socket.onmessage = (message) => {
      if (generation === this.#generation) this.#receive(String(message.data));
    };
    socket.onclose = (event) => {
      if (generation !== this.#generation) return;
      if (event?.code === credentialEnded) this.#renew = true;
      this.#later();
    };
  }

  #receive(data: string): void {
    this.#lastFrameMs = Date.now();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      return;
    }
    if (frame.failed && /^(CREDENTIAL|TOKEN_|UNAUTHENTICATED)/.test(frame.failed.reason ?? '')) {
      this.#renew = true;
      this.#later();
      return;
    }
    const body = frame.event ?? frame.subscribed ?? frame.reset ?? frame.failed;
    const subscription = body?.id ? this.#byId.get(body.id) : undefined;
    if (!subscription) return;
    if (frame.event) {
      if (frame.event.position) subscription.position = frame.event.position;
      for (const listener of [...subscription.listeners]) listener.onEvent(frame.event);
    } else if (frame.subscribed) {
      // Without a position of ours everything before this point is unknown.
      const fresh = subscription.position === '';
      subscription.position = frame.subscribed.position || subscription.position;
      if (fresh) for (const listener of [...subscription.listeners]) listener.onReset();
    } else if (frame.reset) {
      subscription.position = frame.reset.position ?? '';
      for (const listener of [...subscription.listeners]) listener.onReset();
    } else if (frame.failed) {
      this.#fail(subscription, frame.failed);
    }
  }

  #fail(subscription: Subscription, failed: NonNullable<ServerFrame['failed']>): void {
    const reason = failed.reason ?? '';
    this.#topics.delete(subscription.topic);
    this.#byId.delete(subscription.id);
    for (const listener of [...subscription.listeners]) {
      listener.onFailed?.(reason, failed.message ?? '');
    }
  }

  #sendSubscribe({ id, topic, position }: Subscription): void {
    this.#send({ subscribe: { id, topic, ...(position && { position }) } });
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #checkAlive(): void {
    if (Date.now() - this.#lastFrameMs > silenceMs) this.#later();
    else this.#send({ ping: {} });
  }

  #later(): void {
    this.#drop();
    if (this.#topics.size === 0) {
      this.#setStatus('idle');
      return;
    }
    this.#setStatus('offline');
    const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** this.#failures);
    this.#failures += 1;
    const random = this.#options.random ?? Math.random;
    this.#retry = setTimeout(() => this.connect(), ceiling * (0.5 + random() / 2));
  }

  #drop(): void {
    this.#generation += 1;
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #setStatus(status: StreamStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    for (const watcher of [...this.#watchers]) watcher();
  }
}
