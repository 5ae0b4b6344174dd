import { findNodeFault } from './node-version';

describe('the version of Node.js', () => {
  it.each(['20.19.0', '20.20.2', '21.7.3', '22.0.0', '22.18.9'])(
    '%s is refused, with what to do',
    (version) => {
      expect(findNodeFault(version)).toMatch(new RegExp(`22\\.19 or newer.*${version}.*npm start`));
    },
  );

  it.each(['22.19.0', '22.20.1', '23.0.0', '24.21.0', '100.1.0', process.versions.node])(
    '%s is fine',
    (version) => {
      expect(findNodeFault(version)).toBeUndefined();
    },
  );
});
