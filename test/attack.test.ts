import { expect, test } from 'vitest';
import { attackOf } from '../src/attack.ts';

test.each([
  ['no tags', [], []],
  ['a technique alone', ['attack.t1611'], [{ technique: 'T1611' }]],
  ['a tactic alone', ['attack.execution'], []],
  ['a pair', ['attack.privilege-escalation', 'attack.t1611'], [{ tactic: 'TA0004', technique: 'T1611' }]],
  ['a sub-technique', ['attack.execution', 'attack.t1059.004'], [{ tactic: 'TA0002', technique: 'T1059.004' }]],
  [
    'tactics with underscores',
    ['attack.credential_access', 'attack.t1552'],
    [{ tactic: 'TA0006', technique: 'T1552' }],
  ],
  ['other case', ['attack.Execution', 'attack.T1610'], [{ tactic: 'TA0002', technique: 'T1610' }]],
  [
    'techniques of one tactic',
    ['attack.execution', 'attack.t1609', 'attack.t1610'],
    [
      { tactic: 'TA0002', technique: 'T1609' },
      { tactic: 'TA0002', technique: 'T1610' },
    ],
  ],
  [
    'a technique before any tactic',
    ['attack.t1611', 'attack.execution', 'attack.t1610'],
    [{ technique: 'T1611' }, { tactic: 'TA0002', technique: 'T1610' }],
  ],
  [
    'two tactics in a row, which share what follows',
    ['attack.privilege-escalation', 'attack.execution', 'attack.t1611', 'attack.t1610'],
    [{ technique: 'T1611' }, { technique: 'T1610' }],
  ],
  [
    'three tactics in a row',
    ['attack.persistence', 'attack.privilege-escalation', 'attack.execution', 'attack.t1611'],
    [{ technique: 'T1611' }],
  ],
  [
    'a pair behind tactics in a row',
    ['attack.persistence', 'attack.execution', 'attack.t1611', 'attack.execution', 'attack.t1610'],
    [{ technique: 'T1611' }, { tactic: 'TA0002', technique: 'T1610' }],
  ],
  [
    'a tactic that is none',
    ['attack.execution', 'attack.t1610', 'attack.magic', 'attack.t1611'],
    [{ tactic: 'TA0002', technique: 'T1610' }, { technique: 'T1611' }],
  ],
  [
    'groups, software and data sources between',
    ['attack.g0139', 'attack.execution', 'attack.s0601', 'attack.ds0032', 'attack.t1610'],
    [{ tactic: 'TA0002', technique: 'T1610' }],
  ],
  [
    'tags of others',
    ['cve.2024.21626', 'attack.execution', 'detection.threat-hunting', 'attack.t1610'],
    [{ tactic: 'TA0002', technique: 'T1610' }],
  ],
])('%s', (_, tags, attack) => {
  expect(attackOf(tags)).toEqual(attack);
});
