import { useDownloadProgress, type DownloadProgressOptions } from '@downloads-app/client/react';
import { act, cleanup, render, renderHook, screen, waitFor } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';

import { complete, DOWNLOAD, error, retry, update } from '../support/frames.js';
import { scripted } from '../support/recorder.js';
import { answer, stream, streamThenEnd } from '../support/scripted_server.js';

afterEach(cleanup);

const until = (check: () => void) => waitFor(check, { timeout: 30_000, interval: 10 });
const follow = (options: DownloadProgressOptions, strict = false) => renderHook(useDownloadProgress, {
  initialProps: options,
  reactStrictMode: strict,
});

test('the hook shows what the stream says, to the end', async () => {
  const server = await scripted(streamThenEnd(retry(10), update()), stream(complete()));
  const { result } = follow({ url: server.url, token: 'token' });
  expect(result.current).toMatchObject({ downloads: [], isComplete: false, error: null, connection: 'connecting' });
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  await until(() => expect(result.current).toMatchObject(
    { downloads: [], isComplete: true, error: null, connection: 'closed' },
  ));
  expect(server.requests[0]?.authorization).toBe('Bearer token');
});

test("a server's error is shown until the next update, and the downloads stay", async () => {
  let next = (): void => undefined;
  const server = await scripted((response, request) => {
    stream(update() + error())(response, request);
    next = () => response.write(update());
  });
  const { result } = follow({ url: server.url });
  await until(() => expect(result.current).toMatchObject(
    { downloads: [DOWNLOAD], error: 'Failed to get downloads: Database error', connection: 'open' },
  ));
  next();
  await until(() => expect(result.current.error).toBeNull());
});

test('a lost connection says so and keeps what it knew', async () => {
  const server = await scripted(streamThenEnd(retry(3_600_000), update()));
  const { result } = follow({ url: server.url });
  await until(() => expect(result.current).toMatchObject(
    { downloads: [DOWNLOAD], error: 'Connection lost', connection: 'reconnecting', isComplete: false },
  ));
});

test('after a final error it starts again when told to', async () => {
  const server = await scripted(answer(404), stream(update()));
  const { result } = follow({ url: server.url });
  await until(() => expect(result.current).toMatchObject({ error: 'The server answered 404', connection: 'closed' }));
  act(() => result.current.restart());
  expect(result.current).toMatchObject({ error: null, connection: 'connecting' });
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
});

test('after the complete it starts again when told to', async () => {
  const server = await scripted(stream(complete()), stream(update()));
  const { result } = follow({ url: server.url });
  await until(() => expect(result.current.isComplete).toBe(true));
  act(() => result.current.restart());
  expect(result.current.isComplete).toBe(false);
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  expect(server.requests[1]?.lastEventId).toBeUndefined();
});

test('StrictMode mounts twice and connects once', async () => {
  const server = await scripted(stream(update()), stream(update()));
  const { result } = follow({ url: server.url }, true);
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  expect(server.requests).toHaveLength(1);
  expect(server.openAnswers()).toBe(1);
});

test('unmounting closes the connection', async () => {
  const server = await scripted(stream(update()));
  const { result, unmount } = follow({ url: server.url });
  await until(() => expect(result.current.connection).toBe('open'));
  unmount();
  await until(() => expect(server.openAnswers()).toBe(0));
  expect(server.requests).toHaveLength(1);
});

test('a changed token starts again and never shows what the former one saw', async () => {
  const mine = { ...DOWNLOAD, user_id: 'mine' };
  const server = await scripted(stream(update('u1', [DOWNLOAD])), stream(update('u2', [mine])));
  const shown: string[] = [];
  const Page = ({ token }: { token: string }) => {
    const { downloads } = useDownloadProgress({ url: server.url, token });
    downloads.forEach(({ user_id }) => shown.push(`${token} sees ${user_id}`));
    return <output>{downloads.map(({ user_id }) => user_id)}</output>;
  };
  const { rerender } = render(<Page token="theirs" />);
  await until(() => expect(screen.getByRole('status').textContent).toBe(DOWNLOAD.user_id));
  rerender(<Page token="mine" />);
  expect(screen.getByRole('status').textContent).toBe('');
  await until(() => expect(screen.getByRole('status').textContent).toBe('mine'));
  expect([...new Set(shown)]).toEqual([`theirs sees ${DOWNLOAD.user_id}`, 'mine sees mine']);
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer theirs', 'Bearer mine']);
  await until(() => expect(server.openAnswers()).toBe(1));
});

test('a null token waits for the sign-in, and ends what was signed in', async () => {
  const server = await scripted(stream(update()));
  const { result, rerender } = follow({ url: server.url, token: null });
  expect(result.current).toMatchObject({ downloads: [], connection: 'closed', error: null });
  rerender({ url: server.url, token: 'token' });
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  rerender({ url: server.url, token: null });
  expect(result.current).toMatchObject({ downloads: [], connection: 'closed', isComplete: false });
  await until(() => expect(server.openAnswers()).toBe(0));
  expect(server.requests).toHaveLength(1);
});

test('a getToken that is new at each render does not start again, and the newest one is asked', async () => {
  let end = (): void => undefined;
  const server = await scripted((response, request) => {
    stream(retry(10), update())(response, request);
    end = () => response.end();
  }, stream(update()));
  const { result, rerender } = follow({ url: server.url, getToken: () => 'first' });
  await until(() => expect(result.current.connection).toBe('open'));
  rerender({ url: server.url, getToken: () => 'second' });
  end();
  await until(() => expect(server.requests).toHaveLength(2));
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second']);
});

test('a 401 asks getToken for a refreshed token', async () => {
  const server = await scripted(answer(401), stream(update()));
  const { result } = follow({ url: server.url, getToken: ({ refresh }) => (refresh ? 'new' : 'old') });
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  expect(result.current.error).toBeNull();
  expect(server.requests.map(({ authorization }) => authorization)).toEqual(['Bearer old', 'Bearer new']);
});

test('a changed address starts again', async () => {
  const [here, there] = [await scripted(stream(update())), await scripted(stream(update('u1', [])))];
  const { result, rerender } = follow({ url: here.url });
  await until(() => expect(result.current.downloads).toEqual([DOWNLOAD]));
  rerender({ url: new URL(there.url) });
  await until(() => expect(result.current).toMatchObject({ downloads: [], connection: 'open' }));
  await until(() => expect(here.openAnswers()).toBe(0));
});
