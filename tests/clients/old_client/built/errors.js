/** The errors of a subscription. Each says whether it is final. */
export class SubscriptionError extends Error {
    name = 'SubscriptionError';
    kind;
    /** The HTTP status, if there was one. */
    status;
    constructor(kind, message, options = {}) {
        super(message, { cause: options.cause });
        this.kind = kind;
        this.status = options.status;
    }
    /** Whether the subscription has ended because of it. After any other error it goes on by itself. */
    get isFinal() {
        return this.kind === 'unauthorized' || this.kind === 'refused';
    }
}
