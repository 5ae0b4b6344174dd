import type { ModelPurpose } from '../models/model.entity';

/** A word of an id: between its start, its end and any sign. */
const word = (names: string): RegExp => new RegExp(`(^|[^a-z0-9])(${names})($|[^a-z0-9])`, 'i');

/** By id, the first that fits. */
const byId: [RegExp, ModelPurpose][] = [
  [/embed/i, 'embedding'],
  [word('moderation|guard|safeguard|content-safety'), 'moderation'],
  [word('image|imagine|imagen|dall-e'), 'image'],
  [word('whisper|transcribe|tts|audio|realtime|live|voice|voxtral-mini|lyria'), 'audio'],
  // Not chat, though priced by tokens: the completions protocol, a tool's own model, another price for later answers.
  [/^(ada|babbage|curie|davinci|text-davinci-\d+)$/i, 'other'],
  [word('gpt-3\\.5-turbo-instruct|computer-use|batch'), 'other'],
];

/** By what else is priced, the first that is. */
const byPriceKey: [string, ModelPurpose][] = [
  ['output_image_mtok', 'image'],
  ['output_audio_mtok', 'audio'],
  ['audio_hours', 'audio'],
  ['input_audio_hours', 'audio'],
  ['output_video_mtok', 'other'],
];

/**
 * What a model of the bundled price list is for: the list does not say, so it is judged by the words of its id and by what
 * is priced. Only a model with prices for both input and output tokens is `chat`.
 */
export function judgePurpose(modelKey: string, priceKeys: ReadonlySet<string>): ModelPurpose {
  const known =
    byId.find(([pattern]) => pattern.test(modelKey)) ?? byPriceKey.find(([key]) => priceKeys.has(key));
  if (known) return known[1];
  return priceKeys.has('input_mtok') && priceKeys.has('output_mtok') ? 'chat' : 'other';
}
