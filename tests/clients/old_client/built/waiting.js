/** Waiting times: the pause before a reconnect, and the longest silence of a connection. */
export const PATIENCE = { firstBackoff: 1, maxBackoff: 30, silence: 45, random: Math.random };
/** In milliseconds. `setTimeout` fires at once for a longer time. */
const LONGEST_TIMER = 2 ** 31 - 1;
/**
 * Counts failures since the last event, and waits accordingly.
 *
 * The `eventsource` package itself waits the server's `retry:` before each attempt. The random wait
 * here is added to it: so no client returns too early, and clients do not return together.
 */
export class Backoff {
    patience;
    #failures = 0;
    #notBefore = 0;
    constructor(patience) {
        this.patience = patience;
    }
    succeeded() {
        this.#failures = 0;
    }
    failed() {
        this.#failures += 1;
    }
    /** Takes a `Retry-After`: seconds, or a date. */
    askedToWait(retryAfter) {
        const seconds = Number(retryAfter ?? 0);
        const until = Number.isNaN(seconds) ? Date.parse(retryAfter ?? '') : Date.now() + seconds * 1000;
        if (!Number.isNaN(until))
            this.#notBefore = until;
    }
    async wait(signal) {
        const milliseconds = Math.max(0, this.#notBefore - Date.now()) + this.#jitter();
        if (milliseconds > 0)
            await sleep(Math.min(milliseconds, LONGEST_TIMER), signal);
    }
    #jitter() {
        if (this.#failures === 0)
            return 0;
        const { firstBackoff, maxBackoff, random } = this.patience;
        return 1000 * random() * Math.min(maxBackoff, firstBackoff * 2 ** (this.#failures - 1));
    }
}
function sleep(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const stop = () => {
            clearTimeout(timer);
            reject(signal.reason);
        };
        const timer = setTimeout(() => {
            signal.removeEventListener('abort', stop);
            resolve();
        }, milliseconds);
        signal.addEventListener('abort', stop, { once: true });
    });
}
/**
 * Settles as `work` does, or rejects after `seconds` (and then calls `giveUp`) or when `signal` is aborted.
 *
 * It leaves no timer, even if `work` never settles: Node's fetch can leave a read pending for ever
 * if it is aborted just when the answer ends.
 */
export function within(seconds, signal, work, giveUp) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
            reject(new Error(`Nothing was heard for ${seconds} s`));
            giveUp();
        }, seconds * 1000);
        const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', stop);
        };
        const stop = () => {
            done();
            reject(signal.reason);
        };
        work.then(resolve, reject).finally(done);
        if (signal.aborted)
            stop();
        else
            signal.addEventListener('abort', stop);
    });
}
