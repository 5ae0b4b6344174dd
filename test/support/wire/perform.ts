import { toBytes, type Exchange } from './exchange';
import { fillReply, type ModelCall, type Protocol, type Refusal } from './protocol';
import type { WireBehaviour, WireFailure, WireReply } from './types';

/**
 * Time for the client to read what came before a cut. A web stream that errors throws away what is queued in it,
 * so a cut at once would make the number of deltas the client sees a matter of luck.
 */
const settleMs = 50;

/** Carries out one behaviour for one model call. */
export async function perform(
  behaviour: WireBehaviour,
  call: ModelCall,
  protocol: Protocol,
  exchange: Exchange,
): Promise<void> {
  if ('hang' in behaviour) return;
  if ('drop' in behaviour) return exchange.hangUp();
  if ('fail' in behaviour) return sendFailure(behaviour.fail, protocol, exchange);
  if (call.stream) return sendStream(behaviour.reply, call, protocol, exchange);
  return sendWhole(behaviour.reply, call, protocol, exchange);
}

export function sendRefusal({ status, headers, body }: Refusal, exchange: Exchange): Promise<void> {
  return sendJson(status, body, headers, exchange);
}

export async function sendJson(
  status: number,
  body: object,
  headers: Record<string, string> | undefined,
  exchange: Exchange,
): Promise<void> {
  const bytes = toBytes(JSON.stringify(body));
  exchange.start(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  await exchange.write(bytes);
  exchange.end();
}

async function sendFailure(failure: WireFailure, protocol: Protocol, exchange: Exchange): Promise<void> {
  const { status, message, headers, rawBody } = failure;
  if (rawBody === undefined) {
    const refusal = protocol.refuse(status, message);
    return sendRefusal({ ...refusal, headers: { ...refusal.headers, ...headers } }, exchange);
  }
  exchange.start(status, { 'content-type': 'text/html; charset=utf-8', ...headers });
  await exchange.write(rawBody);
  exchange.end();
}

async function sendWhole(
  reply: WireReply,
  call: ModelCall,
  protocol: Protocol,
  exchange: Exchange,
): Promise<void> {
  const full = fillReply(reply, call.lastUserText);
  await exchange.pause((reply.chunkDelayMs ?? 0) * full.chunks.length);
  if (reply.errorAfterChunks)
    return sendRefusal(protocol.refuse(500, reply.errorAfterChunks.message), exchange);
  const body = call.encodeBody(full);
  if (reply.cutAfterChunks === undefined) return sendJson(200, body, protocol.successHeaders(), exchange);

  const bytes = toBytes(JSON.stringify(body));
  exchange.start(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  await exchange.write(bytes.subarray(0, bytes.length / 2));
  await cut(exchange);
}

async function sendStream(
  reply: WireReply,
  call: ModelCall,
  protocol: Protocol,
  exchange: Exchange,
): Promise<void> {
  const { cutAfterChunks, errorAfterChunks, chunkDelayMs = 0 } = reply;
  const frames = call.encodeStream(fillReply(reply, call.lastUserText));
  const deltas = frames.deltas.slice(
    0,
    Math.min(cutAfterChunks ?? Infinity, errorAfterChunks?.n ?? Infinity),
  );

  exchange.start(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    ...protocol.successHeaders(),
  });
  await writeAll(frames.opening, exchange);
  for (const delta of deltas) {
    await exchange.pause(chunkDelayMs);
    await exchange.write(delta);
  }
  if (cutAfterChunks !== undefined && cutAfterChunks <= (errorAfterChunks?.n ?? Infinity))
    return cut(exchange);
  await writeAll(
    errorAfterChunks ? frames.failure(errorAfterChunks.message, deltas.length) : frames.closing,
    exchange,
  );
  exchange.end();
}

async function writeAll(frames: string[], exchange: Exchange): Promise<void> {
  for (const frame of frames) await exchange.write(frame);
}

async function cut(exchange: Exchange): Promise<void> {
  await exchange.pause(settleMs);
  exchange.hangUp();
}
