/** Builds `dist` before the tests that run it in a process of its own. */

import { execFileSync } from 'node:child_process';

export default function build(): void {
  execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
}
