/** The protocol of an OTLP receiver. */
import { exportOf, type OtlpScopeLogs } from '../../codecs/opentelemetry/otlp-record.ts';
import type { ChoiceSettings } from '../choice/settings.ts';
import type { Items, Piece, Protocol } from '../request/records.ts';
import { type Verdict, verdictOf } from '../request/status.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { openFound } from '../rows/found.ts';
import type { SinkDependencies } from '../sink.ts';
import { messageOf, partialSuccessIn } from './answer.ts';
import { openSurroundings } from './around.ts';
import { findingRecordOf } from './finding-record.ts';
import { logRecordOf } from './log-record.ts';

interface Exported extends Piece {
  scopeLogs: OtlpScopeLogs;
}

export interface ExportSettings {
  /** Name of the sink. */
  name: string;
  /** Attributes of Tripline's own resources. */
  resource: Readonly<Record<string, string>>;
  /** Whether LogRecords are of records, or of findings. */
  rows: 'records' | 'findings';
  records?: ChoiceSettings;
}

export function exports(
  { name, resource, rows, records }: ExportSettings,
  dependencies: SinkDependencies,
): Protocol<Exported> {
  const { logger } = dependencies;
  const foundOf = rows === 'findings' ? openFound(records, dependencies) : undefined;
  const surroundings = openSurroundings(resource);
  const warn = rateLimited(logger, 'warn');
  return {
    piecesOf: (batch, index) =>
      foundOf === undefined
        ? [{ index, ...logRecordOf(batch, index, surroundings) }]
        : foundOf(batch, index).map((found) => ({ index, ...findingRecordOf(found, surroundings) })),
    requestOf: (_, all) => ({ contentType: 'application/x-protobuf', body: requestOf(all) }),
    verdictOf(answer, all): Verdict | Items {
      if (answer.kind === 'failed') return verdictOf(answer);
      const verdict = verdictOf({ ...answer, body: messageOf(answer) });
      if (verdict.kind !== 'taken') return verdict;
      const { rejected, message } = partialSuccessIn(answer);
      if (rejected <= 0) {
        if (message !== '')
          warn({ sink: name }, `sink ${name}: the receiver accepted the records and says: ${message}`);
        return verdict;
      }
      // It does not say which these are, and sending the others again is forbidden.
      const what = `rejected ${rejected} of ${all.length} records and does not say which, so all of them count as refused`;
      const reason = `${what}: ${message || 'it gives no reason'}`;
      return {
        kind: 'items',
        refused: all.map((_, at) => ({ at, reason })),
        busy: [],
        isTakenInPart: rejected < all.length,
      };
    },
  };
}

/** The records under their scopes, each of which appears once. */
function requestOf(all: readonly Exported[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [scopeLogs, own] of Map.groupBy(all, ({ scopeLogs }) => scopeLogs)) {
    parts.push(
      exportOf(
        scopeLogs,
        own.map(({ bytes }) => bytes),
      ),
    );
  }
  return Buffer.concat(parts);
}
