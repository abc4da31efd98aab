/** What is compiled to WebAssembly, where sixteen bytes are compared as soon as four in JavaScript. It is AssemblyScript;
 * `npm run generate` compiles it. */
export * from './memory';
export { outlineMsgpack, placeOfKey } from './msgpack';
export { beginNumbers, forgetNumbers, numberOf } from './numbers';
export { isUsualUri } from './uri';
export { layOut, walk } from './walk';
