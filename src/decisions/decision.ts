/** What is decided about an event by its profile, and what is left to decide. */
import type { Step } from '../detect.ts';
import type { OutlinedEvent, Template } from './event.ts';

/** What is known about all events of a profile. */
export interface Decision {
  template: Template;
  steps: readonly Step[];
}

/** An event, and the rules that are left to evaluate on it. */
export interface Outlined {
  kind: 'outlined';
  event: OutlinedEvent;
  steps: readonly Step[];
}
