#!/usr/bin/env node
/** The program that the package installs. It imports nothing that a Node before the one that is needed could not read, so
 * that such a Node says what is needed instead of where it failed. */
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [needed] = /\d+/.exec(engines.node)!;
if (Number.parseInt(process.versions.node, 10) < Number(needed)) {
  process.stderr.write(`tripline: this is Node ${process.versions.node}, and Tripline needs ${needed} or later\n`);
  process.exit(2);
}
await import('./main.ts');
