import type { ModelPurpose } from '../../models/model.entity';

/** Words of ids, the first that matches decides. Where a list says no more than ids, there is no better sign. */
const signs: [ModelPurpose, RegExp][] = [
  ['moderation', /^(moderation|guard|safeguard|shieldgemma)$/],
  ['other', /^(rerank.*|sora|veo|ocr)$/],
  ['embedding', /^(embed.*|bge|e5|gte|minilm)$/],
  ['audio', /^(audio|realtime|transcribe|whisper|tts|voxtral|orpheus|playai)$/],
  ['image', /^(image|dall|imagen|imagine|flux\d*|sdxl)$/],
];

/** What a model is for, by its id alone; `chat` where nothing else is to be seen. */
export function purposeOfId(id: unknown): ModelPurpose {
  const words = typeof id === 'string' ? id.toLowerCase().split(/[^a-z0-9]+/) : [];
  return signs.find(([, sign]) => words.some((word) => sign.test(word)))?.[0] ?? 'chat';
}
