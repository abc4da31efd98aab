/** The event of an entry of Cloud Audit Logs that was outlined. */
import type { Normalized } from '../normalizers/index.ts';
import { REF_GROUP, REF_NAME, REF_SUBRESOURCE, REF_VERSION, REQUEST_URI } from '../outline/slots.ts';
import { type EventPlace, OutlinedEvent, type OwnMembers, type Template } from './event.ts';
import { jsonLayout } from './notation.ts';

const SLASH = 0x2f;

/** Equal, member by member, to the event that normalizing the entry makes. */
export class EntryEvent extends OutlinedEvent {
  readonly #place: EventPlace;
  #uri: string | undefined;

  constructor(place: EventPlace, template: Template, own: OwnMembers, namespace: string, normalize: () => Normalized) {
    super(place, template, own, namespace, normalize);
    this.#place = place;
  }

  override get requestURI() {
    return (this.#uri ??= this.#makeURI());
  }

  /** The URI that the request must have had: of the resource in the entry, or of the collection that it was created in. */
  #makeURI(): string {
    const { bytes, spans, base } = this.#place;
    const group = spans[base + REF_GROUP]!;
    const root = group === -1 ? '/api/' : `/apis/${jsonLayout.text(bytes, group, spans[base + REF_GROUP + 1]!)}/`;
    let end = spans[base + REQUEST_URI + 1]!;
    if (this.verb === 'create' && spans[base + REF_NAME] !== -1 && spans[base + REF_SUBRESOURCE] === -1) {
      while (bytes[end - 1] !== SLASH) end--;
      end--;
    }
    return root + jsonLayout.text(bytes, spans[base + REF_VERSION]!, end);
  }
}
