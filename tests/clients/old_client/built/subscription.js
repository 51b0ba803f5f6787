/** One subscription, from its start to its end, with all its reconnections. */
import { EventSource } from 'eventsource';
import { streamFetch } from './connection.js';
import { SubscriptionError } from './errors.js';
import { COMPLETE } from './events.js';
import { Backoff, PATIENCE } from './waiting.js';
const DEFAULT_URL = '/api/downloads/subscribe';
/** Follows the active downloads until none is left. Throws a `SyntaxError` for a malformed `url`. */
export function subscribeToDownloads(options) {
    return subscribe(options, PATIENCE);
}
/** The same, with other waiting times. */
export function subscribe(options, patience) {
    if (options.signal?.aborted)
        return { state: 'closed', close: () => undefined };
    return new LiveSubscription(options, patience);
}
class LiveSubscription {
    #options;
    #backoff;
    #source;
    #state = 'connecting';
    /** Why the current attempt failed; the package's own error event does not say it. */
    #failure;
    constructor(options, patience) {
        this.#options = options;
        this.#backoff = new Backoff(patience);
        const remember = (error) => { this.#failure = error; };
        const fetch = streamFetch(options.getToken, this.#backoff, patience.silence, remember);
        this.#source = new EventSource(options.url ?? DEFAULT_URL, { fetch });
        this.#listen();
        options.signal?.addEventListener('abort', this.close, { once: true });
        options.onStateChange?.(this.#state);
    }
    get state() {
        return this.#state;
    }
    close = () => {
        this.#options.signal?.removeEventListener('abort', this.close);
        this.#source.close();
        // The package first tells its listeners of a lost connection, and then sets its timer.
        queueMicrotask(() => this.#source.close());
        this.#become('closed');
    };
    #listen() {
        const source = this.#source;
        source.addEventListener('update', (event) => this.#onEvent(event, this.#update));
        source.addEventListener('complete', (event) => this.#onEvent(event, this.#complete));
        // Both arrive as `error`: the server's event has data, the package's own has none.
        source.addEventListener('error', (event) => {
            if (event instanceof MessageEvent)
                this.#onEvent(event, this.#serverError);
            else
                this.#lost(event.code);
        });
    }
    #onEvent(event, handle) {
        // One chunk can hold several events, and a callback may have closed us after the first.
        if (this.#state === 'closed')
            return;
        this.#backoff.succeeded();
        this.#become('open');
        const parsed = parse(event.data);
        if (parsed instanceof SubscriptionError)
            this.#options.onError?.(parsed);
        else
            handle(parsed);
    }
    #update = (event) => this.#options.onUpdate?.(event);
    #complete = (event) => {
        this.close();
        this.#options.onComplete?.(event);
    };
    #serverError = (event) => this.#options.onError?.(new SubscriptionError('server', event.error));
    #lost(status) {
        if (this.#state === 'closed')
            return;
        if (status === 204)
            return this.#complete(COMPLETE);
        const failure = this.#failure ?? new SubscriptionError('connection', 'Connection lost');
        this.#failure = undefined;
        this.#backoff.failed();
        if (failure.isFinal)
            this.close();
        else
            this.#become('reconnecting');
        this.#options.onError?.(failure);
    }
    #become(state) {
        if (this.#state === state)
            return;
        this.#state = state;
        this.#options.onStateChange?.(state);
    }
}
function parse(data) {
    try {
        return JSON.parse(data);
    }
    catch (cause) {
        return new SubscriptionError('protocol', 'The server sent an event that is not JSON', { cause });
    }
}
