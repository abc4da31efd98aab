/** Items that are decided by the words in bodies are decided as they are on the event. */
import { describe, expect, test } from 'vitest';
import { BodyScreen, type BodyWords } from '../../src/decisions/body-screen.ts';
import { jsonLayout } from '../../src/decisions/notation.ts';
import { fieldsOf } from '../../src/fields/index.ts';
import type { JsonMap } from '../../src/json/map.ts';
import { normalize } from '../../src/normalizers/index.ts';
import type { AuditEvent } from '../../src/record.ts';
import { type CompiledItem, compileRule, parseRules } from '../../src/sigma/index.ts';
import { plainEvents } from '../fast-path/records.ts';
import { rulesetOf } from '../tagged.ts';

const own = `title: T
sigma-version: 3
logsource: {product: kubernetes}
detection:
  flags: {hostPID: true, hostIPC|exists: false, podSpec.securityContext.runAsUser: null}
  texts: {images|contains: miner, capabilities: SYS_ADMIN, hostPath: /run/containerd, object.metadata.labels.app|neq: web}
  lists:
    - containers[any]: {image|contains: miner, securityContext.privileged: true}
    - containers[none]: {image|contains: miner}
    - containers[all]: {securityContext.runAsNonRoot: true}
    - containers[any]: {'': mining}
  raw: {requestObject.spec.nodeName|contains: node-7, responseObject.status.phase: Running, owner.kind|exists: true}
  condition: 1 of them
`;

const items = new Set<CompiledItem>([
  ...rulesetOf().program.compiledItems,
  ...compileRule(parseRules(own, 'own.yml').rules[0]!).items,
]);
const screen = new BodyScreen(items);

const container = { name: 'app', image: 'registry.example/app:1' };
const pod = (spec: JsonMap, metadata: JsonMap = {}): JsonMap => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'web-1', ...metadata },
  spec: { containers: [container], ...spec },
});
const specs: readonly JsonMap[] = [
  {},
  { hostPID: true },
  { hostPID: 'true' },
  { containers: [{ ...container, image: 'miner:1' }] },
  { containers: [{ ...container, args: ['--mining'] }, container] },
  { containers: [{ ...container, securityContext: { privileged: true, runAsNonRoot: true } }] },
  { containers: [{ ...container, securityContext: { capabilities: { add: ['cap_sys_admin'] } } }] },
  { volumes: [{ name: 'v', hostPath: { path: '/run//containerd/' } }] },
  { nodeName: 'node-7', securityContext: { runAsUser: 0 } },
];
const bodies: readonly unknown[] = [
  undefined,
  ...specs.map((spec) => pod(spec)),
  pod({}, { labels: { app: 'web' }, ownerReferences: [{ kind: 'Job', name: 'j', controller: true }] }),
  { ...pod({}), spec: undefined, status: { phase: 'Running' } },
  { kind: 'Status', status: 'Failure' },
  [{ op: 'add', path: '/spec/hostPID', value: true }],
];

function eventOf(changes: object): AuditEvent {
  const record = { ...structuredClone(plainEvents['pod create']), ...changes };
  const found = normalize(JSON.parse(JSON.stringify(record)), { maxDepth: 64 });
  if (found.kind !== 'audit') throw new Error('no audit event');
  return found.events[0]!;
}

function wordsIn(body: unknown, event: AuditEvent): BodyWords['requestObject'] {
  const among = screen.wordsFor(items, event);
  if (among === undefined || typeof body !== 'object' || Array.isArray(body)) return undefined;
  const bytes = Buffer.from(JSON.stringify(body));
  return screen.find(jsonLayout, bytes, 0, bytes.length, among);
}

describe.each(['create', 'update', 'patch'])('%s', (verb) => {
  test.each(['RequestResponse', 'Request'])('at level %s', (level) => {
    let decided = 0;
    for (const requestObject of bodies) {
      for (const responseObject of bodies.filter((body) => !Array.isArray(body))) {
        const event = eventOf({ verb, level, requestObject, responseObject });
        const lookup = fieldsOf(event);
        const words = {
          requestObject: wordsIn(requestObject, event),
          responseObject: wordsIn(responseObject, event),
        };
        for (const item of items) {
          const decision = screen.decide(item, event, words);
          if (decision === undefined) continue;
          decided++;
          expect(item.decide(lookup), JSON.stringify([item.item, requestObject, responseObject])).toBe(decision);
        }
      }
    }
    expect(decided).toBeGreaterThan(1000);
  });
});
