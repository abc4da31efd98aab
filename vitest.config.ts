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

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
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
