/** The keys that are looked for in a record. */
import { KeyTable } from './key-table.ts';
import { members, REF_RESOURCE, refs, wrappingOffset } from './slots.ts';

/** Stands for a member whose value says nothing about the event. */
export const IGNORED = -2;

/** Members that log pipelines add and whose value differs in each record. Nothing about an event is read from them. */
const STAMPS = ['date', 'time', '@timestamp', 'ingestionTime', 'receiveTimestamp', 'eventId', 'id'];

/** Members of a record that an event may be found in. */
const OUTER = ['properties', 'timestamp', 'insertId', 'labels', 'operation', 'protoPayload'] as const;

/** Stands for the member that is a record's tag, and for others with which a map is not outlined. */
export const REFUSED = -3;

/** Which keys are members of an event, or of a record around it, and which say nothing about it.
 * @param dateKey under which Fluent Bit puts the time
 * @param tagKey of a record that is tagged already, which is not outlined */
export function eventKeys(dateKey: string, tagKey: string): KeyTable {
  const keys = new Map([...STAMPS, dateKey].map((key) => [key, IGNORED]));
  for (const name of OUTER) keys.set(name, wrappingOffset(name));
  for (const [slot, name] of members.entries()) keys.set(name, 2 * slot);
  keys.set(tagKey, REFUSED);
  keys.delete('');
  return new KeyTable(keys);
}

const properties = new KeyTable(new Map([['properties', 0]]));

/** Whether a key is the one under which a diagnostic record of Azure has its line, as `log`. */
export function isProperties(bytes: Uint8Array, start: number, end: number): boolean {
  return properties.find(bytes, start, end) === 0;
}

/** The members of an objectRef. */
export const refKeys = new KeyTable(new Map(refs.map((name, index) => [name, REF_RESOURCE + 2 * index])));
