/** Small forms of the attacks of `npm run siege`, against one server, and whether the ceilings are enforced. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { shortAttacks } from './attacks.ts';
import { type Attack, besiege, tooMuch } from './siege.ts';

// What a process uses is read from /proc.
test.skipIf(!existsSync('/proc/self/schedstat'))(
  'no attack ends the server, silences it, or exceeds its ceilings, which would be noticed',
  async () => {
    const nothing: Attack = {
      name: 'nothing',
      limit: 'none',
      ceilings: { memory: 1, cpu: -1, silence: -1 },
      run: async () => {},
    };
    const rows: string[] = [];
    const faults: string[] = [];
    await besiege([...shortAttacks, nothing], 1536, ({ name, ceilings }, outcome) => {
      const { memory, cpu, silence } = outcome;
      rows.push(
        `${name}: ${memory.toFixed(0)} of ${ceilings.memory} MiB, ${cpu.toFixed(1)} of ${ceilings.cpu.toFixed(1)} s of CPU, ` +
          `${silence.toFixed(2)} of ${ceilings.silence} s of silence`,
      );
      faults.push(
        ...outcome.faults.map((fault) => `${name}: ${fault.replace(/ is above.*/, '').replace(/ [\d.]+$/, '')}`),
      );
    });
    console.log(rows.join('\n'));
    expect(faults).toEqual(['nothing: memory', 'nothing: cpu', 'nothing: silence']);
  },
);

test('what is above its ceiling is named, and so is what was not measured', () => {
  const ceilings = { memory: 100, cpu: 10, silence: 1 };
  expect(tooMuch({ memory: 100, cpu: 9, silence: 0 }, ceilings)).toEqual([]);
  expect(tooMuch({ memory: 101, cpu: Number.NaN, silence: 0 }, ceilings)).toEqual([
    'memory 101.00 is above 100',
    'cpu NaN is above 10',
  ]);
});
