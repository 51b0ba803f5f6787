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
const deadlines = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    // Tests wait far more than they work.
    maxWorkers: 4,
    projects: [
      { ...shared, test: { ...deadlines, name: 'scripted', include: ['tests/scripted/*.test.ts'], globalSetup: 'tests/build.ts' } },
      { ...shared, test: { ...deadlines, name: 'react', include: ['tests/react/*.test.tsx'], environment: 'jsdom' } },
      { ...shared, test: { ...deadlines, name: 'server', include: ['tests/server/*.test.ts', 'tests/server/*.test.tsx'] } },
    ],
  },
});
