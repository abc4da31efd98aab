/** The sink of alerts. */
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { messageOf, messageOfSilence } from '../alerts/message.ts';
import { openEndpoint } from '../request/endpoint.ts';
import { openPosting, type Piece, type Protocol } from '../request/records.ts';
import { underPath } from '../request/settings.ts';
import { verdictOf } from '../request/status.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { openFound } from '../rows/found.ts';
import type { DeliveryResult, Sink, SinkDependencies } from '../sink.ts';
import { alertOf } from './alert.ts';
import { bodyOf, openFiring, RESEND_MILLISECONDS } from './firing.ts';
import type { AlertmanagerConfig } from './settings.ts';

/** Bytes of the alerts in one request. */
const REQUEST_BYTES = 512 * 1024;
/** How long the alert of a silent source fires if Tripline stops meanwhile. */
const SILENCE_MILLISECONDS = 5 * RESEND_MILLISECONDS;

/** The alerts of a record, as JSON with commas between them. */
interface Alerts extends Piece {
  alerts: readonly { id: string; alert: string; endsAt: number }[];
}

/** A sink that has a batch once one of the named Alertmanagers has the alerts of its findings: those that were down get them
 * when all firing alerts are sent again. */
export async function openAlerts(config: AlertmanagerConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { name, urls, consoleUrl, firingSeconds, timeoutSeconds } = config;
  const { logger, listenForSilences } = dependencies;
  const foundOf = openFound(config.records, dependencies);
  const firing = openFiring();
  const silent = new Map<string, ReturnType<typeof messageOfSilence>>();

  function alertsOf(batch: TaggedBatch, index: number): Alerts[] {
    const now = Date.now();
    const endsAt = now + firingSeconds * 1000;
    const alerts = foundOf(batch, index)
      .filter(({ emitted }) => !firing.has(emitted.finding.id))
      .map(({ emitted, context }) => {
        const message = messageOf(emitted, context, consoleUrl);
        return { id: emitted.finding.id, alert: JSON.stringify(alertOf(message, now, endsAt)), endsAt };
      });
    return alerts.length === 0 ? [] : [{ index, alerts, bytes: Buffer.from(alerts.map(({ alert }) => alert).join()) }];
  }

  const protocol: Protocol<Alerts> = {
    piecesOf: alertsOf,
    requestOf: (_, pieces) => ({ contentType, body: bodyFrom(pieces.map(({ bytes }) => String(bytes))) }),
    verdictOf(answer, pieces) {
      const verdict = verdictOf(answer);
      if (verdict.kind === 'taken') {
        for (const { alerts } of pieces) for (const { id, ...kept } of alerts) firing.put(id, kept);
      }
      return verdict;
    },
  };

  const down = new Set<string>();
  const places = urls.map((url) => ({ ...config, url: underPath(url, 'api/v2/alerts'), compression: 'none' as const }));
  const members = await Promise.all(
    places.map((place) => {
      const onDown = (_: string, isDown: boolean) => {
        if (isDown) down.add(place.url);
        else down.delete(place.url);
        dependencies.onDown(name, down.size === places.length);
      };
      return openPosting({ ...place, maxRequestBytes: REQUEST_BYTES }, protocol, { ...dependencies, onDown });
    }),
  );
  const endpoints = await Promise.all(places.map((place) => openEndpoint(place, `sink ${name}`, logger)));
  const warn = rateLimited(logger, 'warn');

  async function post(body: Buffer): Promise<void> {
    await Promise.all(
      endpoints.map(async ({ post, address }) => {
        const verdict = verdictOf(
          await post({ body, contentType, deadline: performance.now() + timeoutSeconds * 1000 }),
        );
        if (verdict.kind === 'taken') return;
        warn({ sink: name, address }, `Firing alerts could not be sent again: ${address} ${verdict.reason}`);
      }),
    );
  }

  function silenceBody(message: ReturnType<typeof messageOfSilence>): Buffer {
    const now = Date.now();
    const end = message.kind === 'heard' ? now : now + SILENCE_MILLISECONDS;
    return bodyFrom([JSON.stringify(alertOf(message, now, end))]);
  }

  let resending: Promise<void> | undefined;
  async function resend(): Promise<void> {
    for (const body of firing.bodies()) await post(Buffer.from(body));
    for (const message of silent.values()) await post(silenceBody(message));
  }
  const timer = setInterval(() => {
    resending ??= resend().finally(() => {
      resending = undefined;
    });
  }, RESEND_MILLISECONDS).unref();

  const stopListening = listenForSilences?.((silence, isOver) => {
    const message = messageOfSilence(silence, isOver);
    if (isOver) silent.delete(message.id);
    else silent.set(message.id, message);
    void post(silenceBody(message));
  });

  return {
    name,
    refusal(bytes) {
      const refusals = members.map((member) => member.refusal!(bytes));
      return refusals.includes(undefined) ? undefined : refusals.join('; ');
    },
    async deliver(batch) {
      const results = await Promise.allSettled(members.map((member) => member.deliver(batch)));
      const [taken] = results
        .flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
        .sort(bySetAside);
      if (taken !== undefined) return taken;
      throw (results[0] as PromiseRejectedResult).reason;
    },
    async close() {
      clearInterval(timer);
      stopListening?.();
      await Promise.all([...members.map((member) => member.close()), resending]);
      for (const endpoint of endpoints) endpoint.close();
    },
  };
}

const contentType = 'application/json';
const bodyFrom = (alerts: readonly string[]) => Buffer.from(bodyOf(alerts));

const setAsideIn = (result: DeliveryResult) => ('setAside' in result ? (result.setAside ?? 0) : 0);
const bySetAside = (a: DeliveryResult, b: DeliveryResult) => setAsideIn(a) - setAsideIn(b);
