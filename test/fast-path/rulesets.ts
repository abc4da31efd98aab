/** Rule sets with which a pipeline is reloaded: the bundled one, and others that decide the same records differently. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ruleset } from '../../src/detect.ts';
import { loadRules } from '../../src/rules/index.ts';
import { bundledRules } from '../server/app.ts';

/** Rules with features that a fast path may treat separately: on the whole event, bodies, case, types, in shadow. */
const ownRules = `
title: Word
name: word
logsource: { product: kubernetes }
detection: { keywords: [cluster-admin, '*tools*'], condition: keywords }
---
title: Who
name: who
logsource: { product: kubernetes }
detection: { a: { username|expand: '%people%' }, b: { verb: [get, list] }, condition: a and not b }
---
title: Types
name: types
logsource: { product: kubernetes }
detection:
  one: { responseStatus.code: 201 }
  text: { responseStatus.code: '201' }
  more: { responseStatus.code|gte: 400 }
  cased: { verb|cased: create }
  folded: { verb: CREATE }
  condition: (one and not text) or (more and cased) or (folded and not cased)
---
title: Body
name: body
logsource: { product: kubernetes }
detection: { a: { resource: pods, hostPID: true }, b: { requestObject.spec.hostIPC: true }, condition: 1 of them }
tripline: { mode: shadow, levels: [{ condition: b, level: high }] }
---
title: Twice
name: twice
correlation: { type: event_count, rules: [types], group-by: [username, verb], timespan: 10m, condition: { gte: 2 }, generate: true }
---
title: Agent
name: agent
correlation: { type: new_terms, rules: [who], timespan: 1h, condition: { field: userAgent } }
tripline: { learning: 0s }
`;

const exceptions = `
title: Known people
name: known-people
logsource: { product: kubernetes }
filter: { rules: any, a: { username: ann }, condition: not a }
---
title: Known pods
name: known-pods
logsource: { product: kubernetes }
filter: { rules: [pod-host-pid, body], a: { requestObject.metadata.name: [web-1, w] }, condition: not a }
`;

const folder = mkdtempSync(join(tmpdir(), 'tripline-fast-path-'));
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const own = file('own.yml', ownRules);
const except = file('exceptions.yml', exceptions);
const people = (...names: string[]) => ({ people: names });
const bundledAnd = (...rules: string[]) => [bundledRules, ...rules];

export const rulesets: Readonly<Record<string, Ruleset>> = {
  bundled: loadRules({ rules: [bundledRules] }).ruleset,
  own: loadRules({ rules: [own], values: people('ann', 'system:*') }).ruleset,
  'own, other people': loadRules({ rules: [own], values: people('system:node:node-1', 'kubernetes-admin') }).ruleset,
  'own, nobody': loadRules({ rules: [own], values: people() }).ruleset,
  'all, with exceptions': loadRules({ rules: bundledAnd(own), exceptions: [except], values: people('ann') }).ruleset,
};
rmSync(folder, { recursive: true });
