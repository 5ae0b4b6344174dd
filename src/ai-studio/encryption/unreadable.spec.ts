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

  it.each([
    ['refused', { set: 'AI_STUDIO_KEK_PROVIDER' }],
    ['unreachable', {}],
  ] satisfies [KekUnavailableReason, object][])(
    'since the key service is %s says what to do',
    (reason, switches) => {
      const error = toUnreadable(new KekUnavailableError(reason, 'k1', '1'));
      expect(error).toMatchObject({ details: { reason, ...switches } });
      expect((error as AppError).message).toMatch(/nothing is lost/);
    },
  );

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
