/** What can go wrong with a subscription, and whether it goes on. */

/**
 * - `server`: the server sent an `error` event; the stream is still open.
 * - `connection`: the network, the server or a proxy let go, or nothing was heard for too long.
 * - `limited`: too many streams (429); asked again after `Retry-After`.
 * - `unauthorized`: 401, also with a refreshed token.
 * - `refused`: an answer that asking again would not change (403, 404, not an event stream, …).
 * - `protocol`: an event that is not what the contract says.
 */
export type ErrorKind = 'server' | 'connection' | 'limited' | 'unauthorized' | 'refused' | 'protocol';

export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
  readonly kind: ErrorKind;
  /** The HTTP status behind it, where there was one. */
  readonly status: number | undefined;

  constructor(kind: ErrorKind, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
  }

  /** Whether the subscription has ended because of it. Every other error mends itself. */
  get isFinal(): boolean {
    return this.kind === 'unauthorized' || this.kind === 'refused';
  }
}
