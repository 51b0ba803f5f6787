import { expect, test } from 'vitest';

import { complete, DOWNLOAD, error, retry, update } from '../support/frames.js';
import { record, scripted, until } from '../support/recorder.js';
import { answer, startServer, stream, streamThenBreak, streamThenEnd } from '../support/scripted_server.js';

const AT_ONCE = retry(10);

test('updates are followed until the complete, and the subscription closes', async () => {
  const server = await scripted(stream(update('u1'), update('u2', []), complete()));
  const { log, subscription } = record({ url: server.url });
  await until(() => expect(log).toEqual([
    'state connecting', 'state open', 'update 1', 'update 0', 'state closed', 'complete All downloads completed',
  ]));
  expect(subscription.state).toBe('closed');
  await until(() => expect(server.openAnswers()).toBe(0));
  expect(server.requests).toHaveLength(1);
});

test('a download arrives with every field as it was sent', async () => {
  const server = await scripted(stream(update()));
  const seen: unknown[] = [];
  record({ url: new URL(server.url), onUpdate: ({ downloads }) => seen.push(...downloads) });
  await until(() => expect(seen).toEqual([DOWNLOAD]));
});

test("a server's error event is not a lost connection: the stream stays open", async () => {
  const server = await scripted(stream(error(), update(), complete()));
  const { log, errors } = record({ url: server.url });
  await until(() => expect(log.at(-1)).toBe('complete All downloads completed'));
  expect(log.slice(0, 4)).toEqual(['state connecting', 'state open', 'error server', 'update 1']);
  expect(errors[0]).toMatchObject({ message: 'Failed to get downloads: Database error', isFinal: false });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ['breaks', streamThenBreak(AT_ONCE, update('u7'))],
  ['ends without a complete', streamThenEnd(AT_ONCE, update('u7'))],
])('a connection that %s is found again, and says what it saw last', async (_how, first) => {
  const server = await scripted(first, stream(update('u8'), complete()));
  const { log, errors } = record({ url: server.url });
  await until(() => expect(log.at(-1)).toBe('complete All downloads completed'));
  expect(log.slice(1, 7)).toEqual(
    ['state open', 'update 1', 'state reconnecting', 'error connection', 'state open', 'update 1'],
  );
  expect(errors[0]).toMatchObject({ message: 'Connection lost', isFinal: false });
  expect(server.requests.map((request) => request.lastEventId)).toEqual([undefined, 'u7']);
});

test('a 204 after a complete that was missed ends it as the complete would have', async () => {
  const server = await scripted(streamThenEnd(AT_ONCE, update()), answer(204));
  const { log, subscription } = record({ url: server.url });
  await until(() => expect(log.slice(-2)).toEqual(['state closed', 'complete All downloads completed']));
  expect(subscription.state).toBe('closed');
  expect(server.requests).toHaveLength(2);
});

test('events of one chunk that follow a close are not told', async () => {
  const server = await scripted(stream(update() + error() + complete()));
  const leave = () => {
    log.push('update');
    subscription.close();
  };
  const { log, subscription } = record({ url: server.url, onUpdate: leave });
  await until(() => expect(server.openAnswers()).toBe(0));
  await until(() => expect(log).toEqual(['state connecting', 'state open', 'update', 'state closed']));
});

test('a letter cut in two by the network arrives whole', async () => {
  const frame = new TextEncoder().encode(error('Größe'));
  const cut = frame.indexOf(0xc3) + 1;
  const server = await scripted(stream(frame.slice(0, cut), frame.slice(cut)));
  const { errors } = record({ url: server.url });
  await until(() => expect(errors[0]?.message).toBe('Größe'));
});

test('an event that is not JSON is reported, and the next one is taken', async () => {
  const server = await scripted(stream('event: update\ndata: {"type":\n\n', update()));
  const { log } = record({ url: server.url });
  await until(() => expect(log.slice(-2)).toEqual(['error protocol', 'update 1']));
});

test.each([
  [403, {}, 'The server answered 403'],
  [404, {}, 'The server answered 404'],
  [200, { 'Content-Type': 'text/html' }, 'The server answered something that is not an event stream'],
])('an answer of %i that is no stream ends it', async (status, headers, message) => {
  const server = await scripted(answer(status, headers, '<html>'));
  const { log, errors, subscription } = record({ url: server.url });
  await until(() => expect(log).toEqual(['state connecting', 'state closed', 'error refused']));
  expect(errors[0]).toMatchObject({ status, message, isFinal: true });
  expect(subscription.state).toBe('closed');
});

test.each([500, 502, 503, 504])('a %i is asked again', async (status) => {
  const server = await scripted(streamThenEnd(AT_ONCE), answer(status), stream(update()));
  const { log, errors } = record({ url: server.url });
  await until(() => expect(log.at(-1)).toBe('update 1'));
  expect(errors.map((problem) => problem.status)).toEqual([undefined, status]);
});

test('a server that is not there yet is found when it is', async () => {
  const { url, stop } = await startServer([]);
  await stop();
  const { log } = record({ url });
  await until(() => expect(log).toEqual(['state connecting', 'state reconnecting', 'error connection']));
  const server = await startServer([stream(update())], Number(new URL(url).port));
  await until(() => expect(log.at(-1)).toBe('update 1')).finally(server.stop);
});

test('a malformed address is refused at once', () => {
  expect(() => record({ url: 'http://' })).toThrow(expect.objectContaining({ name: 'SyntaxError' }) as Error);
});

test('a signal aborted before the start opens nothing', () => {
  const { subscription, log } = record({ url: 'http://127.0.0.1:9/', signal: AbortSignal.abort() });
  expect(subscription.state).toBe('closed');
  expect(log).toEqual([]);
});
