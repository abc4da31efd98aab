/** What OpenTelemetry calls the resource: which program is sending. */
import {
  defaultResource,
  envDetector,
  type Resource,
  type ResourceDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { SCOPE, VERSION } from './scope.ts';

/** In the SDK, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence over this: see `resourceDetectors`. */
export function serviceResource(): Resource {
  return defaultResource().merge(resourceFromAttributes({ 'service.name': SCOPE, 'service.version': VERSION }));
}

/** Only the environment adds to what is known about the process. Other detectors would find the host, the process and its
 * command line, which are no business of those who may read metrics. */
export const resourceDetectors: ResourceDetector[] = [envDetector];
