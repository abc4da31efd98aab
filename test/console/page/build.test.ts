/** The built page: how large it is, and that nothing in it refers elsewhere. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundlePage, readPage } from '../../../scripts/console-page.ts';

const KB = 1000;

test('it is small, is one script and one style sheet, and refers to nothing else', async () => {
  const files = readPage(await bundlePage());
  const body = (name: string) => files.get(name)!.body;
  expect(gzipSync(body('assets/page.js')).length).toBeLessThan(60 * KB);
  expect(gzipSync(body('assets/page.css')).length).toBeLessThan(10 * KB);
  const index = body('index.html');
  const paths = [...index.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path!);
  expect(paths.toSorted()).toEqual(['/assets/icon.svg', '/assets/page.css', '/assets/page.js']);
  for (const path of paths) expect(files.has(path.slice(1))).toBe(true);
  // What the policy would refuse.
  expect(index).not.toMatch(/style=|<style|<script(?! type="module" src)/);
  expect(body('assets/page.css')).not.toMatch(/url\(|@import/);
  expect(body('assets/page.js')).not.toMatch(/import\s*\(|\beval\(|new Function/);
});
