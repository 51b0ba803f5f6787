/** A subscription whose callbacks write down what they were told, in order. */

import type { Subscription, SubscriptionError, SubscriptionOptions } from '@downloads-app/client';
import { onTestFinished, vi } from 'vitest';

import { subscribe } from '../../src/subscription.js';
import { PATIENCE, type Patience } from '../../src/waiting.js';
import { startServer, type ScriptedServer, type Step } from './scripted_server.js';

export interface Recording {
  subscription: Subscription;
  /** `update 2`, `complete`, `error server: …`, `state open`. */
  log: string[];
  errors: SubscriptionError[];
}

export function record(options: SubscriptionOptions, patience: Partial<Patience> = {}): Recording {
  const log: string[] = [];
  const errors: SubscriptionError[] = [];
  const subscription = subscribe(
    {
      onUpdate: ({ downloads }) => log.push(`update ${downloads.length}`),
      onComplete: ({ message }) => log.push(`complete ${message}`),
      onError: (error) => {
        errors.push(error);
        log.push(`error ${error.kind}`);
      },
      onStateChange: (state) => log.push(`state ${state}`),
      ...options,
    },
    { ...PATIENCE, random: () => 0, ...patience },
  );
  onTestFinished(() => subscription.close());
  return { subscription, log, errors };
}

export async function scripted(...script: Step[]): Promise<ScriptedServer> {
  const server = await startServer(script);
  onTestFinished(server.stop);
  return server;
}

export const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 10 });
