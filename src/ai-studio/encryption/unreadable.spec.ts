import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';
import { SealedBlobError } from './sealed-blob';
import { toUnreadable } from './unreadable';

describe('a secret that does not open', () => {
  it.each([
    ['k1', 'AI_STUDIO_KEK'],
    ['arn:aws:kms:eu-west-1:123456789012:key/0', 'AWS_KMS_KEYS'],
    ['projects/p/locations/eu/keyRings/r/cryptoKeys/k', 'GOOGLE_KMS_KEYS'],
    ['transit/keys/k', 'VAULT_TRANSIT_KEYS'],
  ])('for want of the key %s names its variable', (kekId, set) => {
    for (const reason of ['unknown-kek', 'unreadable'] satisfies KekUnavailableReason[])
      expect(toUnreadable(new KekUnavailableError(reason, kekId, '1'))).toMatchObject({
        code: 'TOKEN_UNREADABLE',
        message: expect.stringContaining(`restore the key that sealed them (${set})`),
        details: { reason, set },
      });
  });

  it('since the key service refuses this server names whose credentials they are', () => {
    const error = new KekUnavailableError('refused', 'transit/keys/k', '1');
    expect(toUnreadable(error)).toMatchObject({
      message: expect.stringMatching(/credentials.*\(VAULT_TRANSIT_KEYS\); nothing is lost/),
      details: { reason: 'refused', set: 'VAULT_TRANSIT_KEYS' },
    });
  });

  it('since the key service does not answer names no switch: it may be tried again', () => {
    const error = toUnreadable(new KekUnavailableError('unreachable', 'transit/keys/k', '1'));
    expect(error).toMatchObject({ message: expect.stringContaining('Try again') });
    expect((error as AppError).details).toEqual({ reason: 'unreachable' });
  });

  it('since its row is damaged names the endpoint that stores it, where that is known', () => {
    const cause = new SealedBlobError('tag');
    const set = 'PUT /api/v1/tokens/openai';
    expect(toUnreadable(cause, set)).toMatchObject({
      message: expect.stringContaining(`store it again (${set}).`),
      details: { reason: 'tag', set },
      cause,
    });
    expect((toUnreadable(cause) as AppError).details).toEqual({ reason: 'tag' });
  });

  it('stays another error where it is one', () => {
    const error = new Error('connection lost');
    expect(toUnreadable(error)).toBe(error);
  });
});
