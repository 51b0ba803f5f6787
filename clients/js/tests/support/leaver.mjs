/**
 * A process that subscribes, leaves as its scenario says, and then has nothing more to do:
 * node leaver.mjs SCENARIO URL. Prints one line at its exit: how long it lived on, and in which state.
 */

import { subscribeToDownloads } from '../../dist/index.js';

const [scenario, url] = process.argv.slice(2);
const controller = new AbortController();
let leftAt = performance.now();

function leave() {
  leftAt = performance.now();
  controller.abort();
}

const soon = () => setTimeout(leave, 100);

const scenarios = {
  'while updates arrive': { onUpdate: soon },
  'inside onUpdate': { onUpdate: leave },
  'inside onError': { onError: leave },
  'while waiting to reconnect': { onError: soon },
  'before the answer': { getToken: () => { soon(); return 'token'; } },
  'before the token is there': { getToken: () => { soon(); return new Promise(() => {}); } },
  'in the same turn': { onStateChange: (state) => { if (state === 'connecting') queueMicrotask(leave); } },
  'at the end': { onComplete: leave, onError: (error) => { if (error.isFinal) leave(); } },
};

const callbacks = scenarios[scenario];
const subscription = subscribeToDownloads({ url, signal: controller.signal, getToken: () => 'token', ...callbacks });

process.on('exit', () => {
  const seconds = (performance.now() - leftAt) / 1000;
  console.log(JSON.stringify({ seconds, state: subscription.state, aborted: controller.signal.aborted }));
});
