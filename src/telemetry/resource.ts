/** What OpenTelemetry calls the resource: which program it is that sends. */
import { defaultResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { SCOPE, VERSION } from './scope.ts';

/** The environment may name the service otherwise, where the SDK is that of the environment. */
export function serviceResource(): Resource {
  return defaultResource().merge(resourceFromAttributes({ 'service.name': SCOPE, 'service.version': VERSION }));
}
