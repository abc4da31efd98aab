/** Working trees of other commits, sharing the dependencies installed here. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tripline-compare-'));
process.once('exit', () => {
  rmSync(folder, { recursive: true });
  git('worktree', 'prune');
});

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** The path of a working tree of the commit, which is removed when this process ends. */
export function checkOut(commit: string): string {
  const hash = git('rev-parse', '--verify', `${commit}^{commit}`);
  const tree = join(folder, hash);
  if (existsSync(tree)) return tree;
  git('worktree', 'add', '--detach', tree, hash);
  if (!existsSync(join(tree, 'node_modules')))
    symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'));
  const product = join(tree, 'bench/product.ts');
  if (!existsSync(product)) {
    const first = git('log', '--reverse', '--diff-filter=A', '--format=%H', '--', 'bench/product.ts').split('\n')[0]!;
    writeFileSync(product, git('show', `${first}:bench/product.ts`));
  }
  return tree;
}
