import { execFile } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { subscribeToDownloads } from '@downloads-app/client';
import { expect, test } from 'vitest';

import { complete, retry, update } from '../support/frames.js';
import { scripted, until } from '../support/recorder.js';
import { answer, laterThenEnd, laterThenReset, silence, stream, streamThenEnd } from '../support/scripted_server.js';

const LEAVER = fileURLToPath(new URL('../support/leaver.mjs', import.meta.url));

/** Every timer that could be left is longer: the `retry:` below, and the 45 s of silence. */
const FAR_AWAY = retry(3_600_000);
const LONGEST_EXIT_SECONDS = 15;

test.concurrent.each([
  ['while updates arrive', stream(update())],
  ['inside onUpdate', stream(update() + update() + complete())],
  ['inside onError', streamThenEnd(FAR_AWAY, update())],
  ['while waiting to reconnect', streamThenEnd(FAR_AWAY, update())],
  ['while waiting to reconnect', answer(429, { 'Retry-After': '3600' })],
  ['before the answer', silence],
  ['before the token is there', silence],
  ['in the same turn', silence],
  ['at the end', stream(FAR_AWAY, complete())],
  ['at the end', streamThenEnd(complete())],
  ['at the end', laterThenEnd(update(), complete())],
  ['at the end', laterThenReset(update(), complete())],
  ['at the end', answer(204)],
  ['at the end', answer(401)],
  ['at the end', answer(404)],
])('leaving %s leaves no timer and no socket: the process ends by itself', async (scenario, step) => {
  const server = await scripted(step, step, step);
  const { stdout } = await promisify(execFile)(process.execPath, [LEAVER, scenario, server.url]);
  const { seconds, state, aborted } = JSON.parse(stdout) as { seconds: number; state: string; aborted: boolean };
  expect(seconds).toBeLessThan(LONGEST_EXIT_SECONDS);
  expect({ state, aborted }).toEqual({ state: 'closed', aborted: true });
});

test('leaving closes the connection, which the server sees', async () => {
  const server = await scripted(stream(update()));
  const updates: number[] = [];
  const subscription = subscribeToDownloads({ url: server.url, onUpdate: () => updates.push(1) });
  await until(() => expect(updates).toHaveLength(1));
  expect(server.openAnswers()).toBe(1);
  subscription.close();
  await until(() => expect(server.openAnswers()).toBe(0));
  expect(server.requests).toHaveLength(1);
});

test('a signal that outlives many subscriptions keeps none of them', async () => {
  const server = await scripted(stream(complete()), stream(complete()));
  const { signal } = new AbortController();
  let completed = 0;
  for (let started = 0; started < 2; started += 1) {
    subscribeToDownloads({ url: server.url, signal, onComplete: () => { completed += 1; } });
  }
  await until(() => expect(completed).toBe(2));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
