import { JSDOM } from 'jsdom';
import type { Client } from './client';

/*
 * What React and a chat client find in a browser. Import it before them: React looks for a document as it is loaded.
 */
const { window } = new JSDOM('<!doctype html><html><body></body></html>', { url: 'http://app.example' });
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true });

const nodeFetch = globalThis.fetch;

/** As a page of the server's own has it: relative addresses are the server's, and whoever is signed in is sent along. */
export function browseAs(client: Client): void {
  globalThis.fetch = (input, init = {}) => {
    if (typeof input !== 'string' || !input.startsWith('/')) return nodeFetch(input, init);
    return nodeFetch(`${client.url}${input}`, {
      ...init,
      headers: { ...client.headers(), ...Object.fromEntries(new Headers(init.headers)) },
    });
  };
}

export function leaveBrowser(): void {
  globalThis.fetch = nodeFetch;
}
