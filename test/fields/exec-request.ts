/** Rows of `command`, `commandLine` and `container`: what an exec or attach requests. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import type { Row } from './event.ts';

const connection = (subresource: string, query: string, more: JsonMap = {}): JsonMap => ({
  objectRef: { resource: 'pods', subresource, namespace: 'shop', name: 'web' },
  requestURI: `/api/v1/namespaces/shop/pods/web/${subresource}${query}`,
  responseStatus: { code: 101 },
  ...more,
});
const exec = (query: string, more: JsonMap = {}) => connection('exec', query, more);
const annotated = (command: string) => exec('', { annotations: { 'command.gke.io/command': command } });
const labelled = (command: string) => ({ ...annotated(command), platform: 'gke' });

export const execRequest: Row[] = [
  ['command', exec('?command=sh&command=-c&command=id&container=c&stdin=true&tty=true'), 'command', ['sh', '-c', 'id']],
  ['command, over WebSocket', exec('?command=sh', { verb: 'get' }), 'command', ['sh']],
  [
    'command with escapes',
    exec('?command=cat&command=%2Fetc%2Fshadow&command=%C3%BC'),
    'command',
    ['cat', '/etc/shadow', 'ü'],
  ],
  ['command with blanks', exec('?command=sh&command=a+b%20c%2B'), 'command', ['sh', 'a b c+']],
  ['command by its encoded name', exec('?%63ommand=sh'), 'command', ['sh']],
  ['command with escapes that are none', exec('?command=%zz%&command=%'), 'command', ['%zz%', '%']],
  ['command that is not UTF-8', exec('?command=%ff%fe'), 'command', ['\uFFFD\uFFFD']],
  ['command with = and ?', exec('?command=a=b?c'), 'command', ['a=b?c']],
  ['command that is empty', exec('?command='), 'command', ['']],
  ['command in upper case, which is none', exec('?Command=sh&commands=x'), 'command', []],
  ['command in a body', exec('', { requestObject: { command: ['sh', 1, '-c'] } }), 'command', ['sh', '-c']],
  ['command in a body, as one text', exec('', { requestObject: { command: 'sh' } }), 'command', ['sh']],
  ['command in the label of GKE', labelled('sh -c id'), 'command', ['sh', '-c', 'id']],
  ['command in a label that is empty', labelled(''), 'command', [], 'not_logged'],
  ['command that a webhook wrote elsewhere', annotated('true'), 'command', [], 'not_logged'],
  ['command without a query', exec(''), 'command', [], 'not_logged'],
  [
    'command in a body of other types',
    exec('', { requestObject: { command: [{}, null] } }),
    'command',
    [],
    'not_logged',
  ],
  ['command of an attach', connection('attach', '?command=sh'), 'command', []],
  ['command of a pod', { requestURI: '/api/v1/pods?command=sh', requestObject: { command: ['sh'] } }, 'command', []],
  [
    'command of another resource',
    exec('?command=sh', { objectRef: { resource: 'virtualmachines', subresource: 'exec' } }),
    'command',
    [],
  ],
  [
    'command of the proxy of a node',
    { objectRef: { resource: 'nodes', subresource: 'proxy' }, requestURI: '/x/exec?command=sh' },
    'command',
    [],
  ],
  ['command where the subresource was cut', { objectRef: { resource: 'pods', [CUT]: 'cut' } }, 'command', [], 'cut'],
  ['command where the object was cut', { objectRef: undefined, [CUT]: 'cut' }, 'command', [], 'cut'],
  ['command of a request for no object', { objectRef: null, requestURI: '/x?command=sh' }, 'command', []],
  ['commandLine', exec('?command=sh&command=-c&command=cat+/etc/shadow'), 'commandLine', ['sh -c cat /etc/shadow']],
  ['commandLine in the label of GKE', labelled('sh -c "cat  x"'), 'commandLine', ['sh -c "cat  x"']],
  ['commandLine without a query', exec(''), 'commandLine', [], 'not_logged'],
  ['commandLine of no exec', {}, 'commandLine', []],
  ['container', exec('?command=sh&container=a'), 'container', ['a']],
  ['container of an attach', connection('attach', '?container=a&stdin=true'), 'container', ['a']],
  ['container given twice', exec('?container=a&container=b'), 'container', ['a']],
  ['container that is not named', exec('?command=sh'), 'container', []],
  ['container that is empty', exec('?command=sh&container='), 'container', []],
  ['container in a body', exec('', { requestObject: { container: 'a' } }), 'container', ['a']],
  ['container on GKE', labelled('sh'), 'container', [], 'not_logged'],
  ['container of a port-forward', connection('portforward', '?container=a'), 'container', []],
];
