/** Where a file of a conversation is got: what its part says in `url`. */
export function toFileUrl(sessionId: string, fileId: string): string {
  return `/api/v1/chat/sessions/${sessionId}/files/${fileId}`;
}

/** The id of a file by the URL of its part; `undefined` for a URL that is none of ours. */
export function toFileId(url: string): string | undefined {
  return /^\/api\/v1\/chat\/sessions\/[0-9a-f-]{36}\/files\/([0-9a-f-]{36})$/.exec(url)?.[1];
}
