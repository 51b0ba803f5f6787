import type { GetToken } from '@downloads-app/client';
import { expect, test } from 'vitest';

import { error, retry, update } from '../support/frames.js';
import { record, scripted, until } from '../support/recorder.js';
import { answer, stream, streamThenEnd } from '../support/scripted_server.js';

test('each reconnect asks for the token afresh and sends it as a bearer', async () => {
  const server = await scripted(streamThenEnd(retry(10)), streamThenEnd(update()), stream(update()));
  let asked = 0;
  record({ url: server.url, getToken: () => `token-${(asked += 1)}` });
  await until(() => expect(server.requests).toHaveLength(3));
  expect(server.requests.map((request) => request.authorization)).toEqual(
    ['Bearer token-1', 'Bearer token-2', 'Bearer token-3'],
  );
});

test('without a token no header is sent, so that a cookie can speak', async () => {
  const server = await scripted(stream(update()), stream(update()));
  record({ url: server.url });
  record({ url: server.url, getToken: () => Promise.resolve(null) });
  await until(() => expect(server.requests).toHaveLength(2));
  expect(server.requests.map((request) => request.authorization)).toEqual([undefined, undefined]);
});

test('a 401 gets one refreshed token, at once and unnoticed', async () => {
  const server = await scripted(answer(401, {}, '{"code":401}'), stream(update()));
  const asked: boolean[] = [];
  const { log } = record({
    url: server.url,
    getToken: ({ refresh }) => { asked.push(refresh); return refresh ? 'new' : 'old'; },
  });
  await until(() => expect(log).toEqual(['state connecting', 'state open', 'update 1']));
  expect(asked).toEqual([false, true]);
  expect(server.requests.map((request) => request.authorization)).toEqual(['Bearer old', 'Bearer new']);
});

test('a token that expires in the middle is refreshed at the reconnect, each time anew', async () => {
  const expired = streamThenEnd(retry(10), update(), error('Token has expired'));
  const server = await scripted(expired, answer(401), expired, answer(401), stream(update()));
  let token = 0;
  const getToken: GetToken = ({ refresh }) => `token-${refresh ? (token += 1) : token}`;
  const { errors } = record({ url: server.url, getToken });
  await until(() => expect(server.requests.at(-1)?.authorization).toBe('Bearer token-2'));
  const twice = ['server: Token has expired', 'connection: Connection lost'];
  expect(errors.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([...twice, ...twice]);
});

test.each([
  ['the refreshed token is refused too', () => 'bad', 2],
  ['there is nothing to refresh', undefined, 1],
  ['the refresh fails', ({ refresh }: { refresh: boolean }) => {
    if (refresh) throw new Error('signed out');
    return 'bad';
  }, 1],
])('a 401 ends it when %s', async (_why, getToken, requests) => {
  const server = await scripted(answer(401), answer(401));
  const { log, errors } = record({ url: server.url, getToken });
  await until(() => expect(log).toEqual(['state connecting', 'state closed', 'error unauthorized']));
  expect(errors[0]).toMatchObject({ status: 401, isFinal: true });
  await until(() => expect(server.openAnswers()).toBe(0));
  expect(server.requests).toHaveLength(requests);
});

test.each(['Error', 'AbortError'])('a getToken that throws an %s is asked again later', async (name) => {
  const server = await scripted(streamThenEnd(retry(10)), stream(update()));
  let asked = 0;
  const { log, errors } = record({
    url: server.url,
    getToken: () => {
      if ((asked += 1) === 2) throw Object.assign(new Error('offline'), { name });
      return 'token';
    },
  });
  await until(() => expect(log.at(-1)).toBe('update 1'));
  expect(errors[1]).toMatchObject({ kind: 'connection', cause: { message: 'offline' } });
  expect(asked).toBe(3);
});
