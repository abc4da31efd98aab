import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** Says why tests are skipped, a line for each reason: their names say it, or the name of the suite that is skipped. The default reporter
 * would not show it. */
const skipped: Reporter = {
  onTestRunEnd(modules) {
    const reasons = new Map<string, number>();
    for (const { children, relativeModuleId } of modules) {
      for (const test of children.allTests('skipped')) {
        const { parent } = test;
        const { fullName } = parent.type === 'suite' && parent.options.mode === 'skip' ? parent : test;
        const reason = `${relativeModuleId}: ${fullName}`;
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, tests] of reasons) console.log(` Skipped  ${reason} (${tests})`);
  },
};

/** Tests whose files share the modules of a process, which spares a fifth of their CPU: what they test keeps no state in its
 * modules, and what they open they close. */
const shared = [
  'test/{audit,authoring,avro,batch,codecs,command-line,commands,config,correlate,dead-letters}/**/*.test.ts',
  'test/{decisions,doctor,fields,findings,fluent-bit-config,inputs,json,msgpack,normalizers}/**/*.test.ts',
  'test/console/page/modules.test.ts',
  'test/{outline,redaction,rules,server,sigma,sinks,sources,state}/**/*.test.ts',
  'test/{attack,detect,network,pipeline,quiet,reference,resource-path,rules,tagger,time,truncate}.test.ts',
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
    // What failed comes last.
    reporters: [skipped, 'default'],
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
