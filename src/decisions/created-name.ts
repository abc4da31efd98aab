/** The name of an object that is created, as a body has it. */
import { NONE } from '../outline/find-member.ts';
import type { Layout } from './notation.ts';

const METADATA = Buffer.from('metadata');
const NAME = Buffer.from('name');
const GENERATE_NAME = Buffer.from('generateName');

interface Span {
  start: number;
  end: number;
}

/** Where the name lies that normalizing the record finds, `none` where it finds none, or `unusual` where it takes parsing to
 * see.
 * @param bodies where maps begin, of the response and of the request; -1 for a body that is not there */
export function createdName(
  layout: Layout,
  bytes: Uint8Array,
  view: DataView,
  bodies: readonly number[],
): Span | 'none' | 'unusual' {
  for (const body of bodies) {
    if (body === -1) continue;
    const metadata = layout.find(bytes, view, body, METADATA);
    if (metadata === NONE) continue;
    if (metadata < 0 || !layout.isMap(bytes[metadata]!)) return 'unusual';
    const name = layout.find(bytes, view, metadata, NAME);
    if (name !== NONE) return (name < 0 ? undefined : layout.textAt(bytes, view, name)) ?? 'unusual';
    // A name that is generated is known by its prefix, where no body has it.
    if (layout.find(bytes, view, metadata, GENERATE_NAME) !== NONE) return 'unusual';
  }
  return 'none';
}
