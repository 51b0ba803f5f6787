'use client';
/** `useDownloadProgress`: the active downloads as React state. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import type { GetToken } from './connection.js';
import type { DownloadInstance } from './events.js';
import { subscribeToDownloads, type ConnectionState } from './subscription.js';

export interface DownloadProgressOptions {
  /** Default: `/api/downloads/subscribe`. Another value starts a new subscription. */
  url?: string | URL | undefined;
  /** Another value starts a new subscription and clears the state of the former one. null waits for a sign-in. */
  token?: string | null | undefined;
  /** For tokens that are renewed: called at each reconnect. It may be a new function at each render. */
  getToken?: GetToken | undefined;
}

interface Progress {
  downloads: DownloadInstance[];
  isComplete: boolean;
  /** The last error; null again after the next update. */
  error: string | null;
  connection: ConnectionState;
}

export interface DownloadProgress extends Progress {
  /** Starts a new subscription: after `isComplete`, after a final error, or at any other time. */
  restart: () => void;
}

const NOTHING_YET: Progress = { downloads: [], isComplete: false, error: null, connection: 'connecting' };
const SIGNED_OUT: Progress = { ...NOTHING_YET, connection: 'closed' };

export function useDownloadProgress(options: DownloadProgressOptions = {}): DownloadProgress {
  const { token, getToken } = options;
  const url = options.url?.toString();
  const latest = useRef<GetToken>(null);
  const [restarts, setRestarts] = useState(0);
  const restart = useCallback(() => setRestarts((count) => count + 1), []);

  // The state belongs to one run; the state of a former run is never shown.
  const run = useMemo(() => ({ url, token, restarts }), [url, token, restarts]);
  const [seen, setSeen] = useState({ run, progress: NOTHING_YET });

  useEffect(() => {
    latest.current = getToken ?? (() => token ?? null);
  });

  useEffect(() => {
    if (run.token === null) return;
    const controller = new AbortController();
    const show = (change: Partial<Progress>) => {
      if (controller.signal.aborted) return;
      setSeen((old) => ({ run, progress: { ...(old.run === run ? old.progress : NOTHING_YET), ...change } }));
    };
    subscribeToDownloads({
      url: run.url,
      getToken: (how) => latest.current?.(how) ?? null,
      onUpdate: ({ downloads }) => show({ downloads, isComplete: false, error: null }),
      onComplete: () => show({ downloads: [], isComplete: true, error: null }),
      onError: ({ message }) => show({ error: message }),
      onStateChange: (connection) => show({ connection }),
      signal: controller.signal,
    });
    return () => controller.abort();
  }, [run]);

  const progress = token === null ? SIGNED_OUT : seen.run === run ? seen.progress : NOTHING_YET;
  return { ...progress, restart };
}
