/** What the package offers everyone; React's hook is in `@downloads-app/client/react`. */

export type { GetToken } from './connection.js';
export { EventSource, type EventSourceInit } from './event_source.js';
export { SubscriptionError, type ErrorKind } from './errors.js';
export type {
  ActiveStatus,
  CompleteEvent,
  DownloadInstance,
  ErrorEvent,
  ProgressData,
  StreamEvent,
  UpdateEvent,
} from './events.js';
export {
  subscribeToDownloads,
  type ConnectionState,
  type Subscription,
  type SubscriptionOptions,
} from './subscription.js';
