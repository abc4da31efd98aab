/** Who it is that measures and traces. */
import { readFileSync } from 'node:fs';

/** The name of Tripline's tracer and meter, and of the service where the environment has no other. */
export const SCOPE = 'tripline';

/** Of the package: of the tracer and the meter, and of the service. */
export const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
