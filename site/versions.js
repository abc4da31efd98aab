/** Writes the first page of a folder that holds a site for each release: node site/versions.js FOLDER. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const numbersOf = (name) => name.match(/\d+/g).map(Number);
const versions = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^v\d+\.\d+\.\d+$/.test(entry.name))
  .map(({ name }) => name)
  .sort((a, b) => {
    const [ours, theirs] = [numbersOf(a), numbersOf(b)];
    const at = ours.findIndex((number, index) => number !== theirs[index]);
    return at === -1 ? 0 : theirs[at] - ours[at];
  });
const items = versions.map((name) => `<li><a href="${name}/index.html">${name}</a></li>`).join('\n');
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tripline, by version</title>
<h1>Tripline</h1>
<ul>
${items}
</ul>
`;
writeFileSync(join(folder, 'index.html'), page);
