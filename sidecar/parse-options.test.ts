import { describe, expect, test } from 'vitest';
import { parseOptions, usage } from './parse-options.ts';

const parsed = (line: string): ReturnType<typeof parseOptions> => parseOptions(line === '' ? [] : line.split(' '));

describe('parseOptions', () => {
  test('only the folder must be said', () => {
    expect(parsed('--config-dir /c')).toEqual({
      ok: true,
      options: {
        configDirectory: '/c',
        aliases: [],
        projectedToken: undefined,
        proxyPort: 14080,
        adminPort: 14081,
        adminHost: undefined,
        drainTimeoutSeconds: 25,
        logLevel: 'info',
      },
    });
  });

  test('everything can be said', () => {
    const line =
      '--config-dir=/c --alias a --alias=b --assertion-file /t --assertion-host Login.Example. --assertion-host *.idp.example --proxy-port 0 --admin-port 65535 --admin-host ::1 --drain-timeout-seconds 1 --log-level silent';
    expect(parsed(line)).toEqual({
      ok: true,
      options: {
        configDirectory: '/c',
        aliases: ['a', 'b'],
        projectedToken: { file: '/t', hosts: ['login.example', '*.idp.example'] },
        proxyPort: 0,
        adminPort: 65_535,
        adminHost: '::1',
        drainTimeoutSeconds: 1,
        logLevel: 'silent',
      },
    });
  });

  test.each([
    ['', '--config-dir is missing'],
    ['--config-dir /c --alias LMS', '--alias must be a DNS label, not "LMS"'],
    ['--config-dir', '--config-dir'],
    ['--config-dir /c --proxy-port 65536', '--proxy-port must be a whole number from 0 to 65535, not 65536'],
    ['--config-dir /c --admin-port 1.5', '--admin-port must be a whole number from 0 to 65535, not 1.5'],
    ['--config-dir /c --proxy-port 0x10', '--proxy-port must be a whole number from 0 to 65535, not 0x10'],
    ['--config-dir /c --proxy-port=', '--proxy-port must be a whole number from 0 to 65535, not '],
    ['--config-dir /c --drain-timeout-seconds=-1', '--drain-timeout-seconds must be a whole number from 0 to 86400, not -1'],
    ['--config-dir /c --log-level loud', '--log-level must be one of trace, debug'],
    ['--config-dir /c --assertion-host https://login.example', '--assertion-host must be a host such as login.example'],
    ['--config-dir /c --colour', '--colour'],
    ['--config-dir /c extra', 'extra'],
  ])('%j is refused with a message that says what is wrong', (line, message) => {
    expect(parsed(line)).toEqual({ ok: false, message: expect.stringContaining(message) });
  });

  test('the usage names every option', () => {
    const options = [
      'config-dir',
      'alias',
      'assertion-file',
      'assertion-host',
      'proxy-port',
      'admin-port',
      'admin-host',
      'drain-timeout-seconds',
      'log-level',
    ];
    for (const option of options) expect(usage).toContain(`--${option} `);
  });
});
