/** Writes each code block of the two READMEs whose first line names a file into `examples/`, as it is printed. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const here = new URL('examples/', import.meta.url);
const BLOCK = /^```tsx?\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm;

const pages = ['../../README.md', '../../../../README.md'].map((page) => new URL(page, import.meta.url));
const printed = pages.map((page) => readFileSync(page, 'utf8')).join('');
rmSync(here, { recursive: true, force: true });
mkdirSync(here);
for (const [, code, name] of printed.matchAll(BLOCK)) writeFileSync(new URL(name, here), code);
writeFileSync(new URL('ui.ts', here), "export * from '../ui.js';\n");
