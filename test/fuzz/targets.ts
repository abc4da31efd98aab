/** Everything that takes bytes from others. A new input gets a line here, and a `<name>.fuzz.ts` beside this file. */
import { codecTargets, jsonTargets } from './codecs.fuzz.ts';
import type { FuzzTarget } from './fuzz.ts';
import { lintTargets } from './lint.fuzz.ts';
import { normalizerTargets } from './normalizers.fuzz.ts';
import { ruleTargets } from './rules.fuzz.ts';

export const targets: readonly FuzzTarget[] = [
  ...codecTargets,
  ...jsonTargets,
  ...lintTargets,
  ...normalizerTargets,
  ...ruleTargets,
];
