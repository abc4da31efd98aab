/** The event of a record that was outlined. */
import { type BodyName, type Common, LazyEvent } from '../audit/lazy-event.ts';
import type { Normalized } from '../normalizers/index.ts';
import {
  AUDIT_ID,
  RECEIVED,
  REF_NAME,
  REF_RESOURCE_VERSION,
  REF_UID,
  REQUEST_OBJECT,
  REQUEST_URI,
  RESPONSE_OBJECT,
  STAGED,
} from '../outline/slots.ts';
import type { AuditEvent, ObjectRef, User } from '../record.ts';
import { onlyEvent } from './members.ts';
import type { Layout } from './notation.ts';

/** Where the members of an event lie. */
export interface EventPlace {
  bytes: Uint8Array;
  view: DataView;
  layout: Layout;
  spans: Int32Array;
  /** Where its outline begins in the spans. */
  base: number;
}

/** What an event has in common with others of the same profile. Its bodies, and the members below, are not read; its
 * objectRef has neither uid nor resourceVersion. */
export type Template = AuditEvent;

/** Members that events of one profile need not share. */
export interface OwnMembers {
  user: User;
  sourceIPs: AuditEvent['sourceIPs'];
  clientIPs: AuditEvent['clientIPs'];
  userAgent: string;
  annotations: AuditEvent['annotations'];
  responseStatus: AuditEvent['responseStatus'];
}

/** Equal, member by member, to the event that normalizing the record makes. */
export class OutlinedEvent extends LazyEvent implements AuditEvent {
  readonly #place: EventPlace;
  readonly #template: Template;
  readonly #own: OwnMembers;
  readonly #namespace: string;
  readonly #normalize: () => Normalized;
  readonly common: Common | undefined;
  #whole: AuditEvent | undefined;
  #objectRef: ObjectRef | null | undefined;
  #auditID: string | undefined;
  #requestURI: string | undefined;
  #received: string | undefined;
  #requestObject: AuditEvent['requestObject'] | null = null;
  #responseObject: AuditEvent['responseObject'] | null = null;

  /** @param common what it has in common with others, if there are any */
  constructor(
    place: EventPlace,
    template: Template,
    own: OwnMembers,
    namespace: string,
    normalize: () => Normalized,
    common?: Common,
  ) {
    super();
    this.#place = place;
    this.#template = template;
    this.#own = own;
    this.#namespace = namespace;
    this.#normalize = normalize;
    this.common = common;
  }

  whole(): AuditEvent {
    return (this.#whole ??= onlyEvent(this.#normalize())!);
  }

  mayName(body: BodyName, word: string): boolean {
    const { bytes, layout, spans, base } = this.#place;
    const offset = base + (body === 'requestObject' ? REQUEST_OBJECT : RESPONSE_OBJECT);
    const start = spans[offset]!;
    return start !== -1 && layout.mayHold(bytes, start, spans[offset + 1]!, word);
  }

  received(read: (bytes: Uint8Array, start: number, end: number) => number): number {
    const { bytes, spans, base } = this.#place;
    return read(bytes, spans[base + RECEIVED]!, spans[base + RECEIVED + 1]!);
  }

  get platform() {
    return this.#template.platform;
  }
  get cluster() {
    return this.#template.cluster;
  }
  get auditID() {
    return (this.#auditID ??= this.#textOf(AUDIT_ID));
  }
  get level() {
    return this.#template.level;
  }
  get stage() {
    return this.#template.stage;
  }
  get verb() {
    return this.#template.verb;
  }
  get action() {
    return this.#template.action;
  }
  get user() {
    return this.#own.user;
  }
  get impersonatedUser() {
    return this.#template.impersonatedUser;
  }
  get authenticationMetadata() {
    return this.#template.authenticationMetadata;
  }
  get sourceIPs() {
    return this.#own.sourceIPs;
  }
  get clientIPs() {
    return this.#own.clientIPs;
  }
  get userAgent() {
    return this.#own.userAgent;
  }
  get objectRef() {
    if (this.#objectRef === undefined) this.#objectRef = this.#readObjectRef();
    return this.#objectRef;
  }
  get requestURI() {
    return (this.#requestURI ??= this.#textOf(REQUEST_URI));
  }
  get responseStatus() {
    return this.#own.responseStatus;
  }
  get outcome() {
    return this.#template.outcome;
  }
  get dryRun() {
    return this.#template.dryRun;
  }
  get evidence() {
    return this.#template.evidence;
  }
  get requestReceivedTimestamp() {
    return (this.#received ??= this.#textOf(RECEIVED));
  }
  get stageTimestamp() {
    return this.#textOf(STAGED);
  }
  get annotations() {
    return this.#own.annotations;
  }
  get gaps() {
    return this.#template.gaps;
  }
  get requestObject() {
    if (this.#requestObject === null) this.#requestObject = this.#bodyOf(REQUEST_OBJECT);
    return this.#requestObject;
  }
  get responseObject() {
    if (this.#responseObject === null) this.#responseObject = this.#bodyOf(RESPONSE_OBJECT);
    return this.#responseObject;
  }

  #readObjectRef(): ObjectRef | null {
    const template = this.#template.objectRef;
    if (template === null) return null;
    const name = this.#textOf(REF_NAME);
    const ref: ObjectRef = { ...template, namespace: this.#namespace, name };
    if (this.#has(REF_UID)) ref.uid = this.#textOf(REF_UID);
    if (this.#has(REF_RESOURCE_VERSION)) ref.resourceVersion = this.#textOf(REF_RESOURCE_VERSION);
    if (name !== '' || this.verb !== 'create') return ref;
    // A created object may have its name only in a body, which is read only if the name is asked for.
    const readName = () => this.whole().objectRef!.name;
    return Object.defineProperty(ref, 'name', { get: readName, enumerable: true });
  }
  #has(offset: number): boolean {
    const { spans, base } = this.#place;
    return spans[base + offset] !== -1;
  }

  #textOf(offset: number): string {
    const { bytes, layout, spans, base } = this.#place;
    const start = spans[base + offset]!;
    return start === -1 ? '' : layout.text(bytes, start, spans[base + offset + 1]!);
  }

  #bodyOf(offset: number): AuditEvent['requestObject'] {
    const { bytes, layout, spans, base } = this.#place;
    const start = spans[base + offset]!;
    return start === -1
      ? undefined
      : (layout.value(bytes, start, spans[base + offset + 1]!) as AuditEvent['requestObject']);
  }
}
