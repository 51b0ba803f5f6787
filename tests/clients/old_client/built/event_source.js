/** An `EventSource` that sends headers, and separates the server's `error` events from lost connections. */
import { EventSource as StandardEventSource, } from 'eventsource';
/**
 * As WHATWG HTML describes it (section 9.2.2), with two differences.
 *
 * - `headers` are sent with each request.
 * - Listeners added for `error` get only what the server sent as `event: error`, always with `data`. A lost or
 *   refused connection calls only `onerror`. It reconnects by itself unless it was refused, or `close` was called.
 */
export class EventSource extends StandardEventSource {
    constructor(url, init = {}) {
        const { headers, fetch = globalThis.fetch, ...standard } = init;
        super(url, { ...standard, fetch: (to, asked) => fetch(to, { ...asked, headers: { ...asked.headers, ...headers } }) });
    }
    addEventListener(type, listener, options) {
        super.addEventListener(type, listener, options);
    }
    /** See EventTarget. The package itself calls `onerror`, just before it dispatches a connection's failure. */
    dispatchEvent(event) {
        return event.type === 'error' && !(event instanceof MessageEvent) ? true : super.dispatchEvent(event);
    }
}
