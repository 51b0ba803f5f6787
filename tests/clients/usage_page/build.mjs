/** Takes the two examples from the usage page as they are printed, adds what they leave out, and bundles the page. */

import { readFileSync, realpathSync, writeFileSync } from 'node:fs';

import { rolldown } from './client/node_modules/rolldown/dist/index.mjs';

const IMPORT = "import { EventSource } from '@downloads-app/client';\n";
const [usagePage] = process.argv.slice(2);
const blocks = [...readFileSync(usagePage, 'utf8').matchAll(/^```typescript\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
const [line, example, hook] = blocks;
if (blocks.length !== 3 || line !== IMPORT) throw new Error('the usage page has other blocks than the line and two examples');

const NAMES = 'authToken, showDownloadsComplete, showError, updateDownloadProgress';
writeFileSync('example.ts', `${IMPORT}import { ${NAMES} } from './surroundings';\n${example}`);
writeFileSync('hook.tsx', `${IMPORT}import { getAuthToken } from './surroundings';\n${hook}`);

const bundle = await rolldown({
  input: 'main.tsx',
  tsconfig: false,
  resolve: {
    alias: { '@/types': './types.ts', '@downloads-app/client': './client/dist/index.js' },
    modules: [realpathSync('client/node_modules')],
  },
  onLog(level, { message }) { if (level === 'warn') throw new Error(message); },
  transform: { jsx: 'react-jsx', define: { 'process.env.NODE_ENV': '"production"' } },
});
await bundle.write({ file: 'dist/main.js', format: 'es' });
