/**
 * What an executor aborts a run with when its process has to go: the record then says `interrupted`. Any other reason is
 * somebody's wish, `stopped`. An `AbortError`, as the AI SDK expects.
 */
export class ExecutionInterrupted extends DOMException {
  constructor(message = 'The execution was interrupted.') {
    super(message, 'AbortError');
  }
}

export function isInterrupted(signal: AbortSignal | undefined): boolean {
  return signal?.reason instanceof ExecutionInterrupted;
}
