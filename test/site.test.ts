/** The site of the documentation: what `npm run docs` builds from is complete, pinned and its own. The build itself, with the
 * check of all links, is a job of CI. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a script of the site, without types
import { groups } from '../site/pages.js';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const menu = (groups as [string, [string, string][]][]).flatMap(([, pages]) => pages.map(([, path]) => path));

test('the menu has every page of docs, and none that is not there', () => {
  expect(globSync('docs/**/*.md', { cwd: root }).filter((path) => !menu.includes(path))).toEqual([]);
  expect(menu.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(new Set(menu).size).toBe(menu.length);
});

test('what builds it has exact versions, and no scripts of its own run when it is installed', () => {
  const { devDependencies } = JSON.parse(read('site/package.json'));
  for (const version of Object.values(devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  const { packages } = JSON.parse(read('site/package-lock.json'));
  const withScripts = Object.entries(packages).filter(
    ([, one]) => (one as { hasInstallScript?: true }).hasInstallScript,
  );
  expect(withScripts).toEqual([]);
});

test('a page loads nothing from elsewhere', () => {
  for (const path of ['site/_includes/page.njk', 'site/style.css', 'site/search.js']) {
    expect(read(path)).not.toMatch(/https?:|(["'(])\/\//);
  }
});
