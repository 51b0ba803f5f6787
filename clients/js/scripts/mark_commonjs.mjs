/** Tells Node that what is below `dist/cjs` is CommonJS, in a package of ES modules. */

import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
