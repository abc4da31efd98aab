/** A summary as it is drawn: values from the record are already set apart, and need no brackets around them. */
import type { SummaryPart } from '../api.ts';

/** Removes the brackets that rules write around fields. Those within a field are text of the record, and stay. */
export function withoutBrackets(parts: readonly SummaryPart[]): SummaryPart[] {
  const isField = (part: SummaryPart | undefined) => part !== undefined && typeof part !== 'string';
  let isOpen = false;
  return parts.map((part, index) => {
    if (typeof part !== 'string') return part;
    let text = part;
    if (isOpen && isField(parts[index - 1]) && text.startsWith(']')) {
      text = text.slice(1);
      isOpen = false;
    }
    if (text.endsWith('[') && isField(parts[index + 1])) {
      text = text.slice(0, -1);
      isOpen = true;
    }
    return text;
  });
}
