import type { AuditLink } from './audit-event';
import { digest, isSignature, sign } from './digests';

/** The end of a chain at one moment, signed: what the database held then, in the keeping of somebody else. */
export interface Anchor extends AuditLink {
  /** ISO 8601, UTC. */
  at: string;
  /** HMAC-SHA-256 by `AUDIT_KEY`, in hex. */
  signature: string;
}

/**
 * Stands behind a line that a process could not finish before it ended, and says so: nobody who has no key can pass a
 * line that was damaged later for one of these.
 */
interface TornLineNote {
  /** SHA-256 of what there is of the line, in hex. */
  tornLine: string;
  at: string;
  signature: string;
}

export function signAnchor(key: string, { teamId, seq, hash }: AuditLink, now = new Date()): Anchor {
  const anchor = { teamId, seq, hash, at: now.toISOString() };
  return { ...anchor, signature: sign(key, anchorText(anchor)) };
}

export function signTornLine(key: string, line: string, now = new Date()): TornLineNote {
  const note = { tornLine: digest(line), at: now.toISOString() };
  return { ...note, signature: sign(key, noteText(note)) };
}

/** What a line of the file is. `torn`: no JSON at all, such as the beginning of one. */
export type AnchorLine =
  | { kind: 'anchor'; anchor: Anchor }
  | { kind: 'note'; tornLine: string }
  | { kind: 'torn' | 'not an anchor' | 'its signature is wrong' };

export function readAnchorLine(key: string, line: string): AnchorLine {
  const value = parse(line);
  if (value === undefined) return { kind: 'torn' };
  const { teamId, seq, hash, at, signature, tornLine } = value;
  if (typeof at !== 'string' || typeof signature !== 'string') return { kind: 'not an anchor' };
  if (typeof tornLine === 'string')
    return isSignature(key, noteText({ tornLine, at }), signature)
      ? { kind: 'note', tornLine }
      : { kind: 'its signature is wrong' };
  if (typeof teamId !== 'string' || typeof seq !== 'number' || typeof hash !== 'string')
    return { kind: 'not an anchor' };
  const anchor = { teamId, seq, hash, at, signature };
  return isSignature(key, anchorText(anchor), signature)
    ? { kind: 'anchor', anchor }
    : { kind: 'its signature is wrong' };
}

function anchorText({ teamId, seq, hash, at }: Omit<Anchor, 'signature'>): string {
  return JSON.stringify(['ai-studio audit anchor 1', teamId, seq, hash, at]);
}

function noteText({ tornLine, at }: Omit<TornLineNote, 'signature'>): string {
  return JSON.stringify(['ai-studio audit torn line 1', tornLine, at]);
}

type Fields = Partial<Record<keyof Anchor | keyof TornLineNote, unknown>>;

function parse(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return undefined;
  }
}
