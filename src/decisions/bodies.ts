/** What is checked in bodies before an event is decided by its outline. */
import { NONE, UNCLEAR } from '../outline/find-member.ts';
import { REF_NAMESPACE, REQUEST_OBJECT, VERB } from '../outline/slots.ts';
import { startsWith } from '../outline/spans.ts';
import { ABSENT } from './member-tables.ts';
import type { Layout } from './notation.ts';

const DELETE = Buffer.from('delete');
const METADATA = Buffer.from('metadata');
const NAMESPACE = Buffer.from('namespace');
const DRY_RUN = Buffer.from('dryRun');

/** Whether a request body does not affect what is outlined: the namespace if the objectRef has none, and whether a deletion
 * is a dry run. */
export function isUsualRequest(
  layout: Layout,
  bytes: Uint8Array,
  view: DataView,
  spans: Int32Array,
  base: number,
): boolean {
  const start = spans[base + REQUEST_OBJECT]!;
  if (spans[base + REF_NAMESPACE] === -1 || spans[base + REF_NAMESPACE] === spans[base + REF_NAMESPACE + 1]) {
    const metadata = layout.find(bytes, view, start, METADATA);
    if (metadata === UNCLEAR) return false;
    if (metadata !== NONE && layout.isMap(bytes[metadata]!)) {
      if (layout.find(bytes, view, metadata, NAMESPACE) !== NONE) return false;
    }
  }
  if (startsWith(bytes, spans[base + VERB]!, DELETE)) return layout.find(bytes, view, start, DRY_RUN) === NONE;
  return true;
}

export const MAP = 1;
export const LIST = 2;

export function bodyKind(layout: Layout, bytes: Uint8Array, spans: Int32Array, offset: number): number {
  const start = spans[offset]!;
  return start === -1 ? ABSENT : layout.isMap(bytes[start]!) ? MAP : LIST;
}
