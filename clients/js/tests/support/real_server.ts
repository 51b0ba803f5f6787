/** The real server that `tests/clients/test_js_client.py` starts, and what it put there. */

import { readFileSync } from 'node:fs';

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is missing: run this through tests/clients/test_js_client.py`);
  return value;
}

export const SERVER = setting('DOWNLOADS_URL');
export const STREAM = `${SERVER}/api/downloads/subscribe`;

/**
 * - `gated`: one real download that waits for `release()` and then completes
 * - `busy`, `reader`, `crowd`: one download each that outlives the tests
 * - `idle`: none
 */
export type Username = 'gated' | 'busy' | 'reader' | 'crowd' | 'idle';

/** How many streams a user may hold there. */
export const STREAMS_PER_USER = Number(setting('STREAMS_PER_USER'));

export interface Tokens {
  access_token: string;
  refresh_token: string;
}

async function post(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(SERVER + path, { ...init, method: 'POST' });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

export async function signIn(username: Username): Promise<Tokens> {
  const body = JSON.stringify({ username, password: setting('PASSWORD') });
  const response = await post('/api/auth/login', { headers: { 'Content-Type': 'application/json' }, body });
  return (await response.json()) as Tokens;
}

export async function signOut({ access_token }: Tokens): Promise<void> {
  await post('/api/auth/logout', { headers: { Authorization: `Bearer ${access_token}` } });
}

/** Lets the gated download go on to its end. */
export const release = () => fetch(setting('RELEASE_URL'));

/** Replaces the server's worker processes under open streams; returns a check of whether the old ones are gone. */
export function reload(): () => boolean {
  const pid = Number(setting('SERVER_PID'));
  const workers = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  const old = workers();
  process.kill(pid, 'SIGHUP');
  return () => !workers().some((worker) => old.includes(worker));
}
