/** Rows of the fields that give the values of a pod spec in one spelling. */
import { CUT, type JsonMap } from '../../src/json/map.ts';
import { patch, pod, type Row, template } from './event.ts';

const paths = (...all: unknown[]) => ({
  requestObject: pod({ volumes: all.map((path) => ({ hostPath: { path } })) }),
});
const adds = (...add: unknown[]) => ({
  requestObject: pod({ containers: [{ securityContext: { capabilities: { add } } }] }),
});
const persistentVolume = { resource: 'persistentvolumes', namespace: '', name: 'v', apiVersion: 'v1' };
const volume = (spec: unknown, more: JsonMap = {}): JsonMap => ({
  objectRef: persistentVolume,
  requestObject: { kind: 'PersistentVolume', apiVersion: 'v1', spec },
  ...more,
});
const image = (reference: unknown) => ({ requestObject: pod({ containers: [{ image: reference }] }) });
const digest = `sha256:${'0'.repeat(64)}`;

export const podValues: Row[] = [
  ['hostPath', paths('/etc', '/var/run/docker.sock'), 'hostPath', ['/etc', '/var/run/docker.sock']],
  ['hostPath with a slash at its end', paths('/etc/'), 'hostPath', ['/etc']],
  ['hostPath of the root', paths('/', '//', '/..', '/.', ''), 'hostPath', ['/', '/', '/', '/', '/']],
  ['hostPath by detours', paths('//var/./../etc//kubernetes/../', '/a/../../b'), 'hostPath', ['/etc', '/b']],
  ['hostPath of names with dots', paths('/a/..b/.c/...'), 'hostPath', ['/a/..b/.c/...']],
  ['hostPath that is relative', paths('etc'), 'hostPath', ['/etc']],
  ['hostPath of other types', paths(1, null, {}), 'hostPath', []],
  ['hostPath of other volumes', { requestObject: pod({ volumes: [{ emptyDir: {} }] }) }, 'hostPath', []],
  ['hostPath that is not logged', {}, 'hostPath', [], 'not_logged'],
  [
    'hostPath in a template, by JSON patch',
    patch([{ op: 'add', path: '/spec/template/spec/volumes/-', value: { hostPath: { path: '/etc/' } } }]),
    'hostPath',
    ['/etc'],
  ],
  ['hostPath of a PersistentVolume', volume({ hostPath: { path: '/etc/' } }), 'hostPath', ['/etc']],
  ['hostPath of a local PersistentVolume', volume({ local: { path: '/mnt//disk' } }), 'hostPath', ['/mnt/disk']],
  ['hostPath of another PersistentVolume', volume({ nfs: { path: '/etc' } }), 'hostPath', []],
  ['hostPath of a PersistentVolume that is not logged', { objectRef: persistentVolume }, 'hostPath', [], 'not_logged'],
  [
    'hostPath of a PersistentVolume that is deleted',
    volume({ hostPath: { path: '/etc' } }, { verb: 'delete' }),
    'hostPath',
    [],
  ],
  ['capabilities', adds('SYS_ADMIN', 'NET_RAW'), 'capabilities', ['SYS_ADMIN', 'NET_RAW']],
  [
    'capabilities in other spellings',
    adds('cap_sys_admin', 'CAP_BPF', 'all'),
    'capabilities',
    ['SYS_ADMIN', 'BPF', 'ALL'],
  ],
  ['capabilities of other types', adds(1, null, {}), 'capabilities', []],
  [
    'capabilities that are dropped',
    { requestObject: pod({ containers: [{ securityContext: { capabilities: { drop: ['ALL'] } } }] }) },
    'capabilities',
    [],
  ],
  [
    'capabilities of init containers',
    { requestObject: pod({ initContainers: [{ securityContext: { capabilities: { add: ['BPF'] } } }] }) },
    'capabilities',
    ['BPF'],
  ],
  [
    'images of all containers',
    { requestObject: pod({ containers: [{ image: 'a:1' }], initContainers: [{ image: 'b' }] }) },
    'images',
    ['a:1', 'b'],
  ],
  ['images of a template', patch(template({ containers: [{ image: 'a:1' }] })), 'images', ['a:1']],
  ['images that were cut', { requestObject: { spec: { [CUT]: 'cut' }, [CUT]: 'cut' } }, 'images', [], 'cut'],
  ['imageRepositories', image('nginx'), 'imageRepositories', ['nginx']],
  [
    'imageRepositories without the tag',
    image('docker.io/library/nginx:1.27'),
    'imageRepositories',
    ['docker.io/library/nginx'],
  ],
  ['imageRepositories with a port', image('reg:5000/a/b'), 'imageRepositories', ['reg:5000/a/b']],
  [
    'imageRepositories with a port, without tag and digest',
    image(`reg:5000/a/b:1@${digest}`),
    'imageRepositories',
    ['reg:5000/a/b'],
  ],
  ['imageRepositories without the digest', image(`reg:5000/a/b@${digest}`), 'imageRepositories', ['reg:5000/a/b']],
  ['imageRepositories of other types', image({ x: 1 }), 'imageRepositories', []],
];
