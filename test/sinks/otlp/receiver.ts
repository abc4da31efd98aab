/** A receiver of OTLP on the loopback, which decodes what it receives with a decoder other than the product's. */
import { decodeOtlp, mapOf, valueIn } from '../../otlp/proto.ts';
import { openPeer, type Posted, type Responder } from '../request/peer.ts';
import { openConfigured, type openLetters } from '../request/posting.ts';

/** What a receiver reads: each record with its resource and scope. */
export function recordsIn({ body }: Pick<Posted, 'body'>): any[] {
  const { resourceLogs = [] } = decodeOtlp('ExportLogsServiceRequest', body) as any;
  return resourceLogs.flatMap(({ resource, schemaUrl, scopeLogs = [] }: any) =>
    scopeLogs.flatMap(({ scope, logRecords = [], ...ofScope }: any) =>
      logRecords.map((record: any) => ({
        ...record,
        attributes: mapOf(record.attributes),
        resource: mapOf(resource?.attributes),
        resourceSchema: schemaUrl,
        scope: { ...scope, ...(scope?.attributes && { attributes: mapOf(scope.attributes) }) },
        scopeSchema: ofScope.schemaUrl,
      })),
    ),
  );
}

export const numbersOf = (posted: readonly Posted[]) =>
  posted.flatMap(recordsIn).map(({ body }) => (valueIn(body) as { n: number }).n);

/** A receiver, and a sink that exports to it. */
export async function open(
  respond?: Responder,
  settings: object = {},
  letters?: Awaited<ReturnType<typeof openLetters>>,
) {
  const peer = await openPeer(respond);
  const configured = await openConfigured({ type: 'otlp', url: `${peer.url}/v1/logs`, ...settings }, letters);
  return { peer, ...configured };
}
