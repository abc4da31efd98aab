/** The documentation site: the sources of `npm run docs` are complete, pinned and self-contained. The build itself, with the
 * check of all links, is a job of CI. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: a script of the site, without types
import { groups } from '../site/pages.js';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const menu = (groups as [string, [string, string][]][]).flatMap(([, pages]) => pages.map(([, path]) => path));

test('the menu has every page of docs, and none that does not exist', () => {
  expect(globSync('docs/**/*.md', { cwd: root }).filter((path) => !menu.includes(path))).toEqual([]);
  expect(menu.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(new Set(menu).size).toBe(menu.length);
});

test('its build dependencies have exact versions, and run no scripts when they are installed', () => {
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
