// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/react';
import { act } from 'react';
import { afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';

import { Bars } from '../readme/examples/Bars.js';
import { Downloads } from '../readme/examples/Downloads.js';
import { watchDownloads } from '../readme/examples/page.js';
import { keepFresh } from '../readme/examples/tokens.js';
import { shown } from '../readme/ui.js';
import { record, until } from '../support/recorder.js';
import { SERVER, signIn, STREAM } from '../support/real_server.js';

beforeAll(() => {
  const { jsdom } = globalThis as unknown as { jsdom: { reconfigure: (page: { url: string }) => void } };
  jsdom.reconfigure({ url: `${SERVER}/` });
});
afterEach(cleanup);

test('the example for a page shows progress, errors and the end', async () => {
  const subscription = watchDownloads((await signIn('reader')).access_token);
  onTestFinished(() => subscription.close());
  await until(() => expect(shown).toContainEqual(expect.stringMatching(/^progress [0-9a-f-]{36} \d+$/)));
  watchDownloads('forged');
  await until(() => expect(shown).toContain('error The token was refused'));
  watchDownloads((await signIn('idle')).access_token);
  await until(() => expect(shown).toContain('complete All downloads completed'));
});

test('the example for tokens that expire serves two subscriptions with one refresh', async () => {
  const tokens = await signIn('idle');
  const getToken = keepFresh(SERVER, { ...tokens, access_token: 'expired' });
  const recordings = [record({ url: STREAM, getToken }), record({ url: STREAM, getToken })];
  for (const { log } of recordings) await until(() => expect(log.at(-1)).toBe('complete All downloads completed'));
});

test('the example for tokens that expire gives up when the refresh is refused', async () => {
  const { log } = record({ url: STREAM, getToken: keepFresh(SERVER, { access_token: 'a', refresh_token: 'b' }) });
  await until(() => expect(log).toEqual(['state connecting', 'state closed', 'error unauthorized']));
});

test('the example for React waits for the sign-in, shows bars and can watch again', async () => {
  const { rerender } = render(<Downloads token={null} />);
  expect(screen.queryByRole('progressbar')).toBeNull();
  rerender(<Downloads token={(await signIn('reader')).access_token} />);
  await until(() => expect(screen.getByRole('progressbar')).toBeTruthy());
  rerender(<Downloads token={(await signIn('idle')).access_token} />);
  await until(() => expect(screen.getByRole('status').textContent).toBe('All downloads completed'));
  act(() => screen.getByRole('button', { name: 'Watch again' }).click());
  expect(screen.queryByRole('status')).toBeNull();
  await until(() => expect(screen.getByRole('status')).toBeTruthy());
});

test("the project's example for React shows a bar for each download", async () => {
  render(<Bars token={(await signIn('reader')).access_token} />);
  await until(() => expect(screen.getByRole('progressbar')).toBeTruthy());
});
