import type { ModelListAdapter } from './adapter';
import { normaliseRows, type FoundModel } from './normalise';
import { readJson } from './read-list';
import { readPages, type Page } from './read-pages';

/** How one provider lists its models. */
interface ListProtocol {
  /** Under the base URL, with the cursor of the page before. */
  path(cursor: string | undefined): string;
  /** Where the key goes. Never into the address: addresses are logged. */
  headers(apiKey: string): Record<string, string>;
  /** Sent with or without a key. */
  fixedHeaders?: Record<string, string>;
  /** `undefined` for what is no page of this provider. */
  page(body: unknown): Page | undefined;
  /** Never throws: rows may hold anything. */
  model(row: unknown): FoundModel;
}

/** An adapter that reads every page with time-outs and retries and puts the rows into our terms. */
export function createAdapter(protocol: ListProtocol): ModelListAdapter {
  return async (context) => {
    const keyHeaders = context.apiKey === undefined ? {} : protocol.headers(context.apiKey);
    const headers = { ...protocol.fixedHeaders, ...keyHeaders };
    const rows = await readPages(context, async (cursor) =>
      protocol.page(await readJson(context, protocol.path(cursor), headers)),
    );
    return normaliseRows(rows, protocol.model);
  };
}

/** `Authorization: Bearer`, as most providers want it. */
export function bearer(apiKey: string): Record<string, string> {
  return { authorization: `Bearer ${apiKey}` };
}

/** A list that comes whole, in a field of the answer. */
export function wholePage(rows: unknown[] | undefined): Page | undefined {
  return rows && { rows };
}
