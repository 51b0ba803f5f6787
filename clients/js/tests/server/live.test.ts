import type { DownloadInstance } from '@downloads-app/client';
import { expect, test } from 'vitest';

import { record, until } from '../support/recorder.js';
import { release, reload, signIn, signOut, STREAM, STREAMS_PER_USER, type Username } from '../support/real_server.js';

async function watch(username: Username) {
  const { access_token } = await signIn(username);
  const lists: DownloadInstance[][] = [];
  const recording = record({
    url: STREAM,
    getToken: () => access_token,
    onUpdate: ({ downloads }) => {
      lists.push(downloads);
      recording.log.push(`update ${downloads.length}`);
    },
  });
  return { ...recording, lists };
}

test('a real download is followed to its end, field by field', async () => {
  const { log, lists } = await watch('gated');
  await until(() => expect(lists.flat().some(({ status }) => status === 'downloading')).toBe(true));
  await release();
  await until(() => expect(log.slice(-2)).toEqual(['state closed', 'complete All downloads completed']));
  const [first, ...others] = lists.flat();
  expect(Object.keys(first ?? {})).toEqual([
    'id', 'user_id', 'provider_id', 'repository_id', 'status', 'progress_data',
    'started_at', 'created_at', 'updated_at',
  ]);
  expect(Object.keys(first?.progress_data ?? {})).toEqual([
    'current_bytes', 'total_bytes', 'current_file', 'total_files', 'files_completed',
    'download_speed', 'eta_seconds',
  ]);
  expect(new Set(others.map(({ id }) => id))).toEqual(new Set(others.length ? [first?.id] : []));
  const bytes = lists.flat().map(({ progress_data }) => progress_data.current_bytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
});

test('who has no download is told at once', async () => {
  const { log } = await watch('idle');
  await until(() => expect(log).toEqual(
    ['state connecting', 'state open', 'state closed', 'complete All downloads completed'],
  ));
});

test('a token that the server does not know is refreshed, once', async () => {
  const { access_token } = await signIn('busy');
  const good = record({ url: STREAM, getToken: ({ refresh }) => (refresh ? access_token : 'forged') });
  const bad = record({ url: STREAM, getToken: () => 'forged' });
  await until(() => expect(good.log).toContain('update 1'));
  await until(() => expect(bad.log).toEqual(['state connecting', 'state closed', 'error unauthorized']));
});

test('signing out ends the stream with its reason, and then for good', async () => {
  const tokens = await signIn('busy');
  const { log, errors } = record({ url: STREAM, getToken: () => tokens.access_token });
  await until(() => expect(log).toContain('update 1'));
  await signOut(tokens);
  await until(() => expect(log.at(-1)).toBe('error unauthorized'));
  expect(errors.map(({ message }) => message)).toEqual(
    ['Token has been revoked', 'Connection lost', 'The token was refused'],
  );
});

test('one stream too many waits until another one ends', async () => {
  const open = await Promise.all(Array.from({ length: STREAMS_PER_USER }, () => watch('crowd')));
  for (const { log } of open) await until(() => expect(log).toContain('update 1'));
  const last = await watch('crowd');
  await until(() => expect(last.log).toContain('error limited'));
  open[0]?.subscription.close();
  await until(() => expect(last.log).toContain('update 1'));
});

test('a reload of the server is survived without a complete', async () => {
  const { log, lists } = await watch('busy');
  await until(() => expect(log).toContain('update 1'));
  const isReloaded = reload();
  await until(() => expect(log).toContain('state reconnecting'));
  const before = lists.length;
  await until(() => expect(lists.length).toBeGreaterThan(before + 1));
  expect(log.filter((line) => line.startsWith('state')).at(-1)).toBe('state open');
  expect(log.join()).not.toMatch(/complete|closed/);
  // An old process closes what it keeps alive; a test that follows must not meet that.
  await until(() => expect(isReloaded()).toBe(true));
});
