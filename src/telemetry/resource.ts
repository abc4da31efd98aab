/** What OpenTelemetry calls the resource: which program it is that sends. */
import {
  defaultResource,
  envDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { SCOPE, VERSION } from './scope.ts';

/** The environment may name the service otherwise, where the SDK is that of the environment. */
export function serviceResource(): Resource {
  return defaultResource().merge(resourceFromAttributes({ 'service.name': SCOPE, 'service.version': VERSION }));
}

/** The environment alone says what else is known of the process. Others would find the host, the process and its command line
 * out, which are nobody's business who may read metrics. */
export const resourceDetectors: ResourceDetector[] = [envDetector];
