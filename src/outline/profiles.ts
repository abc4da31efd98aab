/** Which members make the profile of an event: those that are alike in many. What is another in each event, its name, times
 * and bodies, is no part of it, nor is the namespace, as the same clients do the same in many. */
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

/** Slots whose values are numbered together, and where their list is among the others. */
export interface ProfileSlots {
  slots: readonly number[];
  list: number;
}

const whatIsDone = [KIND, API_VERSION, LEVEL, STAGE, VERB];
const byWhom = [USER, IMPERSONATED_USER, AUTHENTICATION, SOURCE_IPS, USER_AGENT];
const ofAll = [...whatIsDone, ...byWhom, STATUS, ANNOTATIONS];
const ofObject = [...ofAll, REF_RESOURCE, REF_SUBRESOURCE, REF_GROUP, REF_VERSION];
const ofPath = [...ofAll, REQUEST_URI];

/** Of requests that are about an object, and about none. The same bytes are other values in another layout. */
export const jsonProfiles = { object: { slots: ofObject, list: 0 }, path: { slots: ofPath, list: 32 } };
export const msgpackProfiles = { object: { slots: ofObject, list: 64 }, path: { slots: ofPath, list: 96 } };

export const profiles: readonly ProfileSlots[] = [...Object.values(jsonProfiles), ...Object.values(msgpackProfiles)];
