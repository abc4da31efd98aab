/** The data of a ConfigMap, as text. */
import { CUT, isMap } from '../json/map.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { listed, missing } from './found.ts';
import { readWritten, type WrittenObject } from './written-object.ts';

/** The entries of a ConfigMap that is written, as `key=value`, so that a rule can search keys that it does not know by name;
 * entries without a value are left out. */
export function configDataOf(event: AuditEvent, object: WrittenObject): Found {
  if (event.objectRef?.resource !== 'configmaps') return missing(event.gaps.objectRef);
  const { values, gap } = readWritten(event, object, 'data');
  const maps = values.filter(isMap);
  const entries = maps
    .flatMap((data) => Object.entries(data))
    .filter(([, value]) => typeof value === 'string' && value !== '');
  return listed(
    entries.map(([key, value]) => `${key}=${value}`),
    gap ?? maps.find((data) => data[CUT] !== undefined)?.[CUT],
  );
}
