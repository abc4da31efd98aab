/** Redaction, given any bytes: no defect, and masking twice equals masking once. */

import type { Codec } from '../../src/codecs/codec.ts';
import { frame } from '../../src/codecs/framing/messages.ts';
import { codecs } from '../../src/codecs/index.ts';
import { type RedactSettings, redactor } from '../../src/redaction/index.ts';
import type { Tag } from '../../src/tag.ts';
import { batchOf } from '../batch/batch-of.ts';
import { inUris, ofSecrets, ofSecretsInTexts, ofTokens } from '../redaction/acts.ts';
import { open, packed } from '../redaction/wrappers.ts';
import { fluentMsgpack } from '../tagged.ts';
import type { FuzzTarget } from './fuzz.ts';

const settings: RedactSettings = {
  secrets: true,
  tokens: true,
  paths: ['requestObject.metadata.labels', 'user.extra'],
};
const tags: readonly Tag[] = [
  { v: 2, verdict: 'clear' },
  { v: 2, verdict: 'not_audit' },
];

const acts = Object.values({ ...ofSecrets, ...ofSecretsInTexts, ...ofTokens, ...inUris });
const wrappers = Object.values({ ...open, ...packed });
const records = wrappers.map((wrap, index) => wrap(acts[index % acts.length]!('hunter22')));

const corpora: Record<string, readonly Uint8Array[]> = {
  json: records.map((record) => Buffer.from(JSON.stringify([record, { a: 1 }]))),
  json_lines: records.map((record) => Buffer.from(`${JSON.stringify(record)}\n{"a":1}\n`)),
  msgpack: records.map((record) => fluentMsgpack(record)),
  kafka_json: records.map((record) => frame([Buffer.from(JSON.stringify(record)), Buffer.from('poison {')])),
  kafka_msgpack: records.map((record) => frame([fluentMsgpack(record), Buffer.of(0xc1)])),
};

function exercise(codec: Codec, bytes: Uint8Array): void {
  const redact = redactor(settings, (error) => {
    throw error;
  });
  for (const tag of tags) {
    const once = redact(batchOf(codec, bytes, () => tag, { maxDepth: 64, maxRecords: 10_000 }));
    let behind = 0;
    for (const { start, end } of once.records) {
      if (start < behind || end < start || end > once.bytes.length) throw new Error(`record ${start}..${end}`);
      behind = end;
    }
    const twice = redact(once);
    if (!Buffer.from(twice.bytes).equals(once.bytes)) {
      throw new Error(`masking twice is not masking once: ${Buffer.from(once.bytes)} ${Buffer.from(twice.bytes)}`);
    }
  }
}

export const redactionTargets: readonly FuzzTarget[] = codecs
  .filter(({ name }) => name in corpora)
  .map((codec) => ({
    name: `redaction ${codec.name}`,
    corpus: corpora[codec.name]!,
    run: (bytes) => exercise(codec, bytes),
    runs: 200,
  }));
