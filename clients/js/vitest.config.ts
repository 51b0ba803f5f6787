import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./src/${name}`, import.meta.url));

const shared = {
  resolve: {
    alias: [
      { find: /^@downloads-app\/client$/, replacement: source('index.ts') },
      { find: /^@downloads-app\/client\/react$/, replacement: source('react.ts') },
    ],
  },
};
/** The same tests with the oldest React that the package says it works with. */
const react18 = (name: string) => fileURLToPath(new URL(`./tests/react18/node_modules/${name}`, import.meta.url));
const withReact18 = {
  resolve: {
    alias: [
      ...shared.resolve.alias,
      { find: /^react$/, replacement: react18('react/index.js') },
      { find: /^react\/jsx-(dev-)?runtime$/, replacement: `${react18('react')}/jsx-$1runtime.js` },
      { find: /^@testing-library\/react$/, replacement: react18('@testing-library/react/dist/index.js') },
    ],
  },
};
const deadlines = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Tests wait far more than they work.
    maxWorkers: 4,
    projects: [
      { ...shared, test: { ...deadlines, name: 'scripted', include: ['tests/scripted/*.test.ts'], globalSetup: 'tests/build.ts' } },
      { ...shared, test: { ...deadlines, name: 'react', include: ['tests/react/*.test.tsx'], environment: 'jsdom' } },
      { ...withReact18, test: { ...deadlines, name: 'react18', include: ['tests/react/*.test.tsx'], environment: 'jsdom' } },
      { ...shared, test: { ...deadlines, name: 'server', include: ['tests/server/*.test.ts', 'tests/server/*.test.tsx'] } },
    ],
  },
});
