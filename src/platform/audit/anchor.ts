import type { AuditLink } from './audit-event';
import { isSignature, sign } from './digests';

/** The end of a chain at one moment, signed: what the database held then, in the keeping of somebody else. */
export interface Anchor extends AuditLink {
  /** ISO 8601, UTC. */
  at: string;
  /** HMAC-SHA-256 by `AUDIT_KEY`, in hex. */
  signature: string;
}

/** A line of the file that is no anchor of ours, and why. */
export interface BadAnchor {
  /** From 1. */
  line: number;
  problem: 'not an anchor' | 'its signature is wrong';
}

export function signAnchor(key: string, { teamId, seq, hash }: AuditLink, now = new Date()): Anchor {
  const anchor = { teamId, seq, hash, at: now.toISOString() };
  return { ...anchor, signature: sign(key, signedText(anchor)) };
}

/** Reads the lines of an anchor file. */
export function readAnchors(key: string, text: string): { anchors: Anchor[]; bad: BadAnchor[] } {
  const anchors: Anchor[] = [];
  const bad: BadAnchor[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    if (content === '') continue;
    const anchor = parse(content);
    if (anchor && isSignature(key, signedText(anchor), anchor.signature)) anchors.push(anchor);
    else bad.push({ line: index + 1, problem: anchor ? 'its signature is wrong' : 'not an anchor' });
  }
  return { anchors, bad };
}

function signedText({ teamId, seq, hash, at }: Omit<Anchor, 'signature'>): string {
  return JSON.stringify(['ai-studio audit anchor 1', teamId, seq, hash, at]);
}

function parse(line: string): Anchor | undefined {
  try {
    const value: Partial<Record<keyof Anchor, unknown>> = JSON.parse(line) ?? {};
    const { teamId, seq, hash, at, signature } = value;
    if (typeof teamId !== 'string' || typeof seq !== 'number' || typeof hash !== 'string') return undefined;
    if (typeof at !== 'string' || typeof signature !== 'string') return undefined;
    return { teamId, seq, hash, at, signature };
  } catch {
    return undefined;
  }
}
