/** Everything that reads bytes from others. A new input gets a line here, and a `<name>.fuzz.ts` beside this file. */
import { authorizationTargets } from './authorization.fuzz.ts';
import { caseTargets } from './cases.fuzz.ts';
import { codecTargets, jsonTargets } from './codecs.fuzz.ts';
import { configTargets } from './config.fuzz.ts';
import { correlationTargets } from './correlations.fuzz.ts';
import { encodingTargets } from './encodings.fuzz.ts';
import { forwardTargets } from './forward.fuzz.ts';
import type { FuzzTarget } from './fuzz.ts';
import { inputTargets } from './inputs.fuzz.ts';
import { lintTargets } from './lint.fuzz.ts';
import { normalizerTargets } from './normalizers.fuzz.ts';
import { redactionTargets } from './redaction.fuzz.ts';
import { referenceTargets } from './reference.fuzz.ts';
import { ruleTargets } from './rules.fuzz.ts';
import { spoolTargets } from './spool.fuzz.ts';
import { stateTargets } from './state.fuzz.ts';
import { textTargets } from './texts.fuzz.ts';
import { wayTargets } from './ways.fuzz.ts';

export const targets: readonly FuzzTarget[] = [
  ...authorizationTargets,
  ...caseTargets,
  ...codecTargets,
  ...configTargets,
  ...correlationTargets,
  ...encodingTargets,
  ...forwardTargets,
  ...inputTargets,
  ...jsonTargets,
  ...lintTargets,
  ...normalizerTargets,
  ...redactionTargets,
  ...referenceTargets,
  ...ruleTargets,
  ...spoolTargets,
  ...stateTargets,
  ...textTargets,
  ...wayTargets,
];
