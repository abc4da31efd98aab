/** Names of MITRE ATT&CK's tactics, and of the techniques that the bundled rules detect.
 * @see https://attack.mitre.org/techniques/enterprise/ */

/** In the order of the matrix. */
export const tactics: readonly (readonly [id: string, name: string])[] = [
  ['TA0043', 'Reconnaissance'],
  ['TA0042', 'Resource development'],
  ['TA0001', 'Initial access'],
  ['TA0002', 'Execution'],
  ['TA0003', 'Persistence'],
  ['TA0004', 'Privilege escalation'],
  ['TA0005', 'Defense evasion'],
  ['TA0112', 'Defense impairment'],
  ['TA0006', 'Credential access'],
  ['TA0007', 'Discovery'],
  ['TA0008', 'Lateral movement'],
  ['TA0009', 'Collection'],
  ['TA0011', 'Command and control'],
  ['TA0010', 'Exfiltration'],
  ['TA0040', 'Impact'],
];

const names = `
T1021 Remote Services
T1036.005 Match Legitimate Name
T1040 Network Sniffing
T1053.007 Container Orchestration Job
T1059 Command and Scripting Interpreter
T1059.004 Unix Shell
T1068 Exploitation for Privilege Escalation
T1069.003 Cloud Groups
T1070 Indicator Removal
T1078 Valid Accounts
T1078.001 Default Accounts
T1078.004 Cloud Accounts
T1087.004 Cloud Account
T1090 Proxy
T1090.003 Multi-hop Proxy
T1095 Non-Application Layer Protocol
T1098 Account Manipulation
T1098.006 Additional Container Cluster Roles
T1105 Ingress Tool Transfer
T1133 External Remote Services
T1134 Access Token Manipulation
T1136 Create Account
T1190 Exploit Public-Facing Application
T1204.003 Malicious Image
T1210 Exploitation of Remote Services
T1213 Data from Information Repositories
T1222 File and Directory Permissions Modification
T1485 Data Destruction
T1489 Service Stop
T1496 Resource Hijacking
T1525 Implant Internal Image
T1528 Steal Application Access Token
T1529 System Shutdown/Reboot
T1530 Data from Cloud Storage
T1531 Account Access Removal
T1543.005 Container Service
T1546 Event Triggered Execution
T1548 Abuse Elevation Control Mechanism
T1550.001 Application Access Token
T1552 Unsecured Credentials
T1552.001 Credentials In Files
T1552.005 Cloud Instance Metadata API
T1552.007 Container API
T1554 Compromise Host Software Binary
T1557 Adversary-in-the-Middle
T1562.001 Disable or Modify Tools
T1562.004 Disable or Modify System Firewall
T1565.001 Stored Data Manipulation
T1572 Protocol Tunneling
T1578 Modify Cloud Compute Infrastructure
T1595.003 Wordlist Scanning
T1609 Container Administration Command
T1610 Deploy Container
T1611 Escape to Host
T1613 Container and Resource Discovery
T1649 Steal or Forge Authentication Certificates
`;

const byId = new Map(
  names
    .trim()
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
);

/** Empty if it has no name here: rules that are not bundled can name any technique. */
export function techniqueName(id: string): string {
  return byId.get(id) ?? '';
}
