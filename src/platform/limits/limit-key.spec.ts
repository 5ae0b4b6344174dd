import { SecretString } from '../secrets';
import { toClientNetwork, toLimitKey } from './limit-key';

describe('what a client is counted under', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
    ['nonsense', 'nonsense'],
    ['', ''],
  ])('of %s is %s', (address, network) => {
    expect(toClientNetwork(address)).toBe(network);
  });

  it('tells parts apart that only joined are the same, and cannot be found without the secret', () => {
    const secret = new SecretString('one');
    expect(toLimitKey(secret, 'a', 'b')).not.toBe(toLimitKey(secret, 'ab'));
    expect(toLimitKey(secret, 'a')).not.toBe(toLimitKey(new SecretString('two'), 'a'));
    expect(toLimitKey(secret, 'a')).toBe(toLimitKey(secret, 'a'));
  });
});
