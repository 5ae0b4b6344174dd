import { createReadStream, existsSync } from 'node:fs';
import type { SecretString } from '../secrets';
import { readAnchorLine, type Anchor, type AnchorLine } from './anchor';
import { digest } from './digests';

/** A line of the file that is no anchor of ours, and why. */
interface BadAnchor {
  /** From 1. */
  line: number;
  problem: 'not an anchor' | 'its signature is wrong';
}

/** What a file of anchors holds. */
export interface AnchorFile {
  /** Read, none written yet, or no key to check them with. */
  state: 'read' | 'no file' | 'no key';
  anchors: Anchor[];
  bad: BadAnchor[];
  /** Lines that a process began and did not finish, since it ended. */
  unfinished: number[];
  /** What stands behind the last line break: the beginning of such a line, or nothing. */
  rest: string;
}

/** Reads a file of anchors, however long. Throws what the file system says, but not that there is no file. */
export async function readAnchorFile(key: SecretString | undefined, path: string): Promise<AnchorFile> {
  const file: AnchorFile = { state: 'read', anchors: [], bad: [], unfinished: [], rest: '' };
  if (!key) return { ...file, state: 'no key' };
  if (!existsSync(path)) return { ...file, state: 'no file' };
  const lines = new AnchorLines(key.reveal(), file);
  for await (const chunk of createReadStream(path, 'utf8')) {
    const parts = (file.rest + String(chunk)).split('\n');
    file.rest = parts.pop() ?? '';
    parts.forEach((line) => lines.add(line));
  }
  lines.end(file.rest);
  return file;
}

/** Sorts line after line of a file. */
class AnchorLines {
  private count = 0;
  /** The line before, and whether it is among the bad ones. */
  private before: { line: string; isBad: boolean } | undefined;

  constructor(
    private readonly key: string,
    private readonly file: AnchorFile,
  ) {}

  add(line: string): void {
    this.count += 1;
    if (line === '') return;
    const read = readAnchorLine(this.key, line);
    if (read.kind === 'anchor') this.file.anchors.push(read.anchor);
    else if (read.kind === 'note') this.excuse(read.tornLine);
    else this.file.bad.push({ line: this.count, problem: problemOf(read) });
    this.before = { line, isBad: read.kind !== 'anchor' && read.kind !== 'note' };
  }

  /** What has no line break was written by a process that ended there; it may be whole. */
  end(rest: string): void {
    if (rest === '') return;
    if (readAnchorLine(this.key, rest).kind !== 'torn') return this.add(rest);
    this.file.unfinished.push(this.count + 1);
  }

  private excuse(tornLine: string): void {
    if (!this.before?.isBad || digest(this.before.line) !== tornLine) return;
    const excused = this.file.bad.pop();
    if (excused) this.file.unfinished.push(excused.line);
  }
}

function problemOf({ kind }: AnchorLine): BadAnchor['problem'] {
  return kind === 'its signature is wrong' ? kind : 'not an anchor';
}
