import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string | undefined;
}

export interface AwsRequest {
  method: 'GET' | 'POST';
  /** With its port, where that is not the scheme's own. */
  host: string;
  /** Lower-case names; without `host`, `x-amz-date` and `x-amz-security-token`, which are added. */
  headers: Record<string, string>;
  body: string;
}

/**
 * Signs a request to the path `/` without a query, which is all that AWS KMS has: Signature Version 4. Answers the
 * headers to send; `host` is signed too, and sent by whoever sends. Source: "Create a signed AWS API request" in the AWS IAM User Guide.
 */
export function signAwsRequest(
  { method, host, headers, body }: AwsRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  { region, service, now }: { region: string; service: string; now: Date },
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const sent: Record<string, string> = {
    ...headers,
    'x-amz-date': time,
    ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
  };
  const signed: Record<string, string> = { ...sent, host };
  const names = Object.keys(signed).toSorted();
  const canonicalHeaders = names.map((name) => `${name}:${squeeze(signed[name] ?? '')}\n`).join('');
  const canonical = [method, '/', '', canonicalHeaders, names.join(';'), sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...sent, authorization };
}

function squeeze(value: string): string {
  return value.trim().replaceAll(/ +/g, ' ');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
