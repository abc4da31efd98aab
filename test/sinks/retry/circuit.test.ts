import { describe, expect, test } from 'vitest';
import { backoff } from '../../../src/sinks/retry/backoff.ts';
import { openCircuit, type Pass } from '../../../src/sinks/retry/circuit.ts';
import { recorder } from '../contract.ts';

function circuit(random = () => 0.5) {
  const { lines, logger } = recorder();
  const changes: boolean[] = [];
  const time = { now: 0 };
  const receiver = 'sink a: b:1';
  const opened = openCircuit({ receiver, logger, onChange: (is) => changes.push(is), clock: () => time.now, random });
  const admit = () => {
    const pass = opened.admit();
    if (typeof pass === 'string') throw new Error(pass);
    return pass;
  };
  return { ...opened, admitted: admit, lines, changes, time };
}

describe('a circuit', () => {
  test('lets all through while the receiver answers', () => {
    const { admitted, refusal, changes } = circuit();
    const passes = [admitted(), admitted(), admitted()];
    for (const pass of passes) pass.succeeded();
    expect(refusal()).toBeUndefined();
    expect(changes).toEqual([]);
  });

  test('admits one probe at once after a failure, and refuses the others until it has reported', () => {
    const { admitted, admit, refusal, changes } = circuit();
    admitted().failed('refuses connections');
    expect(changes).toEqual([true]);
    expect(refusal()).toBeUndefined();
    const probe = admitted();
    expect(refusal()).toBe('refuses connections; it is being tried again');
    expect(admit()).toBe(refusal());
    probe.succeeded();
    expect(refusal()).toBeUndefined();
    expect(changes).toEqual([true, false]);
  });

  test('leaves a receiver alone for as long as it asks, but at most a minute', () => {
    const { admitted, refusal, time } = circuit();
    admitted().failed('is busy', 7000);
    expect(refusal()).toBe('is busy; it is tried again in 7.0 s');
    time.now += 7000;
    admitted().failed('is busy', 86_400_000);
    expect(refusal()).toBe('is busy; it is tried again in 60.0 s');
  });

  test('pauses longer with each failed probe, and says how long', () => {
    const { admitted, refusal, time, lines } = circuit(() => 1);
    const pauses = Array.from({ length: 9 }, () => {
      admitted().failed('is silent');
      const [, seconds = '0'] = /^is silent; it is tried again in ([\d.]+) s$/.exec(refusal() ?? '') ?? [];
      time.now += Number(seconds) * 1000;
      return Number(seconds);
    });
    expect(pauses).toEqual([0, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]);
    expect(lines).toMatchObject([{ level: 'warn', message: 'sink a: b:1 is silent' }]);
    admitted().succeeded();
    expect(lines.at(-1)).toMatchObject({ level: 'info', message: 'sink a: b:1 is back', fields: { failures: 9 } });
  });

  test('counts concurrent failures as one', () => {
    const { admitted, refusal } = circuit();
    const passes = [admitted(), admitted(), admitted()];
    for (const pass of passes) pass.failed('is gone');
    expect(refusal()).toBeUndefined();
  });

  test('ignores failures of what was admitted before it recovered', () => {
    const { admitted, refusal } = circuit();
    const [first, second] = [admitted(), admitted()];
    first.failed('is gone');
    admitted().succeeded();
    second.failed('is gone');
    expect(refusal()).toBeUndefined();
    admitted();
    admitted();
  });

  test('admits the next probe if the last one learned nothing', () => {
    const { admitted, refusal } = circuit();
    admitted().failed('is gone');
    const probe = admitted();
    probe.left();
    expect(refusal()).toBeUndefined();
    admitted();
    expect(refusal()).toMatch('being tried');
    // What the old probe reports later does not count.
    probe.succeeded();
    expect(refusal()).toMatch('being tried');
  });

  test('allows few retries, and more as more arrives', () => {
    const { admitted, mayRetry } = circuit();
    const allowed = () => Array.from({ length: 30 }, mayRetry).filter(Boolean).length;
    expect(allowed()).toBe(10);
    for (let n = 0; n < 40; n++) admitted().succeeded();
    expect(allowed()).toBe(5);
  });

  test('a pass reports only once', () => {
    const { admitted, changes } = circuit();
    const pass: Pass = admitted();
    pass.succeeded();
    pass.failed('is gone');
    expect(changes).toEqual([]);
  });
});

test('pauses are spread over their whole length', () => {
  expect([0, 0.25, 1].map((random) => backoff(4, () => random))).toEqual([0, 200, 800]);
});
