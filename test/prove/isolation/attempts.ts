import type { Credential } from './credentials';
import type { Recipe } from './recipes';
import { listSlots } from './slots';

/** Whose id stands in a slot: the asker's own, the other team's (of its owner, or of its member), or one that never was. */
type World = 'own' | 'theirs' | 'theirMember' | 'never';

/** What one slot is filled with. */
interface Choice {
  world: World;
  spelling: number;
}

/** One call that ought to find nothing of the other team. */
export interface Attempt {
  recipe: Recipe;
  credential: Credential;
  /** Whose team `x-team-id` names; `none`: it is not sent. */
  header: 'own' | 'theirs' | 'none';
  /** By where the slots are. */
  choices: Map<string, Choice>;
}

/** A right call: nothing in it is the other team's. */
export function rightCall(recipe: Recipe, credential: Credential): Attempt {
  return { recipe, credential, header: 'own', choices: choicesOf(recipe, 'own') };
}

/**
 * Each recipe with each credential: rightly; under the other team's name; with one id of the other team among own ones
 * (a foreign child of an own parent, an own child of a foreign parent), in every place and spelling; with all of them.
 */
export function* systematic(recipes: Recipe[], credentials: Credential[]): Generator<Attempt> {
  for (const recipe of recipes) {
    const places = listSlots(recipe.input);
    for (const credential of credentials) {
      yield rightCall(recipe, credential);
      for (const header of ['own', 'theirs'] as const) {
        if (header === 'theirs') yield { recipe, credential, header, choices: choicesOf(recipe, 'own') };
        for (const world of ['theirs', 'theirMember'] as const) {
          for (const { at, slot } of places)
            for (const spelling of slot.spellings.keys())
              yield {
                recipe,
                credential,
                header,
                choices: choicesOf(recipe, 'own').set(at, { world, spelling }),
              };
          if (places.length > 1) yield { recipe, credential, header, choices: choicesOf(recipe, world) };
        }
      }
    }
  }
}

/** Any recipe, credential, header, worlds and spellings, at least one of them the other team's. */
export function randomAttempt(recipes: Recipe[], credentials: Credential[], next: () => number): Attempt {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!; // next() is below 1
  const recipe = pick(recipes);
  const choices = new Map<string, Choice>();
  for (const { at, slot } of listSlots(recipe.input))
    choices.set(at, {
      world: pick(['own', 'theirs', 'theirs', 'theirMember', 'never']),
      spelling: pick([...slot.spellings.keys()]),
    });
  const header = isForeign(choices) ? pick(['own', 'own', 'theirs', 'none'] as const) : 'theirs';
  return { recipe, credential: pick(credentials), header, choices };
}

/** Whether anything of the other team is in it, so that it has a twin with ids that never were. */
export function hasForeign({ header, choices }: Attempt): boolean {
  return header === 'theirs' || isForeign(choices);
}

/** What it was, for a report. */
export function describeAttempt({ recipe, credential, header, choices }: Attempt): string {
  const ids = [...choices].map(([at, { world, spelling }]) => `${at}=${world}/${spelling}`);
  return `${recipe.door} as ${credential}, x-team-id ${header}, ${ids.join(', ') || 'no ids'}`;
}

function isForeign(choices: Map<string, Choice>): boolean {
  return [...choices.values()].some(({ world }) => world === 'theirs' || world === 'theirMember');
}

function choicesOf({ input }: Recipe, world: World): Map<string, Choice> {
  return new Map(listSlots(input).map(({ at }) => [at, { world, spelling: 0 }]));
}
