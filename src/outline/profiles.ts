/** Which members make up the profile of an event: those that are alike in many events. What differs in each event, its name,
 * times and bodies, is not part of it, nor is the namespace, as the same clients do the same in many namespaces. */
import { IS_FIRST, IS_LAST, METHOD } from './gke-outline.ts';
import {
  ANNOTATIONS,
  API_VERSION,
  AUTHENTICATION,
  IMPERSONATED_USER,
  KIND,
  LEVEL,
  REF_GROUP,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_URI,
  SOURCE_IPS,
  STAGE,
  STATUS,
  USER,
  USER_AGENT,
  VERB,
} from './slots.ts';

/** Slots whose values are numbered together, and where their list begins among the others. */
export interface ProfileSlots {
  slots: readonly number[];
  list: number;
}

const lists: ProfileSlots[] = [];

function listed(slots: readonly number[]): ProfileSlots {
  const last = lists.at(-1);
  const list = { slots, list: last === undefined ? 0 : last.list + last.slots.length };
  lists.push(list);
  return list;
}

const whatIsDone = [KIND, API_VERSION, LEVEL, STAGE, VERB];
const byWhom = [USER, IMPERSONATED_USER, AUTHENTICATION, SOURCE_IPS, USER_AGENT];
const answer = [STATUS, ANNOTATIONS];
const toWhat = [REF_RESOURCE, REF_SUBRESOURCE, REF_GROUP, REF_VERSION];
const ofObject = [...whatIsDone, ...byWhom, ...answer, ...toWhat];
const ofPath = [...whatIsDone, ...byWhom, ...answer, REQUEST_URI];

/** For requests that are about an object, and for others. The same bytes are other values in another layout. */
export const jsonProfiles = { object: listed(ofObject), path: listed(ofPath) };
export const msgpackProfiles = { object: listed(ofObject), path: listed(ofPath) };
/** For entries of Cloud Audit Logs. */
export const entryProfile = listed([METHOD, IS_FIRST, IS_LAST, USER, SOURCE_IPS, USER_AGENT, ...answer, ...toWhat]);

export const profiles: readonly ProfileSlots[] = lists;
