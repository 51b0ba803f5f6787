/** What the package offers everyone; React's hook is in `@downloads-app/client/react`. */
export { EventSource } from './event_source.js';
export { SubscriptionError } from './errors.js';
export { subscribeToDownloads, } from './subscription.js';
