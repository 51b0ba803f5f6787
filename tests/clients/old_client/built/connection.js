/** One attempt to reach the stream: the token, its one refresh, and what each answer means. */
import { SubscriptionError } from './errors.js';
import { within } from './waiting.js';
/** Statuses after which a later attempt may succeed. */
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);
/**
 * Makes the `fetch` that the `eventsource` package calls at each (re)connect.
 *
 * A request that gives no stream is reported and thrown as a `SubscriptionError`. The package
 * would then reconnect for ever: `report` must close it if the error is final.
 */
export function streamFetch(getToken, backoff, silence, report) {
    return async (url, init) => {
        const signal = init.signal;
        try {
            await backoff.wait(signal);
            signal.throwIfAborted();
            return await connect(url, init, signal);
        }
        catch (error) {
            // Do not pass it on unchanged: the package treats any AbortError as its own abort, and stops.
            const failure = asSubscriptionError(error);
            report(failure);
            throw failure;
        }
    };
    async function connect(url, init, signal) {
        let response = await request(url, init, signal, false);
        if (response.status === 401 && getToken) {
            await response.body?.cancel();
            response = await request(url, init, signal, true);
        }
        if (isStream(response) || response.status === 204)
            return watched(response, silence, signal);
        await response.body?.cancel();
        throw refusal(response, backoff);
    }
    async function request(url, init, signal, refresh) {
        const token = await askForToken(refresh);
        signal.throwIfAborted();
        const own = new AbortController();
        signal.addEventListener('abort', () => own.abort(signal.reason), { once: true });
        const headers = token === null ? init.headers : { ...init.headers, Authorization: `Bearer ${token}` };
        return within(silence, signal, fetch(url, { ...init, headers, signal: own.signal }), () => own.abort());
    }
    async function askForToken(refresh) {
        try {
            return (await getToken?.({ refresh })) ?? null;
        }
        catch (cause) {
            if (!refresh)
                throw cause;
            throw new SubscriptionError('unauthorized', 'The token could not be refreshed', { status: 401, cause });
        }
    }
}
function isStream(response) {
    return response.status === 200 && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
}
function refusal(response, backoff) {
    const { status } = response;
    if (status === 401)
        return new SubscriptionError('unauthorized', 'The token was refused', { status });
    if (TRANSIENT.has(status))
        backoff.askedToWait(response.headers.get('retry-after'));
    if (status === 429)
        return new SubscriptionError('limited', 'Too many streams', { status });
    if (TRANSIENT.has(status))
        return new SubscriptionError('connection', `The server answered ${status}`, { status });
    const what = status === 200 ? 'something that is not an event stream' : String(status);
    return new SubscriptionError('refused', `The server answered ${what}`, { status });
}
function asSubscriptionError(error) {
    if (error instanceof SubscriptionError)
        return error;
    return new SubscriptionError('connection', 'Connection lost', { cause: error });
}
/** Returns the same answer, but reading it fails if nothing arrives for `silence` seconds. */
function watched(response, silence, signal) {
    const { body, url, status, redirected, headers } = response;
    return { body: body && { getReader: () => watchedReader(body, silence, signal) }, url, status, redirected, headers };
}
function watchedReader(body, silence, signal) {
    const reader = body.getReader();
    const cancel = () => reader.cancel();
    const giveUp = () => void cancel().catch(() => undefined);
    return { read: () => within(silence, signal, reader.read(), giveUp), cancel };
}
