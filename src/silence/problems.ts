/** What the console shows of silent sources among what is wrong. */
import type { ProblemNow } from '../console/api.ts';
import { describeSource, type Silence } from './index.ts';

export function silenceProblems(silences: readonly Silence[]): ProblemNow[] {
  return silences.map((silence) => ({
    code: 'source.silent',
    message: `${describeSource(silence)} sends no audit records`,
    remedy: REMEDY,
    since: silence.since.toISOString(),
  }));
}

/** What to look at, in this order. */
export const REMEDY =
  'Look at the log of Fluent Bit (a refused connection, a status that is not 2xx), at whether the audit log grows, and at who ' +
  'changed the audit policy or the logging of the cluster.';
