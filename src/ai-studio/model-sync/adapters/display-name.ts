const maxLength = 200;
const acronyms = new Set(['gpt', 'oss', 'glm', 'ai', 'vl', 'tts', 'ocr', 'llm', 'moe', 'r1', 'v2', 'v3']);

/** One line of printable text of at most 200 characters; may be empty. */
export function cleanDisplayName(text: string): string {
  const line = text
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/[\p{C}\uFFFD]/gu, '')
    .trim();
  // By code points: half of a pair is no character.
  return line.length <= maxLength ? line : [...line].slice(0, maxLength).join('').trim();
}

/**
 * A name for a model whose provider gives none: `gpt-5-mini` becomes "GPT-5 mini", `qwen/qwen3-32b` "Qwen3 32B". Looks
 * only; nothing is matched by it.
 */
export function deriveDisplayName(modelKey: string): string {
  // Fine-tunes are known by their whole id.
  if (modelKey.startsWith('ft:')) return cleanDisplayName(modelKey);
  const lastPart = modelKey.split('/').findLast((part) => part !== '') ?? modelKey;
  const words = lastPart.split(/[-_\s]+/u).filter((word) => word !== '');
  const name = words.map((word, index) => spell(word, index === 0)).join(' ');
  const withVersion = name.replace(/^GPT (?=\d|OSS)/, 'GPT-');
  return cleanDisplayName(withVersion) || cleanDisplayName(modelKey);
}

function spell(word: string, isFirst: boolean): string {
  if (acronyms.has(word.toLowerCase())) return word.toUpperCase();
  if (/^\d+(\.\d+)?[bm]$/i.test(word)) return word.toUpperCase();
  // o3, o4: the name of the family is a small letter.
  if (!isFirst || /^o\d/.test(word)) return word;
  return word.charAt(0).toUpperCase() + word.slice(1);
}
