/** Rows of `certificateRequest`. */
import type { JsonMap } from '../../src/json/map.ts';
import { patch, type Row, update } from './event.ts';

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
const block = (data: string) => `-----BEGIN CERTIFICATE REQUEST-----\n${data}\n-----END CERTIFICATE REQUEST-----\n`;
const der = '0\x82\x01\x0AO=system:masters/CN=\xFCser\x00';
const pem = block(base64(der));

const csr = (request: unknown, subresource = ''): JsonMap => ({
  objectRef: { resource: 'certificatesigningrequests', name: 'c', subresource },
  requestObject: { spec: { request } },
});

export const certificateRequest: Row[] = [
  ['certificateRequest', csr(base64(pem)), 'certificateRequest', [der]],
  ['certificateRequest in an approval', update(csr(base64(pem), 'approval')), 'certificateRequest', [der]],
  ['certificateRequest in a patch', patch(csr(base64(pem)).requestObject, csr('')), 'certificateRequest', []],
  [
    'certificateRequest with line ends and headers',
    csr(base64(block(`A: b\r\n\r\n${base64(der).slice(0, 8)}\r\n${base64(der).slice(8)}\r`))),
    'certificateRequest',
    [der],
  ],
  [
    'certificateRequest in Base64 of several lines',
    csr(base64(pem).replace(/.{20}/g, '$&\n')),
    'certificateRequest',
    [der],
  ],
  ['certificateRequest behind what is none', csr(base64(`x\n${block('!')}${pem}`)), 'certificateRequest', [der]],
  [
    'certificateRequest behind a beginning',
    csr(base64(`-----BEGIN CERTIFICATE REQUEST-----\n${pem}`)),
    'certificateRequest',
    [der],
  ],
  ['certificateRequest without its end', csr(base64(`${pem.split('\n', 2).join('\n')}\n`)), 'certificateRequest', []],
  ['certificateRequest that is not Base64', csr(pem), 'certificateRequest', []],
  ['certificateRequest that is not PEM', csr(base64(der)), 'certificateRequest', []],
  ['certificateRequest whose data are not Base64', csr(base64(block('system:masters'))), 'certificateRequest', []],
  ['certificateRequest that is empty', csr(base64(block(''))), 'certificateRequest', []],
  ['certificateRequest of another type', csr({ x: 1 }), 'certificateRequest', []],
  ['certificateRequest beyond any limit', csr(base64(pem).padEnd(4_000_000, '\n')), 'certificateRequest', []],
  ['certificateRequest that is not logged', { objectRef: csr('').objectRef }, 'certificateRequest', [], 'not_logged'],
  [
    'certificateRequest of another resource',
    { requestObject: csr(base64(pem)).requestObject },
    'certificateRequest',
    [],
  ],
];
