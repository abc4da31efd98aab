/** The rows of run.ts and peers.ts for two commits in turn, each beside what these compare it with. Rows that involve other
 * programs are measured if their variables are set. */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from './checkout.ts';
import { responsiveRows } from './responsive-rows.ts';
import { headOfTable } from './row.ts';
import { inProcessRows } from './rows.ts';
import { serverRows } from './server-rows.ts';

/** Some rows have the same name, and are compared with different things. */
const names = new Set([...inProcessRows, ...serverRows, ...responsiveRows].map(({ name }) => name));
/** Scripts, and words in the names of their rows. */
const runs: readonly [script: string, word: string][] = [
  ...[...names].map((name) => ['run.ts', name] as [string, string]),
  ...['fluent bit', 'rsigma: its daemon', 'rsigma: scan'].map((word) => ['peers.ts', word] as [string, string]),
];

/** @param trees the working trees of both
 * @param only part of the words of the rows that are wanted */
export async function compareRows(trees: readonly string[], only: string): Promise<void> {
  for (const tree of trees)
    if (tree !== repository) execFileSync('npm', ['run', 'build'], { cwd: tree, stdio: 'ignore' });
  console.log(`${''.padEnd(7)}${headOfTable()}`);
  for (const [script, word] of runs) {
    if (!word.includes(only)) continue;
    for (const [at, tree] of trees.entries()) {
      for (const row of await rowsOf(tree, script, word))
        console.log(`${(at === 0 ? 'before' : 'after').padEnd(7)}${row}`);
    }
  }
}

/** The lines of the table that a script prints. A program that does not survive its row prints none. */
async function rowsOf(tree: string, script: string, word: string): Promise<string[]> {
  const { TREE: _, ...inherited } = process.env;
  const env = tree === repository ? inherited : { ...inherited, TREE: tree };
  const run = promisify(execFile)(process.execPath, [join(repository, 'bench', script), word], { env });
  const { stdout } = await run.catch(({ stderr }: { stderr: string }) => {
    return { stdout: `${word} NO figure: ${/Error: .*/.exec(stderr)?.[0] ?? stderr.slice(-500)}` };
  });
  return stdout.split('\n').filter((line) => / (yes|NO) /.test(line) || line.startsWith('Skipped'));
}
