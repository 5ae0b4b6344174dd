import type { ListContext } from './adapter';
import { listFailure } from './failures';

/** One page of a list; `next` is what to ask the next one with. */
export interface Page {
  rows: unknown[];
  next?: string | undefined;
}

const maxPages = 200;
const maxModels = 50_000;

/**
 * All rows of all pages. Throws `PROVIDER_FAILED` for a page of another shape (`undefined`), a cursor that repeats, or
 * more than 200 pages or 50,000 rows; a page that fails fails the whole.
 */
export async function readPages(
  context: ListContext,
  readPage: (cursor: string | undefined) => Promise<Page | undefined>,
): Promise<unknown[]> {
  const rows: unknown[] = [];
  const cursors = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 1; ; pages++) {
    if (pages > maxPages) throw listFailure('too_many_pages');
    const page = await readPage(cursor);
    if (!page) throw listFailure('unexpected_shape', { status: 200 });
    if (rows.length + page.rows.length > maxModels) throw listFailure('too_many_models');
    for (const row of page.rows) rows.push(row);
    context.onPage?.({ pages, models: rows.length });
    if (page.next === undefined) return rows;
    if (cursors.has(page.next)) throw listFailure('cursor_loops');
    cursors.add(page.next);
    cursor = page.next;
  }
}
