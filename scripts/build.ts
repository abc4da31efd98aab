/** Builds what is published: `npm run build`. Declarations from the sources as they are; JavaScript in few files, because
 * loading 700 of them would take longer at startup than running the code in them; and the parsed form of the bundled rules. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { buildPage } from './console-page.ts';
import { preparedRules } from './prepared-rules.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Packages that are bundled: those with many modules that every start loads. All of OpenTelemetry, because with two copies of
 * its API nothing is traced. */
const bundled = /^(@opentelemetry|ipaddr\.js|re2js|typebox|yaml)(\/|$)/;

rmSync(at('dist'), { recursive: true, force: true });
// With --javascript there are no declarations, which take most of the time.
if (!process.argv.includes('--javascript'))
  execFileSync(at('node_modules/.bin/tsc'), ['-p', at('tsconfig.build.json')], { stdio: 'inherit' });

const bundle = await rolldown({
  cwd: at('.'),
  input: {
    tripline: 'src/tripline.ts',
    main: 'src/main.ts',
    index: 'src/index.ts',
    'processing/thread': 'src/processing/thread.ts',
    'processing/console': 'src/console/thread.ts',
    'scanning/unit-thread': 'src/scanning/unit-thread.ts',
  },
  platform: 'node',
  external: (id) => /^[@a-z]/.test(id) && !bundled.test(id),
});
await bundle.write({
  dir: at('dist'),
  comments: { legal: true, annotation: false, jsdoc: false },
  // At the same depth as the folders of the sources, because some locate files relative to themselves.
  chunkFileNames: 'parts/[name]-[hash].js',
});
mkdirSync(at('dist/rules'), { recursive: true });
writeFileSync(at('dist/rules/prepared.bin'), preparedRules());
await buildPage();
