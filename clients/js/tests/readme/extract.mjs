/** Writes each code block of the README whose first line names a file into `examples/`, as it is printed. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const here = new URL('examples/', import.meta.url);
const BLOCK = /^```tsx?\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm;

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
rmSync(here, { recursive: true, force: true });
mkdirSync(here);
for (const [, code, name] of readme.matchAll(BLOCK)) writeFileSync(new URL(name, here), code);
writeFileSync(new URL('ui.ts', here), "export * from '../ui.js';\n");
