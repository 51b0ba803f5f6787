import { EventSource } from '@downloads-app/client';
import { expect, onTestFinished, test } from 'vitest';

import { complete, error, retry, update } from '../support/frames.js';
import { scripted, until } from '../support/recorder.js';
import { answer, stream, streamThenEnd } from '../support/scripted_server.js';

function open(url: string, headers?: Record<string, string>): EventSource {
  const source = new EventSource(url, { headers });
  onTestFinished(() => source.close());
  return source;
}

test('the headers go along with each request, beside what the standard sends', async () => {
  const server = await scripted(streamThenEnd(retry(10), update('u7')), stream(complete()));
  const source = open(server.url, { Authorization: 'Bearer token' });
  await new Promise((resolve) => source.addEventListener('complete', resolve));
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer token', 'Bearer token']);
  expect(server.requests.map(({ lastEventId }) => lastEventId)).toEqual([undefined, 'u7']);
});

test("a listener for errors hears the server's alone, and onerror lost connections alone", async () => {
  const server = await scripted(streamThenEnd(retry(10), error('first')), streamThenEnd(error('second')), answer(401));
  const source = open(server.url);
  const told: string[] = [];
  const lost: (number | undefined)[] = [];
  source.addEventListener('error', (event) => told.push((JSON.parse(event.data) as { error: string }).error));
  source.onerror = (event) => lost.push(event.code);
  await until(() => expect(source.readyState).toBe(EventSource.CLOSED));
  expect(told).toEqual(['first', 'second']);
  expect(lost).toEqual([undefined, undefined, 401]);
});

test('a listener can be removed, and other events come as the standard says', async () => {
  const server = await scripted(streamThenEnd(retry(10), update(), complete()), stream());
  const source = open(server.url);
  const seen: string[] = [];
  const listener = (event: MessageEvent): void => { seen.push(event.type); };
  source.addEventListener('update', listener);
  source.removeEventListener('update', listener);
  source.addEventListener('complete', listener, { once: true });
  source.addEventListener('open', (event) => seen.push(event.type));
  await until(() => expect(server.requests).toHaveLength(2));
  await until(() => expect(seen).toEqual(['open', 'complete', 'open']));
});
