/** A summary as it is drawn: what came from the record is apart already, and needs no brackets around it. */
import type { SummaryPart } from '../api.ts';

/** Takes the brackets away that rules write around fields. Those in a field are text of the record, and stay. */
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
