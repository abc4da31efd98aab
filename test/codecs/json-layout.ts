/** Records as JSON text for the contract of the JSON layouts. */
import { jsonText, type MapText, textOfMap } from '../json/arbitrary.ts';
import fc from '../properties.ts';
import { type MadeRecord, MEMBER, TAG } from './contract.ts';

const MEMBER_TEXT = `"${MEMBER}":${JSON.stringify(TAG)}`;

/** The text of a map with its tag: in place of the last member of that name, with the others removed, or at the end. */
export function taggedText(map: MapText): string {
  const last = map.members.findLastIndex(({ key }) => key === MEMBER);
  if (last === -1) return `${textOfMap(map).slice(0, -1)}${map.members.length === 0 ? '' : ','}${MEMBER_TEXT}}`;
  let text = '{';
  let lead: string | undefined;
  map.members.forEach((member, i) => {
    // A removed member goes with everything up to the next member, which gets the lead of the removed one.
    lead ??= member.lead;
    if (member.key === MEMBER && i !== last) return;
    text += `${lead}${i === last ? MEMBER_TEXT : member.text}${member.trail}${i < map.members.length - 1 ? ',' : ''}`;
    lead = undefined;
  });
  return `${text}}`;
}

/** Maps and other values, each with its tagged text. */
export function jsonRecords(space: string, beyondJson: boolean) {
  const { map, value, scalar, gap } = jsonText({ space, beyondJson });
  const record = (kind: 'map' | 'other', text: string, tagged: string): MadeRecord => ({
    kind,
    bytes: Buffer.from(text),
    tagged: Buffer.from(tagged),
  });
  const mapRecord = map.map((made) => record('map', textOfMap(made), taggedText(made)));
  const array = fc.array(value, { maxLength: 3 }).map((items) => `[${items.join(',')}]`);
  const otherRecord = (text: fc.Arbitrary<string>) => text.map((text) => record('other', text, text));
  return { mapRecord, array: otherRecord(array), scalar: otherRecord(scalar), mapText: map.map(textOfMap), gap };
}

/** JSON.parse, except for integers beyond 2^53 of up to 20 digits, which are bigints. */
export function readExactly(text: string): unknown {
  return JSON.parse(text, (_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source ?? '';
    const isUnsafe = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d{1,20}$/.test(source);
    return isUnsafe ? BigInt(source) : value;
  });
}
