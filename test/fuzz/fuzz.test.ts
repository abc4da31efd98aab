import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/problem.ts';
import { type FuzzTarget, fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

describe('fuzz', () => {
  it.each(targets.map((target) => [target.name, target] as const))('%s throws problems only', async (_, target) => {
    const runs = target.runs ?? 1500;
    expect(await fuzz(target, { seed: 1, runs })).toBe(runs);
  });

  it('changes its corpus the same way for the same seed, and differently for another', async () => {
    const inputs = async (seed: number) => {
      const seen: string[] = [];
      await fuzz(
        { ...recording, run: (bytes) => void seen.push(Buffer.from(bytes).toString('hex')) },
        { seed, runs: 50 },
      );
      return seen;
    };
    expect(await inputs(1)).toEqual(await inputs(1));
    expect(await inputs(1)).not.toEqual(await inputs(2));
    expect(new Set(await inputs(1)).size).toBeGreaterThan(40);
  });

  it('lets problems pass and names the input of anything else', async () => {
    const problem = () => {
      throw new Problem('record.malformed', 'as it should');
    };
    expect(await fuzz({ ...recording, run: problem }, { seed: 1, runs: 10 })).toBe(10);
    const defect = () => {
      throw new TypeError('not a function');
    };
    await expect(fuzz({ ...recording, run: defect }, { seed: 7, runs: 10 })).rejects.toThrow(
      /^recording: TypeError: not a function\ninput in base64: /,
    );
  });
});

const recording: FuzzTarget = { name: 'recording', corpus: [Buffer.from('[{"a":1},{"b":[2,3]}]')], run: () => {} };
