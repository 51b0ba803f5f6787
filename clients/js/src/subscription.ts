/** One subscription, from its start to its end, with all its reconnections. */

import { EventSource } from 'eventsource';

import { streamFetch, type GetToken } from './connection.js';
import { SubscriptionError } from './errors.js';
import { COMPLETE, type CompleteEvent, type ErrorEvent, type UpdateEvent } from './events.js';
import { Backoff, PATIENCE, type Patience } from './waiting.js';

/** `open`: events arrive. `reconnecting`: lost, and it will reconnect by itself. `closed`: it has ended. */
export type ConnectionState = 'connecting' | 'open' | 'reconnecting' | 'closed';

export interface SubscriptionOptions {
  /** The stream's address; a relative one works in browsers. Default: `/api/downloads/subscribe`. */
  url?: string | URL | undefined;
  /** Without it no token is sent, and a browser's cookie is used. */
  getToken?: GetToken | undefined;
  /** All active downloads, every two seconds. */
  onUpdate?: ((event: UpdateEvent) => void) | undefined;
  /** No download is active; the subscription is closed. */
  onComplete?: ((event: CompleteEvent) => void) | undefined;
  /** `error.isFinal` says whether the subscription is closed. After any other error it goes on by itself. */
  onError?: ((error: SubscriptionError) => void) | undefined;
  onStateChange?: ((state: ConnectionState) => void) | undefined;
  /** Aborting it closes the subscription. */
  signal?: AbortSignal | undefined;
}

export interface Subscription {
  readonly state: ConnectionState;
  /** Ends it at once. No timer and no socket is left, and only `onStateChange('closed')` is still called. */
  close(): void;
}

const DEFAULT_URL = '/api/downloads/subscribe';

/** Follows the active downloads until none is left. Throws a `SyntaxError` for a malformed `url`. */
export function subscribeToDownloads(options: SubscriptionOptions): Subscription {
  return subscribe(options, PATIENCE);
}

/** The same, with other waiting times. */
export function subscribe(options: SubscriptionOptions, patience: Patience): Subscription {
  if (options.signal?.aborted) return { state: 'closed', close: () => undefined };
  return new LiveSubscription(options, patience);
}

class LiveSubscription implements Subscription {
  readonly #options: SubscriptionOptions;
  readonly #backoff: Backoff;
  readonly #source: EventSource;
  #state: ConnectionState = 'connecting';
  /** Why the current attempt failed; the package's own error event does not say it. */
  #failure: SubscriptionError | undefined;

  constructor(options: SubscriptionOptions, patience: Patience) {
    this.#options = options;
    this.#backoff = new Backoff(patience);
    const remember = (error: SubscriptionError) => { this.#failure = error; };
    const fetch = streamFetch(options.getToken, this.#backoff, patience.silence, remember);
    this.#source = new EventSource(options.url ?? DEFAULT_URL, { fetch });
    this.#listen();
    options.signal?.addEventListener('abort', this.close, { once: true });
    options.onStateChange?.(this.#state);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  readonly close = (): void => {
    this.#options.signal?.removeEventListener('abort', this.close);
    this.#source.close();
    // The package first tells its listeners of a lost connection, and then sets its timer.
    queueMicrotask(() => this.#source.close());
    this.#become('closed');
  };

  #listen(): void {
    const source = this.#source;
    source.addEventListener('update', (event: MessageEvent) => this.#onEvent(event, this.#update));
    source.addEventListener('complete', (event: MessageEvent) => this.#onEvent(event, this.#complete));
    // Both arrive as `error`: the server's event has data, the package's own has none.
    source.addEventListener('error', (event: Event & { code?: number | undefined }) => {
      if (event instanceof MessageEvent) this.#onEvent(event, this.#serverError);
      else this.#lost(event.code);
    });
  }

  #onEvent<T>(event: MessageEvent, handle: (event: T) => void): void {
    // One chunk can hold several events, and a callback may have closed us after the first.
    if (this.#state === 'closed') return;
    this.#backoff.succeeded();
    this.#become('open');
    const parsed = parse<T>(event.data as string);
    if (parsed instanceof SubscriptionError) this.#options.onError?.(parsed);
    else handle(parsed);
  }

  readonly #update = (event: UpdateEvent): void => this.#options.onUpdate?.(event);

  readonly #complete = (event: CompleteEvent): void => {
    this.close();
    this.#options.onComplete?.(event);
  };

  readonly #serverError = (event: ErrorEvent): void =>
    this.#options.onError?.(new SubscriptionError('server', event.error));

  #lost(status: number | undefined): void {
    if (this.#state === 'closed') return;
    if (status === 204) return this.#complete(COMPLETE);
    const failure = this.#failure ?? new SubscriptionError('connection', 'Connection lost');
    this.#failure = undefined;
    this.#backoff.failed();
    if (failure.isFinal) this.close();
    else this.#become('reconnecting');
    this.#options.onError?.(failure);
  }

  #become(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onStateChange?.(state);
  }
}

function parse<T>(data: string): T | SubscriptionError {
  try {
    return JSON.parse(data) as T;
  } catch (cause) {
    return new SubscriptionError('protocol', 'The server sent an event that is not JSON', { cause });
  }
}
