/**
 * What Node says of an answer that was still to be written when its connection ended: the client went. Without instanceof,
 * since an error of Node itself may come from another realm.
 */
export function isPrematureClose(thrown: unknown): boolean {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    'code' in thrown &&
    thrown.code === 'ERR_STREAM_PREMATURE_CLOSE'
  );
}
