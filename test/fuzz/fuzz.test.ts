import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/problem.ts';
import { type FuzzTarget, fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

describe('fuzz', () => {
  it.each(targets.map((target) => [target.name, target] as const))('%s throws problems only', (_, target) => {
    expect(fuzz(target, { seed: 1, runs: 1500 })).toBe(1500);
  });

  it('changes its corpus the same way for the same seed, and another way for another', () => {
    const inputs = (seed: number) => {
      const seen: string[] = [];
      fuzz({ ...recording, run: (bytes) => void seen.push(Buffer.from(bytes).toString('hex')) }, { seed, runs: 50 });
      return seen;
    };
    expect(inputs(1)).toEqual(inputs(1));
    expect(inputs(1)).not.toEqual(inputs(2));
    expect(new Set(inputs(1)).size).toBeGreaterThan(40);
  });

  it('lets problems pass and names the input of anything else', () => {
    const problem = () => {
      throw new Problem('record.malformed', 'as it should');
    };
    expect(fuzz({ ...recording, run: problem }, { seed: 1, runs: 10 })).toBe(10);
    const defect = () => {
      throw new TypeError('not a function');
    };
    expect(() => fuzz({ ...recording, run: defect }, { seed: 7, runs: 10 })).toThrow(
      /^recording, seed 7, run 0: TypeError: not a function\ninput in base64: /,
    );
  });
});

const recording: FuzzTarget = { name: 'recording', corpus: [Buffer.from('[{"a":1},{"b":[2,3]}]')], run: () => {} };
