/** The ids and names by which somebody could ask for what belongs to a person of a team. */
export interface Ids {
  team: string;
  slug: string;
  user: string;
  email: string;
  /** Another member of the team, by the id of their membership. */
  colleague: string;
  colleagueEmail: string;
  invitation: string;
  sessionToken: string;
  provider: string;
  providerName: string;
  model: string;
  modelKey: string;
  agent: string;
  agentName: string;
  session: string;
  message: string;
  /** The answer to it, with which what is shown ends. */
  answer: string;
  folder: string;
  file: string;
  /** The id that a chat client has for a conversation. */
  chat: string;
  summary: string;
  execution: string;
  apiKey: string;
}

/** Writes an id of `ids` down; `own` are the asker's own, where one text holds both (`<providerId>/<modelKey>`). */
type Spelling = (ids: Ids, own: Ids) => string;

/** A place in a request where an id stands, with each way to spell one there. The first is what a right call sends. */
export class Slot {
  constructor(readonly spellings: Spelling[]) {}
}

const slot = (...spellings: Spelling[]) => new Slot(spellings);

const cursor = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

const ofModel: Spelling[] = [
  ({ model }) => model,
  ({ provider, modelKey }) => `${provider}/${modelKey}`,
  ({ provider }, own) => `${provider}/${own.modelKey}`,
  ({ modelKey }, own) => `${own.provider}/${modelKey}`,
];

/** Every kind of place. */
export const slots = {
  team: slot(({ team }) => team),
  slug: slot(({ slug }) => slug),
  user: slot(({ user }) => user),
  email: slot(({ email }) => email),
  colleague: slot(({ colleague }) => colleague),
  colleagueOrEmail: slot(
    ({ colleague }) => colleague,
    ({ colleagueEmail }) => colleagueEmail,
  ),
  invitation: slot(({ invitation }) => invitation),
  sessionToken: slot(({ sessionToken }) => sessionToken),
  provider: slot(({ provider }) => provider),
  providerName: slot(({ providerName }) => providerName),
  model: slot(...ofModel),
  modelRef: slot(...ofModel.slice(1)),
  agent: slot(({ agent }) => agent),
  agentName: slot(({ agentName }) => agentName),
  session: slot(({ session }) => session),
  answer: slot(({ answer }) => answer),
  apiKey: slot(({ apiKey }) => apiKey),
  execution: slot(({ execution }) => execution),
  /** Anything that an audit event may be about. */
  target: slot(
    ({ agent }) => agent,
    ({ provider }) => provider,
    ({ user }) => user,
    ({ team }) => team,
    ({ model }) => model,
  ),
  agentsCursor: slot(({ agent, agentName }) => cursor(agentName.toLowerCase(), agent)),
  versionsCursor: slot(({ agent }) => cursor('2', agent)),
  sessionsCursor: slot(({ session }) => cursor('9999-01-01T00:00:00.000Z', session)),
  message: slot(({ message }) => message),
  folder: slot(({ folder }) => folder),
  file: slot(({ file }) => file),
  chat: slot(
    ({ chat }) => chat,
    ({ session }) => session,
  ),
  messagesCursor: slot(({ answer, message }) => cursor(answer, message)),
  executionsCursor: slot(({ execution }) => cursor('9999-01-01T00:00:00.000Z', execution)),
  teamModelsCursor: slot(({ model }) => cursor('a0000000000', model)),
  modelsCursor: slot(({ provider, modelKey, model }) => cursor(provider, modelKey, model)),
  auditCursor: slot(({ team }) => cursor('9999', team)),
  runsCursor: slot(({ execution }) => cursor(execution)),
};

/** What a call sends, with slots where ids stand: as its path, query and body have it, or a procedure's input. */
export type Template = Slot | string | number | boolean | null | Template[] | { [field: string]: Template };

/** The same, filled in. */
export type Input = string | number | boolean | null | Input[] | { [field: string]: Input };

/** The slots of a template, by where they are: `modelIds.0`. */
export function listSlots(template: Template, at = ''): { at: string; slot: Slot }[] {
  if (template instanceof Slot) return [{ at, slot: template }];
  if (typeof template !== 'object' || template === null) return [];
  return Object.entries(template).flatMap(([name, part]) => listSlots(part, at ? `${at}.${name}` : name));
}

/** Fills each slot with what `choose` gives for it. */
export function fill(template: Template, choose: (slot: Slot, at: string) => string, at = ''): Input {
  if (template instanceof Slot) return choose(template, at);
  if (typeof template !== 'object' || template === null) return template;
  const within = (name: string | number) => (at ? `${at}.${name}` : String(name));
  if (Array.isArray(template)) return template.map((part, index) => fill(part, choose, within(index)));
  return Object.fromEntries(
    Object.entries(template).map(([name, part]) => [name, fill(part, choose, within(name))]),
  );
}

/** Ids that never were, as much like these as can be: each ends in another character, so that they sort alike. */
export function toNever(ids: Ids): Ids {
  return Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, neverOf(id)])) as unknown as Ids; // the same names
}

function neverOf(id: string): string {
  const ends = /^[0-9a-f-]{36}$/.test(id) ? ['0', '1', '2', '0'] : ['x', 'y', 'z', 'x'];
  const next = ends[ends.indexOf(id.at(-1) ?? '') + 1] ?? '';
  return id.slice(0, -1) + next;
}
