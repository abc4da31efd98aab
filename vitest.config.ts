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

/** Tests whose files share the modules of a process, which spares a fifth of their CPU: what they test keeps no state in its
 * modules, and what they open they close. */
const shared = [
  'test/{audit,authoring,avro,batch,codecs,command-line,commands,config,correlate,dead-letters}/**/*.test.ts',
  'test/{decisions,doctor,fields,findings,fluent-bit-config,inputs,json,msgpack,normalizers}/**/*.test.ts',
  'test/console/*.test.ts',
  'test/console/page/modules.test.ts',
  'test/fast-path/{entry-hazards,outlined}.test.ts',
  'test/{console-client,enrichment,novelty,outline,redaction,rules,server,sigma,silence,sinks,sources}/**/*.test.ts',
  'test/{state,storage}/**/*.test.ts',
  'test/{attack,batch-memory,deep-nesting,detect,docs,examples,fast-path,missing-parts,network}.test.ts',
  'test/{pipeline,quiet,reference,reports,resource-path,rule-pages,rules,schemas,tagger,time,truncate}.test.ts',
];
/** They count steps or measure memory, of modules that nothing else has used, or close pipes that are written to. */
const alone = [
  'test/correlate/{memory,steps}.test.ts',
  'test/decisions/{flood,intern}.test.ts',
  'test/codecs/msgpack.test.ts',
  'test/redaction/odd.test.ts',
  'test/inputs/joined-lines.test.ts',
  'test/sinks/stdout.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: 'test/build.ts',
    projects: [
      { extends: true, test: { name: 'shared', isolate: false, include: shared, exclude: alone } },
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'other', include: ['test/**/*.test.ts'], exclude: shared } },
    ],
    reporters: ['default', skipped],
    // By default one worker would be used on two cores; some tests wait for a process or a clock more than they work.
    maxWorkers: '150%',
    // Property tests and the fuzz smoke run share two cores with the rest on a small machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Programs that tests start load the same modules again and again.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'tripline-test-compiled') },
    slowTestThreshold: 10_000,
  },
});
