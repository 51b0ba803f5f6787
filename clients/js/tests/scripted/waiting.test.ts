import { expect, test } from 'vitest';

import { retry, update } from '../support/frames.js';
import { record, scripted, until } from '../support/recorder.js';
import { answer, silence, stream, streamThenEnd, type ScriptedServer } from '../support/scripted_server.js';

/** What a timer may be early by. */
const SLACK = 5;

function gaps({ requests }: ScriptedServer): number[] {
  return requests.slice(1).map((request, index) => request.at - (requests[index]?.at ?? 0) + SLACK);
}

test("the server's retry is the least that is waited", async () => {
  const server = await scripted(streamThenEnd(retry(400), update()), stream(update()));
  record({ url: server.url });
  await until(() => expect(server.requests).toHaveLength(2));
  expect(gaps(server)[0]).toBeGreaterThanOrEqual(400);
  expect(gaps(server)[0]).toBeLessThan(3000);
});

test('jitter comes on top, more with each failure and never more than the cap', async () => {
  const down = answer(503);
  const server = await scripted(streamThenEnd(retry(10)), down, down, down, stream(update()));
  const random = () => 0.5;
  record({ url: server.url }, { random, firstBackoff: 0.2, maxBackoff: 0.6 });
  await until(() => expect(server.requests).toHaveLength(5));
  const least = [110, 210, 310, 310];
  gaps(server).forEach((gap, index) => expect(gap).toBeGreaterThanOrEqual(least[index] ?? Infinity));
});

test('an event ends the backing off', async () => {
  const server = await scripted(
    streamThenEnd(retry(10)), answer(503), answer(503), answer(503), streamThenEnd(update()), stream(update()),
  );
  record({ url: server.url }, { random: () => 0.5, firstBackoff: 0.2 });
  await until(() => expect(server.requests).toHaveLength(6));
  const [, , , longest, afterEvent] = gaps(server);
  expect(longest).toBeGreaterThanOrEqual(800);
  expect(afterEvent).toBeGreaterThanOrEqual(110);
  expect(afterEvent).toBeLessThan(800);
});

test.each([
  ['seconds', () => '1'],
  // HTTP dates have no fraction: two seconds ahead is at least one.
  ['a date', () => new Date(Date.now() + 2000).toUTCString()],
])('a 429 is waited out by its Retry-After in %s', async (_form, after) => {
  const full = answer(429);
  const server = await scripted(
    streamThenEnd(retry(10)),
    (response, request) => full(response.setHeader('Retry-After', after()), request),
    stream(update()),
  );
  const { log, errors } = record({ url: server.url });
  await until(() => expect(log.at(-1)).toBe('update 1'));
  expect(errors[1]).toMatchObject({ kind: 'limited', status: 429, isFinal: false });
  expect(gaps(server)[1]).toBeGreaterThanOrEqual(1000);
});

test('a Retry-After that cannot be read does not stop it', async () => {
  const server = await scripted(
    streamThenEnd(retry(10)), answer(429, { 'Retry-After': 'soon' }), answer(429), stream(update()),
  );
  const { log } = record({ url: server.url });
  await until(() => expect(log.at(-1)).toBe('update 1'));
});

test('a full house is asked again when it said, and is not called open', async () => {
  const full = streamThenEnd(`: full\n${retry(300)}`);
  const server = await scripted(full, stream(update()));
  const { log } = record({ url: server.url });
  await until(() => expect(log).toEqual(
    ['state connecting', 'state reconnecting', 'error connection', 'state open', 'update 1'],
  ));
  expect(gaps(server)[0]).toBeGreaterThanOrEqual(300);
});

test('a stream that falls silent is given up and found again', async () => {
  // A slow machine may take even an answer for silence: then the next one counts.
  const server = await scripted(...Array.from({ length: 20 }, () => stream(retry(10), update())));
  const { log, errors } = record({ url: server.url }, { silence: 1 });
  await until(() => expect(log.filter((line) => line === 'update 1')).toHaveLength(2));
  expect(errors[0]?.kind).toBe('connection');
});

test('comments are a sign of life', async () => {
  const server = await scripted((response, request) => {
    stream(retry(10), update())(response, request);
    const beat = setInterval(() => response.write(': keep-alive\n\n'), 100);
    setTimeout(() => { clearInterval(beat); response.write(update()); }, 4000);
    response.on('close', () => clearInterval(beat));
  });
  const { log } = record({ url: server.url }, { silence: 3 });
  await until(() => expect(log.filter((line) => line === 'update 1')).toHaveLength(2));
  expect(log).not.toContain('state reconnecting');
  expect(server.requests).toHaveLength(1);
});

test('a request that is never answered is given up and made again', async () => {
  const server = await scripted(streamThenEnd(retry(10)), silence, stream(update()));
  const { log } = record({ url: server.url }, { silence: 2 });
  await until(() => expect(log.at(-1)).toBe('update 1'));
  expect(server.requests).toHaveLength(3);
});
