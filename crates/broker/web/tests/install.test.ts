// What the page gives an installer: the files are read back with a parser of YAML, the QR code with a reader of QR codes.
import jsQR from 'jsqr';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { claimFile, qrCode } from '../src/lib/install/claim';
import { flaw, hostname, type Network, networkConfig, userData, type Wanted } from '../src/lib/install/cloud-init';
import { block, quoted, remark } from '../src/lib/install/yaml';

const claim = { server: 'https://loa.example.vn:8443', ca_fingerprint: 'ab'.repeat(32), code: '4F7QK-9ZX2M' };
const wanted: Wanted = {
  name: 'Cổng chợ',
  place: 'Ấp Ngan Rô 1',
  network: { kind: 'cable' },
  package: { kind: 'card' },
  key: '',
  claim: claimFile(claim),
};

/** cloud-init reads YAML 1.1, netplan nearly 1.2: both must understand the same. */
function read(text: string) {
  const [old, now] = (['1.1', '1.2'] as const).map((version) => parse(text, { version }));
  expect(old).toEqual(now);
  return now;
}
const contentOf = (text: string, path: string): string =>
  read(text).write_files.find((file: { path: string }) => file.path === path).content;

const NASTY = [
  'Quán "Cà phê" Đồng Quê',
  "it's \\ #1: {yes} [no] & *all* | > %",
  '- no',
  ' hai đầu có dấu cách ',
  'null',
  '0123',
  'a\tb\nc\r\u0000\u0007\u007f\u0085\u2028\u2029\ufeff\u200b',
  '📢 loa 🏳️‍🌈',
  '<<',
  '!!python/object:os.system',
];

describe('a quoted scalar', () => {
  it.each(NASTY)('gives back %j', (text) => {
    expect(read(quoted(text))).toBe(text);
    expect(read(`${quoted(text)}: 1`)).toEqual({ [text]: 1 });
    expect(quoted(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it('holds half a character as the sign for one that is lost', () => {
    expect(read(quoted('a\ud83d'))).toBe('a\ufffd');
  });
});

describe('the network', () => {
  it.each(NASTY.filter((ssid) => new TextEncoder().encode(ssid).length <= 32))('takes the Wi-Fi %j', (ssid) => {
    const { network } = read(networkConfig({ network: { kind: 'wifi', ssid, password: 'p"\\\'#: {pw}' } }));
    expect(network.version).toBe(2);
    expect(network.wifis.wlan0['access-points']).toEqual({ [ssid]: { password: 'p"\\\'#: {pw}' } });
    expect(network.wifis.wlan0['regulatory-domain']).toBe('VN');
    expect(network.ethernets.eth0).toMatchObject({ dhcp4: true, optional: true });
  });

  it('may be open, a cable or a modem', () => {
    const of = (network: Network) => read(networkConfig({ network })).network;
    expect(of({ kind: 'wifi', ssid: 'chợ', password: '' }).wifis.wlan0['access-points']).toEqual({ chợ: {} });
    expect(Object.keys(of({ kind: 'cable' }))).toEqual(['version', 'renderer', 'ethernets']);
    expect(of({ kind: 'cellular', apn: 'v-internet' }).modems['cdc-wdm0']).toMatchObject({ apn: 'v-internet' });
    expect(of({ kind: 'cellular', apn: '' }).modems['cdc-wdm0']).toMatchObject({ 'auto-config': true });
  });
});

describe('the user data', () => {
  it('names the board, sets the zone, and opens it to no password', () => {
    const data = read(userData(wanted));
    expect(userData(wanted).startsWith('#cloud-config\n')).toBe(true);
    expect(data).toMatchObject({ hostname: 'loa-cong-cho', timezone: 'Asia/Ho_Chi_Minh', ssh_pwauth: false });
    expect(data.users).toEqual([{ name: 'loa-admin', gecos: 'Loa repairs', lock_passwd: true, shell: '/bin/bash' }]);
    expect(JSON.stringify(data)).not.toMatch(/passwd":"|plain_text|chpasswd/);
    expect(data.enable_ssh).toBeUndefined();
  });

  it('lets in who holds the key that was given', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2x "Thợ lắp": máy #2';
    const data = read(userData({ ...wanted, key }));
    expect(data.users[0].ssh_authorized_keys).toEqual([key]);
    expect(data.enable_ssh).toBe(true);
  });

  it('holds the claim file as it is', () => {
    expect(contentOf(userData(wanted), '/boot/firmware/loa-claim')).toBe(wanted.claim);
  });

  it('installs the package that lies on the card', () => {
    const script = contentOf(userData(wanted), '/usr/local/sbin/loa-install');
    expect(script).toMatch(/^#!\/bin\/sh\nset -eu\ndeb=\/boot\/firmware\/loa-agent\.deb\n/);
    expect(script).not.toContain('curl');
  });

  it('believes a package from the network by its hash alone', () => {
    const url = "https://loa.example.vn/l'oa agent.deb?$(reboot)`x`";
    const script = contentOf(
      userData({ ...wanted, package: { kind: 'address', url, sha256: 'AB'.repeat(32) } }),
      '/usr/local/sbin/loa-install',
    );
    expect(script).toContain("'https://loa.example.vn/l%27oa%20agent.deb?$(reboot)`x`'");
    const [fetched, checked] = [
      script.indexOf('curl '),
      script.indexOf(`echo '${'ab'.repeat(32)}  /var/cache/loa-agent.deb' | sha256sum`),
    ];
    expect(fetched).toBeGreaterThan(0);
    expect(checked).toBeGreaterThan(fetched);
    expect(script.indexOf('apt-get install')).toBeGreaterThan(checked);
  });

  it.each(NASTY)('stays what it is for a node called %j', (name) => {
    const data = read(userData({ ...wanted, name, place: name }));
    const { hostname: host, ...rest } = read(userData(wanted));
    expect(data).toEqual({ ...rest, hostname: hostname(name) });
    expect(host).toBe('loa-cong-cho');
  });

  it('has no password of a Wi-Fi in it', () => {
    expect(userData({ ...wanted, network: { kind: 'wifi', ssid: 'chợ', password: 'bí mật của chợ' } })).not.toContain('bí mật');
  });
});

describe('a host name', () => {
  it.each([
    ['Cổng chợ Đại Ân 2', 'loa-cong-cho-dai-an-2'],
    ['ĐƯỜNG TỈNH 934', 'loa-duong-tinh-934'],
    ['  --  ', 'loa-node'],
    ['Сельсовет', 'loa-node'],
    ['x'.repeat(80), `loa-${'x'.repeat(58)}`],
    [`${'y'.repeat(57)} z`, `loa-${'y'.repeat(57)}`],
  ])('of %j is %s', (name, host) => {
    expect(hostname(name)).toBe(host);
    expect(host).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  });
});

describe('a flaw', () => {
  const of = (change: Partial<Wanted>) => flaw({ ...wanted, ...change });
  const wifi = (ssid: string, password: string) => of({ network: { kind: 'wifi', ssid, password } });
  const fetched = (url: string, sha256: string) => of({ package: { kind: 'address', url, sha256 } });
  it('is found before anything is downloaded', () => {
    expect(of({})).toBeUndefined();
    expect(wifi('', '12345678')).toBe('ssid');
    expect(wifi('ấ'.repeat(11), '12345678')).toBe('ssid');
    expect([wifi('a', '1234567'), wifi('a', 'mật khẩu dài'), wifi('a', 'x'.repeat(64))]).toEqual([
      'password',
      'password',
      'password',
    ]);
    expect([wifi('a', ''), wifi('a', 'x'.repeat(63)), wifi('a', 'A0'.repeat(32))]).toEqual([undefined, undefined, undefined]);
    expect(of({ network: { kind: 'cellular', apn: 'a"b' } })).toBe('apn');
    expect([fetched('http://a.vn/x.deb', 'ab'.repeat(32)), fetched('a.deb', '')]).toEqual(['url', 'url']);
    expect(fetched('https://a.vn/x.deb', 'abc')).toBe('sha256');
    expect(fetched('https://a.vn/x.deb', 'ab'.repeat(32))).toBeUndefined();
    expect([of({ key: 'ssh-ed25519' }), of({ key: 'ssh-ed25519 AAAA\nssh-rsa BBBB' })]).toEqual(['key', 'key']);
  });
});

describe('the claim file', () => {
  it('has a line for each of what is typed', () => {
    expect(claimFile(claim)).toBe(
      `server = "https://loa.example.vn:8443"\nca_fingerprint = "${'ab'.repeat(32)}"\ncode = "4F7QK-9ZX2M"\n`,
    );
    expect(() => claimFile({ ...claim, server: 'https://a"\nb' })).toThrow();
  });

  it('is in the QR code', () => {
    const { size, path } = qrCode(claimFile(claim));
    const scale = 4;
    const side = size * scale;
    const pixels = new Uint8ClampedArray(side * side * 4).fill(255);
    for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
      for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row++)
        for (let column = Number(x) * scale; column < (Number(x) + 1) * scale; column++)
          pixels.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3);
    expect(jsQR(pixels, side, side)?.data).toBe(claimFile(claim));
  });
});

it('a comment is one line, and a block refuses what would not be read as it is', () => {
  expect(remark('a\nb: "c"\u2028d')).toBe('a b: "c" d');
  expect(() => block(['a\tb'], 0)).toThrow();
});
