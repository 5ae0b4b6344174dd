import { isUuid } from '@kdx/shared';

/** Where a file of a conversation is got: what its part says in `url`. */
export function toFileUrl(sessionId: string, fileId: string): string {
  return `/api/v1/chat/sessions/${sessionId}/files/${fileId}`;
}

/** Which file of which conversation a URL names. */
export interface FilePlace {
  sessionId: string;
  fileId: string;
}

/** What {@link toFileUrl} was given; `undefined` for a URL that is none of ours. */
export function toFilePlace(url: string): FilePlace | undefined {
  const [, sessionId, fileId] = /^\/api\/v1\/chat\/sessions\/([^/]+)\/files\/([^/]+)$/.exec(url) ?? [];
  return isUuid(sessionId) && isUuid(fileId) ? { sessionId, fileId } : undefined;
}

/** The id of a file by the URL of its part; `undefined` for a URL that is none of ours. */
export function toFileId(url: string): string | undefined {
  return toFilePlace(url)?.fileId;
}

/** What a file's part says beside it, under the SDK's name for such things: how large the file is. */
export function toFileSize(bytes: number): { aiStudio: { bytes: number } } {
  return { aiStudio: { bytes } };
}

/** The size in bytes; 0 for a part that says none, such as a file that a model made. */
export function readFileSize(metadata: unknown): number {
  const own =
    typeof metadata === 'object' && metadata !== null && 'aiStudio' in metadata && metadata.aiStudio;
  const bytes = typeof own === 'object' && own !== null && 'bytes' in own && own.bytes;
  return typeof bytes === 'number' ? bytes : 0;
}
