/** Plays the tables of acts against a real control plane, with Tripline on its audit webhook and on its audit log. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { sources } from '../../program.ts';
import { startSidecar } from '../../sidecar.ts';
import { type ForwardReceiver, startForwardReceiver } from '../forward-receiver.ts';
import { fluentBit, freePorts, startFluentBit, startTripline, stopAll } from '../processes.ts';
import { type Act, media } from './acts.ts';
import { type Answer, type ApiServer, startApiServer, webhookAt } from './api-server.ts';
import { cbor } from './cbor.ts';
import { prepare } from './cluster.ts';
import { startKubelet } from './kubelet.ts';
import { type Tagged, tagOf } from './tagged.ts';
import { until } from './until.ts';
import { startWebhookRelay } from './webhook-relay.ts';

const auditPolicy = join(import.meta.dirname, '../../../examples/audit-policy/policy.yaml');

/** An act and its outcome. */
export interface Played {
  act: Act;
  /** The id of its request, also part of the name of its object. */
  id: string;
  answer: Answer;
}

export interface AuditEvent {
  auditID: string;
  stage: string;
}

/** What Tripline found in an event. */
export interface Judged {
  event: AuditEvent;
  verdict: string;
  findings: Tagged['findings'];
}

export interface Outcome {
  minor: number;
  played: Played[];
  /** Ids of acts whose stored object has hostPID. */
  storedWithHostPid: Set<string>;
  /** From the log, line by line. */
  logged: Judged[];
  /** From the webhook, event by event; and the number of EventLists in which they arrived. */
  posted: Judged[];
  eventLists: number;
  /** The number of events logged before the acts whose events are lost. */
  loggedBeforeLoss: number;
  /** How many events the API server reports as lost. */
  lost: Record<'log' | 'webhook', number>;
  /** Through Fluent Bit, if there is one: what it sent to Tripline, and what came back. */
  byFluentBit?: { sent: ForwardReceiver; returned: ForwardReceiver };
  /** Holds the logs of all parts; the caller removes it. */
  folder: string;
}

/** @throws what went wrong in the play or after it; by then all parts have ended, and the folder is removed */
export async function play(acts: readonly Act[]): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-control-plane-'));
  const cleanups: (() => Promise<unknown>)[] = [stopAll];
  const failures: unknown[] = [];
  const attempt = <T>(step: () => Promise<T>) => step().catch((error) => void failures.push(error));
  const outcome = await attempt(() => playIn(folder, acts, cleanups));
  for (const cleanup of cleanups) await attempt(cleanup);
  if (failures.length === 0) return outcome!;
  rmSync(folder, { recursive: true });
  throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'));
}

/** @param cleanups collects what has to be ended afterwards, whatever the result */
async function playIn(folder: string, acts: readonly Act[], cleanups: (() => Promise<unknown>)[]): Promise<Outcome> {
  const kubelet = await startKubelet();
  cleanups.push(kubelet.close);
  const command = [process.execPath, sources];
  const [atWebhook, atLog] = await Promise.all([startSidecar([], {}, command), startSidecar([], {}, command)]);
  cleanups.push(atWebhook.stop, atLog.stop);
  const relay = await startWebhookRelay(atWebhook.url);
  cleanups.push(relay.close);
  const api = await startApiServer(folder, auditPolicy, webhookAt(`${relay.url}/v1/records`));
  const collector = fluentBit === undefined ? undefined : await startCollector(folder, api.auditLog);
  await prepare(api, kubelet);
  const logLines = () => linesOf(api.auditLog);
  const posted: Judged[] = [];
  let eventLists = 0;
  const takePosted = () => {
    const exchanges = relay.exchanges.splice(0);
    eventLists += exchanges.length;
    for (const exchange of exchanges) posted.push(...judgedIn(exchange));
    return posted.length;
  };

  const played: Played[] = [];
  const numbered = acts.map((act, index) => ({ act, id: `act-${String(index).padStart(3, '0')}` }));
  const isLost = ({ loggedSince = 0 }: Act) => api.minor < loggedSince;
  for (const { act, id } of numbered) if (!isLost(act)) played.push({ act, id, answer: await perform(api, act, id) });
  const loggedBeforeLoss = logLines().length;
  await until('the webhook has posted what is in the log', () => takePosted() >= loggedBeforeLoss);
  for (const { act, id } of numbered) if (isLost(act)) played.push({ act, id, answer: await perform(api, act, id) });
  if (acts.some(isLost)) {
    await until('the webhook has given up', async () => (await lostBy(api, 'webhook')) > 0);
  }
  const lost = { log: await lostBy(api, 'log'), webhook: await lostBy(api, 'webhook') };
  const storedWithHostPid = await hostPidIds(api);
  await api.stop();
  takePosted();

  const lines = logLines();
  const logged = await judgeLines(lines, atLog.url);
  if (collector) {
    const { sent, returned } = collector;
    await until('Fluent Bit has brought back the log', () => Math.min(sent.count(), returned.count()) >= lines.length);
    await Promise.all([sent.close(), returned.close()]);
  }
  return {
    ...{ minor: api.minor, played, storedWithHostPid, logged, posted, eventLists },
    ...{ loggedBeforeLoss, lost, byFluentBit: collector, folder },
  };
}

/** A Fluent Bit and its own Tripline, on the shipped files. */
async function startCollector(folder: string, auditLog: string) {
  const [port, forwardPort, ...ports] = await freePorts(4);
  const [sent, returned] = await Promise.all(ports.map((port) => startForwardReceiver(port, keyOfRecord)));
  await startTripline({ config: 'one-process/tripline.yaml', port, forwardPort, folder });
  startFluentBit({
    config: 'one-process/fluent-bit.yaml',
    environment: {
      AUDIT_LOG: auditLog,
      TRIPLINE_PORT: String(port),
      FORWARD_PORT: String(forwardPort),
      FLUENT_BIT_OUT: join(folder, 'out'),
      FLUENT_BIT_DATA: join(folder, 'fluent-bit'),
    },
    copies: [
      { match: 'kube.*', port: sent.port },
      { match: 'tripline.*', port: returned.port },
    ],
    folder,
  });
  return { sent, returned };
}

export const keyOf = ({ auditID, stage }: AuditEvent) => `${auditID} ${stage}`;

function keyOfRecord(body: Buffer): string {
  const record = decode(body) as AuditEvent | { log: string };
  // A line nested deeper than Fluent Bit's parser allows remains text.
  return keyOf('log' in record ? JSON.parse(record.log) : record);
}

async function perform(api: ApiServer, act: Act, id: string): Promise<Answer> {
  const named = (text: string) => text.replaceAll('$name', id);
  if (act.given) {
    const [path, object] = act.given;
    const { code, body } = await api.request('admin', `POST ${path}`, {
      headers: { 'content-type': media.json },
      body: named(JSON.stringify(object)),
    });
    if (code !== 201 && code !== 409) throw new Error(`${act.name}: what it needs was refused: ${body}`);
  }
  const { type = media.json } = act;
  const body = bodyOf(act, type, named);
  return api.request(act.as, named(act.request), {
    headers: {
      'audit-id': id,
      ...(body !== undefined && { 'content-type': type }),
      ...(act.upgrade && { connection: 'Upgrade', upgrade: act.upgrade }),
      ...act.headers,
    },
    body,
  });
}

function bodyOf({ body }: Act, type: string, named: (text: string) => string): string | Uint8Array | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return named(body);
  if (body instanceof Uint8Array) return Buffer.from(named(Buffer.from(body).toString('latin1')), 'latin1');
  const text = named(JSON.stringify(body));
  return type.includes('cbor') ? cbor(JSON.parse(text)) : text;
}

/** Resources that store pods, or pod templates. */
const collections = [
  ...['pods', 'podtemplates', 'replicationcontrollers'].map((resource) => `api/v1/${resource}`),
  ...['deployments', 'daemonsets', 'statefulsets', 'replicasets'].map((resource) => `apis/apps/v1/${resource}`),
  ...['jobs', 'cronjobs'].map((resource) => `apis/batch/v1/${resource}`),
  'apis/argoproj.io/v1alpha1/rollouts',
];

async function hostPidIds(api: ApiServer): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const collection of collections) {
    const { items } = JSON.parse((await api.request('admin', `GET /${collection}`)).body);
    for (const { metadata, spec, template } of items) {
      const podSpec = (spec?.jobTemplate?.spec?.template ?? spec?.template ?? template)?.spec ?? spec;
      if (podSpec.hostPID === true) ids.add(/^act-\d+/.exec(metadata.name)?.[0] ?? metadata.name);
    }
  }
  return ids;
}

async function lostBy(api: ApiServer, plugin: string): Promise<number> {
  const { body } = await api.request('admin', 'GET /metrics');
  return Number(new RegExp(`^apiserver_audit_error_total{plugin="${plugin}"} (\\S+)`, 'm').exec(body)?.[1] ?? 0);
}

/** One character per byte: what clients send need not be UTF-8, and is logged unchanged. */
const linesOf = (path: string) => readFileSync(path, 'latin1').split('\n').slice(0, -1);

/** Posts lines as records, and compares each returned one with the one that was sent. */
async function judgeLines(lines: readonly string[], url: string): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (let from = 0; from < lines.length; from += 100) {
    const sent = lines.slice(from, from + 100);
    const response = await fetch(`${url}/v1/records?reply=records`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Buffer.from(`${sent.join('\n')}\n`, 'latin1'),
    });
    const returned = Buffer.from(await response.arrayBuffer())
      .toString('latin1')
      .split('\n')
      .slice(0, -1);
    if (returned.length !== sent.length) throw new Error(`${sent.length} lines went in, ${returned.length} came out`);
    for (const [index, line] of sent.entries()) {
      const { verdict, findings } = tagOf(line, returned[index]!);
      judged.push({ event: JSON.parse(line), verdict, findings });
    }
  }
  return judged;
}

function judgedIn({ sent, returned }: { sent: string; returned: string }): Judged[] {
  const { verdict, findings } = tagOf(sent.trimEnd(), returned.trimEnd());
  const { items } = JSON.parse(sent) as { items: AuditEvent[] };
  return items.map((event, index) => ({
    event,
    verdict,
    findings: findings.filter((finding) => finding.event === index),
  }));
}
