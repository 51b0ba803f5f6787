'use client';
/** `useDownloadProgress`: the active downloads as React state. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { subscribeToDownloads } from './subscription.js';
const NOTHING_YET = { downloads: [], isComplete: false, error: null, connection: 'connecting' };
const SIGNED_OUT = { ...NOTHING_YET, connection: 'closed' };
export function useDownloadProgress(options = {}) {
    const { token, getToken } = options;
    const url = options.url?.toString();
    const latest = useRef(null);
    const [restarts, setRestarts] = useState(0);
    const restart = useCallback(() => setRestarts((count) => count + 1), []);
    // The state belongs to one run; the state of a former run is never shown.
    const run = useMemo(() => ({ url, token, restarts }), [url, token, restarts]);
    const [seen, setSeen] = useState({ run, progress: NOTHING_YET });
    useEffect(() => {
        latest.current = getToken ?? (() => token ?? null);
    });
    useEffect(() => {
        if (run.token === null)
            return;
        const controller = new AbortController();
        const show = (change) => {
            if (controller.signal.aborted)
                return;
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
