/** An `EventSource` that sends headers, and separates the server's `error` events from lost connections. */

import {
  EventSource as StandardEventSource,
  type EventSourceInit as StandardInit,
} from 'eventsource';

type Options = boolean | AddEventListenerOptions;

export interface EventSourceInit extends StandardInit {
  /** Sent with each request, also when it reconnects: `{ Authorization: 'Bearer …' }`. */
  headers?: Record<string, string> | undefined;
}

/**
 * As WHATWG HTML describes it (section 9.2.2), with two differences.
 *
 * - `headers` are sent with each request.
 * - Listeners added for `error` get only what the server sent as `event: error`, always with `data`. A lost or
 *   refused connection calls only `onerror`. It reconnects by itself unless it was refused, or `close` was called.
 */
export class EventSource extends StandardEventSource {
  constructor(url: string | URL, init: EventSourceInit = {}) {
    const { headers, fetch = globalThis.fetch, ...standard } = init;
    super(url, { ...standard, fetch: (to, asked) => fetch(to, { ...asked, headers: { ...asked.headers, ...headers } }) });
  }

  /** See EventTarget. Here a listener for `error` gets a message event, with `data`. */
  override addEventListener(type: 'open', listener: (event: Event) => unknown, options?: Options): void;
  override addEventListener(type: string, listener: (event: MessageEvent) => unknown, options?: Options): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: Options): void;
  override addEventListener(type: string, listener: unknown, options?: Options): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject, options);
  }

  /** See EventTarget. The package itself calls `onerror`, just before it dispatches a connection's failure. */
  override dispatchEvent(event: Event): boolean {
    return event.type === 'error' && !(event instanceof MessageEvent) ? true : super.dispatchEvent(event);
  }
}
