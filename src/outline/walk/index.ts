/** What is compiled to WebAssembly, which compares sixteen bytes in the time that JavaScript takes for four. It is
 * AssemblyScript; `npm run generate` compiles it. */

export { beginNumbers, forgetNumbers, numberOf } from './member-numbers';
export * from './memory';
export { outlineMsgpack, placeOfKey } from './msgpack';
export { isUsualUri } from './uri';
export { layOut, walk } from './walk';
