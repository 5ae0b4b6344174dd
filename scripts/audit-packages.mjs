/*
 * Asks the registry for known weaknesses of the packages that run in production, and prints how many are high or critical.
 * Ends with 0 where there are none, with 1 where there are some, with 2 where the registry serves no audits or cannot be
 * reached, and with 3 where it could not be asked.
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [none, some, notMeasured, notAsked] = [0, 1, 2, 3];
/** Where npm is told to stay offline, it asks nothing and reports that there is nothing; its own patience is minutes. */
const ask = ['audit', '--omit=dev', '--json', '--offline=false', '--fetch-timeout=60000'];
const npmTimeoutMs = 120_000;

/** Statuses by which a registry says that it serves no audits. */
const notServed = [404, 405, 410, 501];
const unreachable =
  /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|socket hang up|timeout/i;

process.exitCode = audit();

function audit() {
  const npm = spawnSync('npm', ask, {
    cwd: root,
    encoding: 'utf8',
    timeout: npmTimeoutMs,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  if (npm.error) return say(notAsked, `npm does not run: ${npm.error.message}`);
  const report = parse(npm.stdout);
  const packages = report?.metadata?.dependencies?.prod;
  if (report?.vulnerabilities && packages > 0) return count(Object.values(report.vulnerabilities), packages);
  if (notServed.includes(report?.statusCode))
    return say(notMeasured, `the registry serves no audits (${report.statusCode})`);
  if (report?.statusCode === undefined && unreachable.test(report?.message ?? ''))
    return say(notMeasured, `the registry cannot be reached (${report.message.split('reason: ').at(-1)})`);
  process.stderr.write(npm.stderr);
  return say(notAsked, report?.error?.code ?? report?.message ?? 'npm printed no report');
}

function count(vulnerabilities, packages) {
  const high = vulnerabilities.filter(({ severity }) => severity === 'high' || severity === 'critical');
  for (const { name, severity, range } of high) console.log(`${severity}: ${name} ${range}`);
  console.log(
    `Known weaknesses of production packages, high or critical: ${high.length} of ${packages} packages`,
  );
  return high.length > 0 ? some : none;
}

function say(code, reason) {
  console.log(`Known weaknesses of production packages: not measured, ${reason}`);
  return code;
}

/** `undefined` for what is no JSON. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
