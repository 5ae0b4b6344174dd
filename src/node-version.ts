/** What the packages need (the AI SDK, undici). */
const oldest = { major: 22, minor: 19 };

/**
 * What to do about a Node.js on which the server cannot run; `undefined` for one on which it can. The scripts do with an
 * older one, and go on with the Node.js that is installed with the packages.
 * @param version as in `process.versions.node`
 */
export function findNodeFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined;
  return `The server takes Node.js ${oldest.major}.${oldest.minor} or newer, and this is ${version}. Start it with "npm start", which brings one.`;
}
