/** The errors of a subscription. Each says whether it is final. */

/**
 * - `server`: the server sent an `error` event; the stream is still open.
 * - `connection`: the network, the server or a proxy closed the connection, or nothing arrived for too long.
 * - `limited`: too many streams (429); the client reconnects after `Retry-After`.
 * - `unauthorized`: 401, also with a refreshed token.
 * - `refused`: an answer that would stay the same (403, 404, not an event stream, …).
 * - `protocol`: an event that does not have the promised form.
 */
export type ErrorKind = 'server' | 'connection' | 'limited' | 'unauthorized' | 'refused' | 'protocol';

export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
  readonly kind: ErrorKind;
  /** The HTTP status, if there was one. */
  readonly status: number | undefined;

  constructor(kind: ErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
  }

  /** Whether the subscription has ended because of it. After any other error it goes on by itself. */
  get isFinal(): boolean {
    return this.kind === 'unauthorized' || this.kind === 'refused';
  }
}
