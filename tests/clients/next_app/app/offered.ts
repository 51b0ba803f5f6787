/** Imported on the server too: an import alone must touch nothing of a browser. */
import { EventSource, subscribeToDownloads } from '@downloads-app/client';

export const offered = [EventSource.name, subscribeToDownloads.name];
