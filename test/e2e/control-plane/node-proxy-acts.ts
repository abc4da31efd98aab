/** Ways to have a kubelet run something through the proxy of its node, and what only looks like one. Whether it has to be found
 * is not stated here: what the kubelet was asked for decides. */
import type { Act } from './acts.ts';

const paths = [
  '/run/shop/web/web?cmd=id',
  '/run/shop/web/web',
  '/exec/shop/web/web?command=id',
  '/attach/shop/web/web',
  '/portForward/shop/web',
  '/cri/exec/token',
  '/metrics/../run/shop/web/web?cmd=id',
  '/metrics/./../run/shop/web/web?cmd=id',
  '/metrics//../run/shop/web/web?cmd=id',
  '/metrics/cadvisor/../../run/shop/web/web?cmd=id',
  '/../run/shop/web/web?cmd=id',
  '/run/../metrics',
  '/run/../../metrics',
  '/./run/shop/web/web?cmd=id',
  '//run/shop/web/web?cmd=id',
  '///run//shop/web/web?cmd=id',
  '/%72un/shop/web/web?cmd=id',
  '/metrics/%2e%2e/run/shop/web/web?cmd=id',
  '/metrics/.%2e/run/shop/web/web?cmd=id',
  '/metrics%2f..%2frun/shop/web/web?cmd=id',
  '/%2frun/shop/web/web?cmd=id',
  '/run%2fshop/web/web?cmd=id',
  '/runningpods/',
  '/run;x/shop/web/web?cmd=id',
  '/pods',
  '/pods?x=/run/shop/web/web',
  '/logs/run/x.log',
  '/containerLogs/shop/web/web',
  '/metrics/cadvisor',
  '/stats/summary',
  '/configz',
  '/',
  '',
];

const proxied = (path: string, node = 'n1'): Act => ({
  name: `node proxy: ${node}${path}`,
  as: 'mallory',
  request: `POST /api/v1/nodes/${node}/proxy${path}`,
  code: 200,
});

export const nodeProxyActs: Act[] = [
  ...paths.map((path) => proxied(path)),
  proxied('/run/shop/web/web?cmd=id', 'https:n1:'),
  proxied('/run/shop/web/web?cmd=id', '%6e1'),
];
