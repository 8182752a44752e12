// The files that make a fresh Raspberry Pi OS (Debian 13 and later) into a node at its first start: cloud-init reads them from the boot
// partition of the card. Made here and not by the broker, so that the password of a Wi-Fi never leaves the browser. No account gets a password.
import { CLAIM_FILE } from './claim';
import { block, quoted, remark } from './yaml';

export type Network =
  | { kind: 'cable' }
  | { kind: 'wifi'; ssid: string; password: string }
  /** A modem by ModemManager. One that poses as a network card is a cable. */
  | { kind: 'cellular'; apn: string };

export type Package =
  | { kind: 'card' }
  /** Fetched; believed by its hash. */
  | { kind: 'address'; url: string; sha256: string };

export interface Wanted {
  /** What people call the node, and its hamlet. */
  name: string;
  place: string;
  network: Network;
  package: Package;
  /** Whoever may sign in for repairs: an OpenSSH public key; nobody without one. */
  key: string;
  /** The claim file. */
  claim: string;
}

/** The field that can't be what it is; the first one. */
export type Flaw = 'ssid' | 'password' | 'apn' | 'url' | 'sha256' | 'key';

const BOOT = '/boot/firmware';
const ON_CARD = `${BOOT}/loa-agent.deb`;
const FETCHED = '/var/cache/loa-agent.deb';
const DONE = '/var/lib/loa-install.done';

const bytes = (text: string) => new TextEncoder().encode(text).length;
const KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,2}( .*)?$/;

/** An address that can stand between single quotes in a shell. */
function address(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'https:' && !url.username && !url.password ? url.href.replaceAll("'", '%27') : undefined;
}

/** What would not work, before somebody climbs a pole with it. */
export function flaw(wanted: Pick<Wanted, 'network' | 'package' | 'key'>): Flaw | undefined {
  const { network } = wanted;
  if (network.kind === 'wifi') {
    if (network.ssid === '' || bytes(network.ssid) > 32) return 'ssid';
    const { password } = network;
    // WPA: a passphrase of 8 to 63 ASCII characters, or the key itself. None: an open network.
    if (password !== '' && !/^[ -~]{8,63}$|^[0-9a-fA-F]{64}$/.test(password)) return 'password';
  }
  if (network.kind === 'cellular' && !/^[A-Za-z0-9.-]{0,100}$/.test(network.apn)) return 'apn';
  if (wanted.package.kind === 'address') {
    if (!address(wanted.package.url)) return 'url';
    if (!/^[0-9a-f]{64}$/i.test(wanted.package.sha256)) return 'sha256';
  }
  return wanted.key === '' || KEY.test(wanted.key) ? undefined : 'key';
}

/** A host name (RFC 1123) from what people call the node. */
export function hostname(name: string): string {
  const ascii = name.toLowerCase().replaceAll('đ', 'd').normalize('NFD').replace(/\p{M}/gu, '');
  const words = ascii.replace(/[^a-z0-9]+/g, '-').slice(0, 58);
  const trimmed = words.replace(/^-+|-+$/g, '');
  return trimmed ? `loa-${trimmed}` : 'loa-node';
}

/** Netplan, version 2, for NetworkManager, which Raspberry Pi OS has. */
export function networkConfig({ network }: Pick<Wanted, 'network'>): string {
  const lines = [
    'network:',
    '  version: 2',
    '  renderer: NetworkManager',
    '  ethernets:',
    '    eth0:',
    '      dhcp4: true',
    '      dhcp6: true',
    '      optional: true',
  ];
  if (network.kind === 'wifi') {
    lines.push('  wifis:', '    wlan0:', '      dhcp4: true', '      dhcp6: true', '      optional: true');
    lines.push('      regulatory-domain: "VN"', '      access-points:');
    const name = quoted(network.ssid);
    // A long name can't stand before a colon as it is (YAML allows 1024 characters; escapes can be 8 times as long as an SSID's 32).
    lines.push(network.password ? `        ${name}:\n          password: ${quoted(network.password)}` : `        ${name}: {}`);
  }
  if (network.kind === 'cellular') {
    lines.push('  modems:', '    cdc-wdm0:', '      dhcp4: true', '      optional: true');
    lines.push(network.apn ? `      apn: ${quoted(network.apn)}` : '      auto-config: true');
  }
  return `${lines.join('\n')}\n`;
}

/** Runs until the package is installed: at first there may be no network, or a clock too far off for certificates. */
function installer(from: Package): string[] {
  const get =
    from.kind === 'card'
      ? [`deb=${ON_CARD}`]
      : [
          `deb=${FETCHED}`,
          `curl --fail --silent --show-error --location --proto '=https' --max-time 900 --output "$deb" '${address(from.url) ?? ''}'`,
          `echo '${from.sha256.toLowerCase()}  ${FETCHED}' | sha256sum --check --quiet`,
        ];
  return [
    '#!/bin/sh',
    'set -eu',
    ...get,
    'export DEBIAN_FRONTEND=noninteractive',
    'install() { apt-get install --yes --no-install-recommends "$deb"; }',
    'install || { apt-get update; install; }',
    `touch ${DONE}`,
    'systemctl daemon-reload',
    'systemctl enable loa-agent-enrol.service loa-agent.service',
    'systemctl start --no-block loa-agent-enrol.service loa-agent.service',
  ];
}

const UNIT = [
  '[Unit]',
  'Description=Install the Loa agent',
  'Wants=network-online.target',
  'After=network-online.target',
  `ConditionPathExists=!${DONE}`,
  '[Service]',
  'Type=oneshot',
  'ExecStart=/usr/local/sbin/loa-install',
  'Restart=on-failure',
  'RestartSec=30',
  '[Install]',
  'WantedBy=multi-user.target',
];

/** cloud-init's own file. */
export function userData(wanted: Wanted): string {
  const file = (path: string, mode: string, lines: readonly string[]) =>
    `  - path: ${quoted(path)}\n    permissions: ${quoted(mode)}\n    content: ${block(lines, 4)}`;
  const { key } = wanted;
  const parts = [
    '#cloud-config',
    `# Loa: ${remark(wanted.name)}, ${remark(wanted.place)}. It holds a claim code that works once.`,
    `hostname: ${quoted(hostname(wanted.name))}`,
    'manage_etc_hosts: true',
    'timezone: "Asia/Ho_Chi_Minh"',
    '# Nobody signs in with a password, here or from afar.',
    'ssh_pwauth: false',
    'disable_root: true',
    'users:',
    '  - name: "loa-admin"',
    '    gecos: "Loa repairs"',
    '    lock_passwd: true',
    '    shell: "/bin/bash"',
    ...(key ? ['    sudo: "ALL=(ALL) NOPASSWD:ALL"', '    ssh_authorized_keys:', `      - ${quoted(key)}`] : []),
    ...(key ? ['enable_ssh: true'] : []),
    '# The question for a first user would hold up the start.',
    'bootcmd:',
    '  - ["systemctl", "mask", "userconfig.service"]',
    'write_files:',
    file(`${BOOT}/${CLAIM_FILE}`, '0600', wanted.claim.trimEnd().split('\n')),
    file('/usr/local/sbin/loa-install', '0755', installer(wanted.package)),
    file('/etc/systemd/system/loa-install.service', '0644', UNIT),
    ...(wanted.network.kind === 'cellular' ? ['packages:', '  - "modemmanager"'] : []),
    'runcmd:',
    '  - ["systemctl", "daemon-reload"]',
    '  - ["systemctl", "enable", "loa-install.service"]',
    '  - ["systemctl", "start", "--no-block", "loa-install.service"]',
  ];
  return `${parts.join('\n')}\n`;
}
