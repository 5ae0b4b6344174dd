/*
 * Asks the registry for known weaknesses of the packages that run in production, and prints how many are high or critical.
 * Ends with 1 where there are any; a registry that answers no audits is told of and harms nothing.
 */
import { spawnSync } from 'node:child_process';

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  shell: process.platform === 'win32',
});
const report = JSON.parse(stdout || '{}');
const counts = report.metadata?.vulnerabilities;
if (!counts) {
  console.log(
    `Known weaknesses of production packages: not measured, the registry answers ${report.statusCode ?? 'nothing'}`,
  );
} else {
  const isHigh = ({ severity }) => severity === 'high' || severity === 'critical';
  const high = Object.values(report.vulnerabilities).filter(isHigh);
  for (const { name, severity, range } of high) console.log(`${severity}: ${name} ${range}`);
  console.log(
    `Known weaknesses of production packages, high or critical: ${high.length} of ${report.metadata.dependencies.prod} packages`,
  );
  process.exitCode = high.length > 0 ? 1 : 0;
}
