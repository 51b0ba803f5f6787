/** An `EventSource` that sends headers, and tells the server's `error` events from lost connections. */

import {
  EventSource as StandardEventSource,
  type EventSourceInit as StandardInit,
} from 'eventsource';

type Options = boolean | AddEventListenerOptions;

export interface EventSourceInit extends StandardInit {
  /** Sent with each request, reconnections included: `{ Authorization: 'Bearer …' }`. */
  headers?: Record<string, string> | undefined;
}

/**
 * As WHATWG HTML describes it (section 9.2.2), with two differences.
 *
 * - `headers` go along with each request.
 * - Listeners added for `error` hear what the server sent as `event: error`, always with `data`. A lost or refused
 *   connection is told to `onerror` alone; it comes back by itself unless it was refused, or `close` is called.
 */
export class EventSource extends StandardEventSource {
  constructor(url: string | URL, init: EventSourceInit = {}) {
    const { headers, fetch = globalThis.fetch, ...standard } = init;
    super(url, { ...standard, fetch: (to, asked) => fetch(to, { ...asked, headers: { ...asked.headers, ...headers } }) });
  }

  /** See EventTarget; what a listener for `error` hears is a message here, with `data`. */
  override addEventListener(type: 'open', listener: (event: Event) => unknown, options?: Options): void;
  override addEventListener(type: string, listener: (event: MessageEvent) => unknown, options?: Options): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: Options): void;
  override addEventListener(type: string, listener: unknown, options?: Options): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject, options);
  }

  /** See EventTarget. The package calls `onerror` itself, right before it dispatches a connection's failure. */
  override dispatchEvent(event: Event): boolean {
    return event.type === 'error' && !(event instanceof MessageEvent) ? true : super.dispatchEvent(event);
  }
}
