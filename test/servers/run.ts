/** `npm run test:servers`: tests that depend on real servers. It starts each server that a variable names, runs the tests that
 * use it, and reports which are not named. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** By variable, what it names and the tests that use it. */
const servers: Record<string, { names: string; tests: readonly string[] }> = {
  KAFKA: { names: 'the folder of the jars of Kafka', tests: ['test/fleet'] },
  VALKEY: {
    names: 'a valkey-server or redis-server',
    tests: ['test/state/valkey.test.ts', 'test/state/sidecars.test.ts', 'test/fleet/fleet.test.ts'],
  },
  FLUENT_BIT: { names: 'a fluent-bit with its output kafka', tests: ['test/fleet/kafka.test.ts'] },
  S3: { names: 'a versitygw', tests: ['test/storage/servers.test.ts'] },
  GCS: { names: 'a fake-gcs-server', tests: ['test/storage/servers.test.ts'] },
  AZURITE: { names: 'an azurite-blob', tests: ['test/storage/servers.test.ts'] },
};

const given = Object.entries(servers).filter(([variable]) => process.env[variable]);
for (const [variable, { names }] of Object.entries(servers)) {
  const value = process.env[variable];
  console.log(`${variable.padEnd(10)} ${value || `not set: the path of ${names}; its tests are skipped`}`);
  if (value && !existsSync(value)) {
    console.error(`${variable} names ${value}, which is not there`);
    process.exit(2);
  }
}
if (given.length === 0) process.exit(2);
const tests = [...new Set(given.flatMap(([, { tests }]) => tests))];
// One after another: each has servers of its own, and a machine has few cores.
const { status } = spawnSync('npx', ['vitest', 'run', '--maxWorkers=1', ...tests], { cwd: root, stdio: 'inherit' });
process.exit(status ?? 1);
