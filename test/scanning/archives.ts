/** Archives of a cluster whose files cover the same time, and the results of rules and correlations of every type for them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Random } from '../../bench/random.ts';
import { lines } from '../commands/files.ts';
import { fencesOf } from '../fences.ts';
import { podEvent } from '../server/app.ts';

export interface Archives {
  /** Folder of the files. */
  folder: string;
  /** One file with the same records in order of time. */
  inOrder: string;
  /** Folder of rules. */
  rules: string;
  /** The records of each file in order, by its path. */
  records: Map<string, Record<string, any>[]>;
}

const BEGIN = Date.UTC(2026, 4, 1, 10);

/** A rule that no correlation counts. */
const listed = `title: ConfigMaps Listed
name: listed
logsource: { product: kubernetes, service: audit }
detection: { listed: { verb: list, resource: configmaps, name: n-3 }, condition: listed }
`;

/** Correlations that are evaluated at the end of a window, and one that counts another correlation. */
const late = `title: Pod Left
name: left
correlation:
  type: temporal
  rules: [pod-made, pod-deleted]
  group-by: [name]
  timespan: 3m
  condition: pod-made and not pod-deleted
tripline: { summary: '[{name}] was left' }
---
title: Few Reads
name: few-reads
correlation: { type: event_count, rules: [secret-get], group-by: [username], timespan: 2m, condition: { lt: 4 } }
level: low
tripline: { summary: '[{username}] read Secrets [{value}] times, the last [{namespace}/{name}]' }
---
title: Reads Again
name: reads-again
correlation: { type: event_count, rules: [many-secrets], group-by: [username], timespan: 4h, condition: { gte: 2 } }
tripline: { summary: '[{username}] again, with [{name}]' }
`;

/** Rules of the page about correlations, which has one of each type. */
function writeRules(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const rules = fencesOf('docs/rules/correlations.md').filter(({ text }) => /^title: /.test(text));
  for (const [index, { text }] of rules.entries()) writeFileSync(join(folder, `${index}.yml`), text);
  writeFileSync(join(folder, 'listed.yml'), listed);
  writeFileSync(join(folder, 'late.yml'), late);
}

function eventAt(random: Random, index: number): Record<string, any> {
  // Bursts, and hours in which hardly anything happens.
  const burst = Math.floor(index / 100);
  const at = BEGIN + burst * 2_400_000 + (index % 100) * 5_000 + random.below(4000);
  const micros = String(random.below(1000)).padStart(3, '0');
  const time = new Date(at).toISOString().replace('Z', `${micros}Z`);
  const username = `user-${random.below(burst % 3 === 0 ? 2 : 5)}`;
  const name = `n-${random.below(12)}`;
  const of = (
    verb: string,
    resource: string,
    more: Record<string, unknown> = {},
    object?: Record<string, unknown>,
  ) => ({
    ...podEvent({ auditID: `id-${index}`, hostPID: false }),
    verb,
    user: { username, groups: ['system:authenticated'] },
    objectRef: { resource, name, apiVersion: 'v1', ...more },
    requestURI: `/api/v1/${resource}/${name}`,
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    requestObject: object,
    responseObject: object,
    responseStatus: { metadata: {}, code: verb === 'create' ? 201 : 200 },
  });
  const namespace = random.below(3) === 0 ? 'kube-system' : 'shop';
  const rbac = { apiGroup: 'rbac.authorization.k8s.io' };
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return of('get', 'secrets', { namespace });
    case 3:
      return of('update', 'clusterroles', rbac, { metadata: { name } });
    case 4:
      return of('create', 'clusterrolebindings', rbac, { metadata: { name }, roleRef: { kind: 'ClusterRole', name } });
    case 5: {
      const spec = { replicas: random.below(150) };
      return of('update', 'deployments', { namespace, apiGroup: 'apps' }, { metadata: { name, namespace }, spec });
    }
    case 6:
      return of(
        random.below(2) === 0 ? 'create' : 'delete',
        'pods',
        { namespace: 'kube-system' },
        { metadata: { name } },
      );
    default:
      return of('list', 'configmaps', { namespace });
  }
}

/** Writes them below a folder.
 * @param count of records
 * @param files over which they are spread at random */
export function writeArchives(root: string, { count = 1500, files = 7, seed = 1 } = {}): Archives {
  const random = new Random(seed, 0);
  const events = Array.from({ length: count }, (_, index) => eventAt(random, index));
  const folder = join(root, 'archive');
  const rules = join(root, 'rules');
  const inOrder = join(root, 'in-order.log');
  mkdirSync(join(folder, 'day'), { recursive: true });
  writeRules(rules);
  const records = new Map<string, Record<string, any>[]>();
  for (const event of events) {
    const path = join(folder, `day/${random.below(files)}.log`);
    const own = records.get(path) ?? [];
    // Records that are logged at the end of a request are not quite in the order in which requests came in.
    own.splice(Math.max(0, own.length - random.below(3)), 0, event);
    records.set(path, own);
  }
  for (const [index, [path, own]] of [...records].entries()) {
    const text = lines(...own);
    writeFileSync(path, index % 3 === 0 ? gzipSync(text) : index % 3 === 1 ? zstdCompressSync(text) : text);
  }
  const timeOf = ({ requestReceivedTimestamp }: Record<string, any>) => requestReceivedTimestamp;
  writeFileSync(inOrder, lines(...events.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))));
  return { folder, inOrder, rules, records };
}
