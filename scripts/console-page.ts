/** Builds the console's page into dist/console/: as a part of `npm run build`, and before `npm start` if one of its sources is
 * newer than the last build. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const sources = at('src/console/page');

/** In the order of the cascade. */
const styles = [
  'tokens',
  'base',
  'frame',
  'parts',
  'now',
  'findings',
  'finding',
  'why-not',
  'rules',
  'tune',
  'wide',
  'phone',
];

/** @returns the script and the style sheet, as they are served */
export async function bundlePage(): Promise<{ script: string; style: string }> {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: at('.'),
    input: join(sources, 'main.tsx'),
    platform: 'browser',
    tsconfig: join(sources, 'tsconfig.json'),
  });
  const { output } = await bundle.generate({
    format: 'es',
    minify: true,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  const style = styles.map((name) => readFileSync(join(sources, 'style', `${name}.css`), 'utf8')).join('\n');
  return { script: output[0].code, style };
}

/** The source files of the page, by path. */
export function readPage({
  script,
  style,
}: {
  script: string;
  style: string;
}): Map<string, { type: string; body: string }> {
  const read = (name: string) => readFileSync(join(sources, name), 'utf8');
  return new Map([
    ['index.html', { type: 'text/html; charset=utf-8', body: read('index.html') }],
    ['assets/icon.svg', { type: 'image/svg+xml', body: read('icon.svg') }],
    ['assets/page.css', { type: 'text/css; charset=utf-8', body: style }],
    ['assets/page.js', { type: 'text/javascript; charset=utf-8', body: script }],
  ]);
}

export async function buildPage(folder = at('dist/console')): Promise<void> {
  const files = readPage(await bundlePage());
  mkdirSync(join(folder, 'assets'), { recursive: true });
  // The script is written last: the next start compares its time.
  for (const [name, { body }] of files) writeFileSync(join(folder, name), body);
}

function isBuilt(): boolean {
  const built = statSync(at('dist/console/assets/page.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const paths = readdirSync(sources, { recursive: true, encoding: 'utf8' }).map((path) => join(sources, path));
  return [...paths, at('package-lock.json'), fileURLToPath(import.meta.url)].every(
    (path) => statSync(path).mtimeMs <= built,
  );
}

if (import.meta.main && !isBuilt()) {
  try {
    await buildPage();
  } catch (error) {
    // The sidecar works without a page: installed without development dependencies, there is nothing to build with.
    console.error(`The console's page is not built: ${(error as Error).message}`);
  }
}
