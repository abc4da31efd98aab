/** A JSON value as MessagePack. */
import { createWriter } from './write.ts';

/** What stands open while a value is written: the values still to come, the next one last. */
type Pending = { value: unknown } | { key: string; value: unknown };

/** The MessagePack of a JSON value, smallest encodings: integers up to 64 bits (bigint beyond 2^53), other numbers as
 * float64. As in JSON, members that are undefined are left out, undefined items are nil, symbols as keys are ignored.
 * Nesting costs memory, not stack. */
export function encode(value: unknown): Uint8Array {
  const writer = createWriter();
  const pending: Pending[] = [{ value }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if ('key' in next) writer.string(next.key);
    const current = next.value;
    switch (typeof current) {
      case 'string':
        writer.string(current);
        break;
      case 'boolean':
        writer.boolean(current);
        break;
      case 'bigint':
        writer.integer(current);
        break;
      case 'number':
        if (Number.isSafeInteger(current) && !Object.is(current, -0)) writer.integer(current);
        else writer.float(current);
        break;
      case 'object': {
        if (current === null) {
          writer.nil();
        } else if (Array.isArray(current)) {
          writer.array(current.length);
          for (let i = current.length - 1; i >= 0; i--) pending.push({ value: current[i] });
        } else {
          const members = Object.entries(current).filter(([, member]) => member !== undefined);
          writer.map(members.length);
          for (const [key, member] of members.reverse()) pending.push({ key, value: member });
        }
        break;
      }
      default:
        writer.nil();
    }
  }
  return writer.finish();
}
