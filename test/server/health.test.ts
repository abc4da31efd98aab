/** What /readyz reports about rules and state. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { statusOf } from '../../src/processing/status.ts';
import { healthRoutes } from '../../src/server/health.ts';
import { memoryStore } from '../../src/state/memory.ts';
import { openState } from '../../src/state/state.ts';

test('a state that cannot be written is reported on /readyz, which stays ready', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-status-'));
  const path = join(folder, 'inside', 'state');
  const state = await openState({ path }, memoryStore(), pino({ level: 'silent' }));
  const rules = {
    ruleset: () => ({ hash: 'h', rules: [], correlations: [] }) as never,
    refusal: () => undefined,
    broken: () => [],
  };
  const app = Fastify();
  const ready = async () => (await app.inject('/readyz')).json();
  healthRoutes(app, {
    isDraining: () => false,
    rules: () => {
      const stateUnwritten = state.unwritten();
      return statusOf(rules, stateUnwritten === undefined ? {} : { stateUnwritten });
    },
    telemetry: { prometheus: async () => '' },
  });
  expect(await ready()).toEqual({ status: 'ready', ruleset: 'h', rules: 0, correlations: 0 });
  rmSync(join(folder, 'inside'), { recursive: true });
  writeFileSync(join(folder, 'inside'), '');
  await state.close();
  // Without the path, as the page is open to all.
  expect(await ready()).toEqual({
    status: 'ready',
    ruleset: 'h',
    rules: 0,
    correlations: 0,
    stateUnwritten: { since: expect.stringMatching(/^\d{4}-/), code: expect.stringMatching(/^E/) },
  });
  await app.close();
});
