/** Fails where a page of a site links to what is not there, or loads something from elsewhere: node site/check.js FOLDER. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

const folder = process.argv[2];
const pages = new Map(
  globSync('**/*.html', { cwd: folder }).map((page) => [page, readFileSync(join(folder, page), 'utf8')]),
);
const idsOf = (page) => new Set([...pages.get(page).matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id));
const ids = new Map([...pages.keys()].map((page) => [page, idsOf(page)]));

const wrong = [];
for (const [page, html] of pages) {
  for (const [, element, attribute, value] of html.matchAll(/<(\w+)\b[^>]*?\s(href|src)="([^"]*)"/g)) {
    if (/^[a-z]+:|^\/\//i.test(value)) {
      if (element !== 'a' && !value.startsWith('data:')) wrong.push(`${page}: <${element} ${attribute}> is elsewhere: ${value}`);
      continue;
    }
    const [path, hash = ''] = value.replaceAll('&amp;', '&').split('#');
    const target = path === '' ? page : join(dirname(page), decodeURIComponent(path));
    if (!existsSync(join(folder, target))) wrong.push(`${page}: ${value} is not there`);
    else if (hash !== '' && ids.has(target) && !ids.get(target).has(decodeURIComponent(hash)))
      wrong.push(`${page}: ${value} has no such heading`);
  }
}
for (const style of globSync('*.css', { cwd: folder })) {
  if (/url\(\s*['"]?(?:https?:)?\/\//.test(readFileSync(join(folder, style), 'utf8')))
    wrong.push(`${style} loads something from elsewhere`);
}
for (const line of wrong) console.error(line);
console.log(`${pages.size} pages, ${wrong.length} dead links`);
process.exitCode = pages.size > 0 && wrong.length === 0 ? 0 : 1;
