import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider';
import { UnusableAnswer } from './failures';

/** Four characters a token, as in every estimate here; and no answer has been seen with four times as many. */
const charactersPerToken = 16;

/** Beside what was asked for: a short limit is not kept to the letter. */
const spareCharacters = 4_096 * charactersPerToken;

/** Some providers do not count thinking against the limit: this is the largest budget for it that a vendor gives. */
const spareThought = 131_072 * charactersPerToken;

/**
 * What the answer to one call may say. The AI SDK blames whatever it cannot handle on the caller, or fetches it past the
 * egress guard: here it becomes the provider's failure before the SDK sees it.
 */
export class AnswerRules {
  private readonly tools: Set<string>;
  private readonly open = { text: new Set<string>(), reasoning: new Set<string>() };
  private readonly toolCalls = new Set<string>();
  private readonly allowed: number;
  private said = 0;
  private thought = 0;

  constructor({ tools = [], toolChoice, maxOutputTokens = Infinity }: LanguageModelV4CallOptions) {
    this.tools = new Set(toolChoice?.type === 'none' ? [] : tools.map(({ name }) => name));
    this.allowed = maxOutputTokens * charactersPerToken;
  }

  /** Throws `UnusableAnswer` for the part with which the answer goes too far. */
  check(part: LanguageModelV4StreamPart): void {
    switch (part.type) {
      case 'text-start':
        this.open.text.add(part.id);
        return;
      case 'reasoning-start':
        this.open.reasoning.add(part.id);
        return;
      case 'text-delta':
        if (!this.open.text.has(part.id)) throw new UnusableAnswer('strayPart');
        this.say(part.delta);
        return;
      case 'reasoning-delta':
        if (!this.open.reasoning.has(part.id)) throw new UnusableAnswer('strayPart');
        this.thought += part.delta.length;
        if (this.thought > this.allowed + spareThought) throw new UnusableAnswer('tooLong');
        return;
      case 'text-end':
        if (!this.open.text.delete(part.id)) throw new UnusableAnswer('strayPart');
        return;
      case 'reasoning-end':
        if (!this.open.reasoning.delete(part.id)) throw new UnusableAnswer('strayPart');
        return;
      case 'tool-input-start':
        if (!part.providerExecuted) this.checkTool(part); // its own tools it may still describe in the call
        return;
      case 'tool-input-delta':
        this.say(part.delta);
        return;
      case 'tool-call':
      case 'tool-approval-request':
      case 'file':
      case 'reasoning-file':
        this.checkContent(part);
    }
  }

  /** The same for an answer that came at once. Its length is left: nothing of it can be saved any more. */
  checkWhole(content: LanguageModelV4Content[]): void {
    for (const part of content) this.checkContent(part);
  }

  private checkContent(part: LanguageModelV4Content): void {
    if (part.type === 'tool-call') {
      this.checkTool(part);
      this.toolCalls.add(part.toolCallId);
    }
    if (part.type === 'tool-approval-request' && !this.toolCalls.has(part.toolCallId))
      throw new UnusableAnswer('strayPart');
    // The AI SDK would fetch it itself.
    if ((part.type === 'file' || part.type === 'reasoning-file') && part.data.type === 'url')
      throw new UnusableAnswer('remoteFile');
  }

  /** A tool that was offered, or one of the provider's own that it describes itself: what the AI SDK takes. */
  private checkTool(call: { toolName: string; providerExecuted?: boolean; dynamic?: boolean }): void {
    if (!this.tools.has(call.toolName) && !(call.providerExecuted && call.dynamic))
      throw new UnusableAnswer('unofferedTool');
  }

  private say(delta: string): void {
    this.said += delta.length;
    if (this.said > this.allowed + spareCharacters) throw new UnusableAnswer('tooLong');
  }
}
