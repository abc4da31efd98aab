import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** The name of a test that is skipped says why; the default reporter would not show it. */
const skipped: Reporter = {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    for (const { module, fullName } of tests) console.log(` Skipped  ${module.relativeModuleId}: ${fullName}`);
  },
};

/** Tests of parts that keep no state and reach nothing outside. Their files share the modules of a process, which spares a
 * quarter of their CPU. */
const pure = [
  'test/{audit,batch,codecs,correlate,decisions,fields,json,msgpack,normalizers,outline,sigma}/**/*.test.ts',
  'test/{attack,detect,network,pipeline,quiet,reference,resource-path,rules,tagger,time,truncate}.test.ts',
];
/** They count steps or measure memory, of modules that nothing else has used. */
const measuring = [
  'test/correlate/{memory,steps}.test.ts',
  'test/decisions/{flood,intern}.test.ts',
  'test/codecs/msgpack.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', isolate: false, include: pure, exclude: measuring } },
      { extends: true, test: { name: 'measuring', include: measuring } },
      { extends: true, test: { name: 'other', include: ['test/**/*.test.ts'], exclude: pure } },
    ],
    reporters: ['default', skipped],
    // On two cores one worker would be used.
    maxWorkers: '100%',
    // Property tests and the fuzz smoke run share two cores with the rest on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Programs that tests start load the same modules again and again.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'tripline-test-compiled') },
    slowTestThreshold: 10_000,
  },
});
