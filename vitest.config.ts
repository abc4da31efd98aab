import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

/** Says why tests are skipped, a line for each reason: their names say it, or the name of the suite that is skipped. The
 * default reporter would not show it. */
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

/** Tests that count steps or measure memory, of modules that nothing else has used, set what holds for a whole process (flags of
 * V8, OpenTelemetry's providers), or close pipes that are written to. All others share the modules of a process, which spares
 * them to load: what is kept there changes no result, and what tests open they close. */
const alone = [
  'test/{batch-memory,bench,growth,heap,processing,reports,signals}.test.ts',
  'test/codecs/msgpack.test.ts',
  'test/console/{page/{browser,build,sidecar},thread}.test.ts',
  'test/correlate/{memory,steps,targets}.test.ts',
  'test/decisions/{flood,intern}.test.ts',
  'test/fast-path/hazards.test.ts',
  'test/fuzz/*.test.ts',
  'test/inputs/joined-lines.test.ts',
  'test/redaction/odd.test.ts',
  'test/siege/*.test.ts',
  'test/sinks/stdout.test.ts',
  'test/telemetry/*.test.ts',
  'test/torture/*.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: 'test/build.ts',
    projects: [
      { extends: true, test: { name: 'shared', isolate: false, include: ['test/**/*.test.ts'], exclude: alone } },
      { extends: true, test: { name: 'alone', include: alone } },
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
