/** What is compiled to WebAssembly, where sixteen bytes are compared as soon as four in JavaScript. It is AssemblyScript;
 * `npm run generate` compiles it. */

export { beginNumbers, forgetNumbers, numberOf } from './member-numbers';
export * from './memory';
export { outlineMsgpack, placeOfKey } from './msgpack';
export { isUsualUri } from './uri';
export { layOut, walk } from './walk';
