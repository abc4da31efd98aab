/** Builds the program before the first test. Run from the sources, each start would use three times the CPU. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export function setup(): void {
  const build = join(import.meta.dirname, '../scripts/build.ts');
  execFileSync(process.execPath, [build, '--javascript'], { stdio: 'inherit' });
}
