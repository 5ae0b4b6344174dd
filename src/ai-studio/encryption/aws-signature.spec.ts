import { signAwsRequest } from './aws-signature';

/*
 * AWS's published test suite of Signature Version 4, as far as it has the path `/`, no query and no header twice.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-test-suite.html
 */
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
};
const at = { region: 'us-east-1', service: 'service', now: new Date('2015-08-30T12:36:00Z') };
const form = 'application/x-www-form-urlencoded';

describe('signAwsRequest', () => {
  it.each<[string, 'GET' | 'POST', Record<string, string>, string, string]>([
    ['get-vanilla', 'GET', {}, '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['post-vanilla', 'POST', {}, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'get-header-value-trim',
      'GET',
      { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
      '',
      'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
    ],
    [
      'post-header-key-sort',
      'POST',
      { 'my-header1': 'value1' },
      '',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-header-value-case',
      'POST',
      { 'my-header1': 'VALUE1' },
      '',
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'post-x-www-form-urlencoded',
      'POST',
      { 'content-type': form },
      'Param1=value1',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      'POST',
      { 'content-type': `${form}; charset=utf8` },
      'Param1=value1',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
  ])('should sign %s as AWS does', (_name, method, headers, body, signature) => {
    const signed = signAwsRequest({ method, host: 'example.amazonaws.com', headers, body }, credentials, at);
    const names = [...Object.keys(headers), 'host', 'x-amz-date'].toSorted().join(';');
    expect(signed.authorization).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    );
    expect(signed['x-amz-date']).toBe('20150830T123600Z');
  });

  it('should sign the session token of temporary credentials, and show the secret nowhere', () => {
    const request = { method: 'POST', host: 'example.amazonaws.com', headers: {}, body: '' } as const;
    const signed = signAwsRequest(request, { ...credentials, sessionToken: 'session' }, at);
    expect(signed['x-amz-security-token']).toBe('session');
    expect(signed.authorization).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
    expect(JSON.stringify(signed)).not.toContain(credentials.secretAccessKey);
  });
});
